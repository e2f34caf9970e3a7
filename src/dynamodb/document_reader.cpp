#include <dynamigrate/dynamodb/document_reader.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/document_types.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include "stack_frame.hpp"
#include "validation.hpp"

#include <string_view>
#include <vector>

namespace dynamigrate::dynamodb {

namespace {

using json::dom::element;

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
    std::string_view text = as_text(value);
    if (is_canonical_integer(text)) {
        return text;
    }
    if (std::string error = number_error(text); !error.empty()) {
        throw validation_error(error);
    }
    return arena_.copy(canonical_number(text));
}

std::string_view DocumentReader::bytes(element value) {
    std::string_view text = as_text(value);
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
    for (auto [type, content] : as_object(value)) {
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
        return AttributeValue::string(as_text(value));
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
        return AttributeValue::boolean(as_boolean(value));
    }
    if (type == "NULL") {
        as_boolean(value);  // newer versions of DynamoDB read {"NULL": false} as true
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
    for (element content : as_array(value)) {
        elements_.push_back(typed(content, nesting + 1));
    }
    return AttributeValue::list(arena_.copy(frame.values()));
}

std::span<const Attribute> DocumentReader::attributes(element value, int nesting) {
    if (nesting > kMaxNesting) {
        throw validation_error(kTooDeep);
    }
    StackFrame<Attribute> frame(attributes_);
    for (auto [name, content] : as_object(value)) {
        AttributeValue read = typed(content, nesting);
        attributes_.push_back({name, read});
    }
    return copy_with_distinct_names(frame.values(), arena_);
}

AttributeValue DocumentReader::set(AttributeType type, element value) {
    StackFrame<AttributeValue> frame(elements_);
    for (element content : as_array(value)) {
        elements_.push_back(
            type == AttributeType::string_set   ? AttributeValue::string(as_text(content))
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
