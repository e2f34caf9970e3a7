#include <dynamigrate/json/reader.hpp>

namespace dynamigrate::json {

void pad(std::string& text) {
    if (text.capacity() - text.size() < simdjson::SIMDJSON_PADDING) {
        text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    }
}

wire::document Reader::read(std::string& text) {
    pad(text);
    wire::document document;
    if (const auto code = parser_.iterate(text).get(document); code != simdjson::SUCCESS) {
        throw base::Error(base::ErrorKind::corrupted,
                          std::string("not JSON: ") + simdjson::error_message(code));
    }
    return document;
}

}  // namespace dynamigrate::json
