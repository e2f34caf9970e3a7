#include "host_answer.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/json/writer.hpp>

namespace dynamigrate::authoring {

std::string error_text(json::wire::object error) {
    std::string text;
    for (json::wire::field field : error) {
        if (field.key() == "message") {
            text.insert(0, std::string_view(field.value()));
        } else if (field.key() == "frames") {
            for (json::wire::value frame : field.value().get_array()) {
                text += "\n    " + std::string(std::string_view(frame));
            }
        }
    }
    return text;
}

void expect_no_error(json::Reader& reader, std::string& answer, const std::string& place) {
    json::translate("the Node host", [&] {
        json::wire::document document = reader.read(answer);
        json::wire::object object = document.get_object();
        json::wire::object error;
        if (object["error"].get(error) == simdjson::SUCCESS) {
            throw base::Error(base::ErrorKind::failed_precondition, error_text(error)).at(place);
        }
    });
}

void write_page(std::string& question, std::span<const dynamodb::Item> items) {
    json::Writer writer(question);
    writer.begin_object().key("do").string("page").key("items").begin_array();
    for (const dynamodb::Item& item : items) {
        dynamodb::write_item(writer, item);
    }
    writer.end_array().end_object();
}

}  // namespace dynamigrate::authoring
