#pragma once

#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/json/reader.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace dynamigrate::authoring {

/// "message at f (file:1:2)" of what the Node host says of an error.
std::string error_text(json::wire::object error);

/// Errors: failed_precondition with what the host answered, when that is an error; `place`: its
///         file.
void expect_no_error(json::Reader& reader, std::string& answer, const std::string& place);

/// Writes the question for the items of a page.
void write_page(std::string& question, std::span<const dynamodb::Item> items);

/// Calls `visit(index, value)` with the answer for each item of the page, in order.
template <class Visit>
void visit_answers(json::Reader& reader, std::string& answer, const Visit& visit) {
    json::translate("the Node host", [&] {
        json::wire::document document = reader.read(answer);
        std::size_t index = 0;
        for (json::wire::value value : document.get_object()["ok"].get_array()) {
            visit(index, value);
            ++index;
        }
    });
}

}  // namespace dynamigrate::authoring
