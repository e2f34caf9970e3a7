#include <dynamigrate/dynamodb/document_types.hpp>

#include <dynamigrate/base/error.hpp>

#include <string>

namespace dynamigrate::dynamodb {

using json::dom::element;
using json::dom::element_type;

namespace {

std::string_view name_of(element_type type, bool is_true) {
    switch (type) {
        case element_type::STRING:
            return "STRING_VALUE";
        case element_type::BOOL:
            return is_true ? "TRUE_VALUE" : "FALSE_VALUE";
        case element_type::DOUBLE:
            return "DECIMAL_VALUE";
        default:
            return "NUMBER_VALUE";
    }
}

}  // namespace

void refuse_type(element value, std::string_view expected) {
    std::string message;
    switch (value.type()) {
        case element_type::OBJECT:
            message = "Start of structure or map found where not expected.";
            break;
        case element_type::ARRAY:
            message = "Start of list found where not expected";
            break;
        case element_type::NULL_VALUE:
            message = "Unexpected null";
            break;
        default:
            message =
                std::string(name_of(value.type(), value.is_bool() && value.get_bool().value())) +
                " cannot be converted to " + std::string(expected);
    }
    throw base::Error(base::ErrorKind::invalid_argument, std::move(message))
        .service_code("SerializationException");
}

std::string_view as_text(element value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
        refuse_type(value, "String");
    }
    return text;
}

bool as_boolean(element value) {
    bool result = false;
    if (value.get(result) != simdjson::SUCCESS) {
        refuse_type(value, "Boolean");
    }
    return result;
}

json::dom::array as_array(element value) {
    json::dom::array result;
    if (value.get(result) != simdjson::SUCCESS) {
        refuse_type(value, "List");
    }
    return result;
}

json::dom::object as_object(element value) {
    json::dom::object result;
    if (value.get(result) != simdjson::SUCCESS) {
        refuse_type(value, "Map");
    }
    return result;
}

}  // namespace dynamigrate::dynamodb
