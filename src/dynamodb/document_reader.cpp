#include <dynamigrate/dynamodb/document_reader.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include "stack_frame.hpp"
#include "validation.hpp"

#include <string_view>
#include <vector>

namespace dynamigrate::dynamodb {

namespace {

using json::dom::element;
using json::dom::element_type;

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

[[noreturn]] void refuse_type(element value, std::string_view expected) {
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

std::string_view text_of(element value) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) {
        refuse_type(value, "String");
    }
    return text;
}

bool boolean_of(element value) {
    bool result = false;
    if (value.get(result) != simdjson::SUCCESS) {
        refuse_type(value, "Boolean");
    }
    return result;
}

json::dom::array array_of(element value) {
    json::dom::array result;
    if (value.get(result) != simdjson::SUCCESS) {
        refuse_type(value, "List");
    }
    return result;
}

json::dom::object object_of(element value) {
    json::dom::object result;
    if (value.get(result) != simdjson::SUCCESS) {
        refuse_type(value, "Map");
    }
    return result;
}

/// Whether it is an integer in canonical spelling, which most numbers are.
bool is_canonical_integer(std::string_view text) noexcept {
    std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
    if (digits.empty() || digits.size() > 38 || (digits.front() == '0' && text.size() > 1)) {
        return false;
    }
    for (char c : digits) {
        if (c < '0' || c > '9') {
            return false;
        }
    }
    return true;
}

}  // namespace

Item DocumentReader::item(element attributes_element) {
    return Item(attributes(attributes_element, 0));
}

std::string_view DocumentReader::digits(element value) {
    std::string_view text = text_of(value);
    if (is_canonical_integer(text)) {
        return text;
    }
    if (std::string error = number_error(text); !error.empty()) {
        throw validation_error(error);
    }
    return arena_.copy(canonical_number(text));
}

std::string_view DocumentReader::bytes(element value) {
    std::string_view text = text_of(value);
    bytes_.clear();
    if (!base::append_base64_decoded(bytes_, text)) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "a binary value (B) is not valid base64")
            .service_code("SerializationException");
    }
    return arena_.copy(bytes_);
}

AttributeValue DocumentReader::typed(element value, int nesting) {
    AttributeValue result;
    int types = 0;
    for (auto [type, content] : object_of(value)) {
        if (content.is_null()) {
            continue;
        }
        result = of_type(type, content, nesting);
        ++types;
    }
    if (types != 1) {
        throw validation_error(types == 0 ? kNotOneType : kSeveralTypes);
    }
    return result;
}

AttributeValue DocumentReader::of_type(std::string_view type, element value, int nesting) {
    if (type == "S") {
        return AttributeValue::string(text_of(value));
    }
    if (type == "N") {
        return AttributeValue::number(digits(value));
    }
    if (type == "M") {
        return AttributeValue::map(attributes(value, nesting + 1));
    }
    if (type == "L") {
        return list(value, nesting);
    }
    if (type == "BOOL") {
        return AttributeValue::boolean(boolean_of(value));
    }
    if (type == "NULL") {
        boolean_of(value);  // newer versions of DynamoDB read {"NULL": false} as true
        return AttributeValue::null();
    }
    if (type == "B") {
        return AttributeValue::binary(bytes(value));
    }
    if (type == "SS") {
        return set(AttributeType::string_set, value);
    }
    if (type == "NS") {
        return set(AttributeType::number_set, value);
    }
    if (type == "BS") {
        return set(AttributeType::binary_set, value);
    }
    throw validation_error(kNotOneType);
}

AttributeValue DocumentReader::list(element value, int nesting) {
    if (nesting >= kMaxNesting) {
        throw validation_error(kTooDeep);
    }
    StackFrame<AttributeValue> frame(elements_);
    for (element content : array_of(value)) {
        elements_.push_back(typed(content, nesting + 1));
    }
    return AttributeValue::list(arena_.copy(frame.values()));
}

std::span<const Attribute> DocumentReader::attributes(element value, int nesting) {
    if (nesting > kMaxNesting) {
        throw validation_error(kTooDeep);
    }
    StackFrame<Attribute> frame(attributes_);
    for (auto [name, content] : object_of(value)) {
        AttributeValue read = typed(content, nesting);
        attributes_.push_back({name, read});
    }
    return copy_with_distinct_names(frame.values(), arena_);
}

AttributeValue DocumentReader::set(AttributeType type, element value) {
    StackFrame<AttributeValue> frame(elements_);
    for (element content : array_of(value)) {
        elements_.push_back(
            type == AttributeType::string_set   ? AttributeValue::string(text_of(content))
            : type == AttributeType::number_set ? AttributeValue::number(digits(content))
                                                : AttributeValue::binary(bytes(content)));
    }
    std::span<const AttributeValue> elements = arena_.copy(frame.values());
    if (std::string error = check_set(type, elements); !error.empty()) {
        throw validation_error(error);
    }
    return type == AttributeType::string_set   ? AttributeValue::string_set(elements)
           : type == AttributeType::number_set ? AttributeValue::number_set(elements)
                                               : AttributeValue::binary_set(elements);
}

}  // namespace dynamigrate::dynamodb
