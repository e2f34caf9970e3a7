#pragma once

#include <dynamigrate/base/error.hpp>

#include <simdjson.h>

#include <string>
#include <string_view>

/// The fast reader of wire JSON: simdjson's On Demand interface with our errors.
/// The only header that includes simdjson; heavy, so include it from few sources.
namespace dynamigrate::json {

namespace wire = simdjson::ondemand;
/// Documents parsed as a whole, for access in any order.
namespace dom = simdjson::dom;

/// Reserves the spare bytes behind the text that the reader needs; call before `Reader::read`.
void pad(std::string& text);

/// A reusable parser; one document at a time.
class Reader {
public:
    /// Begins to read `text`, which must stay alive and unchanged meanwhile; pads it if needed.
    /// Errors: Error corrupted for what is no JSON (also thrown late, as simdjson_error, by the
    /// document's accessors: wrap the whole reading in `translate`).
    wire::document read(std::string& text);

private:
    wire::parser parser_;
};

/// Runs the function and turns simdjson's exceptions into Error corrupted ("what: reason").
template <class Function>
auto translate(std::string_view what, Function&& function) {
    try {
        return function();
    } catch (const simdjson::simdjson_error& error) {
        throw base::Error(base::ErrorKind::corrupted, std::string(what) + ": " + error.what());
    }
}

}  // namespace dynamigrate::json
