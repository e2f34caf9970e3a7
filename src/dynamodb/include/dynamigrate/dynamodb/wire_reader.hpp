#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/json/reader.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

/// Reads values out of a document that is being parsed. Heavy: it includes simdjson.
namespace dynamigrate::dynamodb {

/// Copies values from On Demand documents into one arena; a name that repeats from item to item
/// is copied once.
///
/// Requires: the arena outlives it and is not reset meanwhile.
/// Errors:   Error invalid_argument for what is no DynamoDB JSON; simdjson_error for what is no
///           JSON or of another shape (wrap the reading in `json::translate`).
/// Threads:  one at a time.
class ValueReader {
public:
    /// `trusted` came from the service, which has checked that sets neither are empty nor repeat,
    /// that no name does, and that it is JSON throughout.
    enum class Source { trusted, untrusted };

    explicit ValueReader(base::Arena& arena, Source source = Source::trusted)
        : arena_(arena),
          source_(source) {}

    /// A value such as {"S": "text"}.
    AttributeValue read_value(json::wire::value& value) { return read_typed(value, 0); }
    /// Attributes such as {"pk": {"S": "text"}}.
    Item read_item(json::wire::object& object) { return Item(read_attributes(object, 0)); }

private:
    static constexpr std::size_t kNameSlots = 64;

    AttributeValue read_typed(json::wire::value& value, int nesting);
    AttributeValue read_of_type(std::string_view type, json::wire::value& value, int nesting);
    AttributeValue read_null(json::wire::value& value);
    AttributeValue read_list(json::wire::value& value, int nesting);
    AttributeValue read_map(json::wire::value& value, int nesting);
    AttributeValue read_set(AttributeType type, json::wire::value& value);
    std::span<const Attribute> read_attributes(json::wire::object& object, int nesting);
    std::string_view read_name(json::wire::field& field);
    std::string_view keep_name(std::string_view name);
    std::string_view read_text(json::wire::value& value);
    std::string_view read_digits(json::wire::value& value);
    std::string_view read_bytes(json::wire::value& value);

    base::Arena& arena_;
    Source source_;
    std::vector<Attribute> attributes_;  ///< stacks of what is not complete yet
    std::vector<AttributeValue> elements_;
    std::string bytes_;
    std::array<std::string_view, kNameSlots> names_{};
};

/// For one value or item; a ValueReader that is kept is cheaper.
AttributeValue read_value(json::wire::value& value, base::Arena& arena);
Item read_item(json::wire::object& object, base::Arena& arena);

/// Runs the reading of a service's answer; whatever is wrong with it is Error corrupted
/// ("what: reason").
template <class Function>
auto corrupted_unless_read(std::string_view what, Function&& function) {
    try {
        return json::translate(what, function);
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::corrupted) {
            throw;
        }
        throw base::Error(base::ErrorKind::corrupted, std::string(what) + ": " + error.message());
    }
}

}  // namespace dynamigrate::dynamodb
