#include <dynamigrate/dynamodb/wire_reader.hpp>

#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include "stack_frame.hpp"
#include "validation.hpp"

#include <cstring>

namespace dynamigrate::dynamodb {

namespace {

/// A JSON string's bytes between its quotes as written, escapes not resolved.
struct RawText {
    std::string_view text;
    bool has_escape;
};

/// The token reaches to the next token, so white space may follow its closing quote. It is not
/// consumed: what follows it is not looked at.
RawText raw_text(json::wire::value& value) {
    std::string_view token = value.raw_json_token();
    if (token.front() != '"') {
        throw simdjson::simdjson_error(simdjson::INCORRECT_TYPE);
    }
    std::size_t end = token.size() - 1;
    while (token[end] != '"') {
        --end;
    }
    std::string_view text = token.substr(1, end - 1);
    return {text, std::memchr(text.data(), '\\', text.size()) != nullptr};
}

/// Accepts the spellings in which services write numbers, without taking them apart.
bool is_plainly_a_number(std::string_view text) noexcept {
    std::size_t at = !text.empty() && text.front() == '-' ? 1 : 0;
    std::size_t digits = text.size() - at;
    if (digits == 0 || digits > 38) {
        return false;
    }
    std::size_t points = 0;
    for (; at < text.size(); ++at) {
        char c = text[at];
        points += c == '.' ? 1 : 0;
        if ((c < '0' || c > '9') && c != '.') {
            return false;
        }
    }
    return points == 0 || (points == 1 && digits > 1);
}

}  // namespace

std::string_view ValueReader::read_text(json::wire::value& value) {
    if (source_ == Source::trusted) {
        RawText raw = raw_text(value);
        if (!raw.has_escape) {
            return arena_.copy(raw.text);
        }
    }
    return arena_.copy(std::string_view(value.get_string()));
}

std::string_view ValueReader::read_digits(json::wire::value& value) {
    std::string_view digits = read_text(value);
    if (!is_plainly_a_number(digits)) {
        std::string error = number_error(digits);
        if (!error.empty()) {
            throw validation_error(error);
        }
    }
    return digits;
}

std::string_view ValueReader::read_bytes(json::wire::value& value) {
    RawText raw = raw_text(value);
    const bool is_whole = source_ == Source::trusted && !raw.has_escape;
    std::string_view text = is_whole ? raw.text : std::string_view(value.get_string());
    bytes_.clear();
    if (!base::append_base64_decoded(bytes_, text)) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "a binary value (B) is not valid base64")
            .service_code("SerializationException");
    }
    return arena_.copy(bytes_);
}

std::string_view ValueReader::keep_name(std::string_view name) {
    std::size_t slot = name.size() * 31;
    if (!name.empty()) {
        slot += static_cast<unsigned char>(name.front()) * std::size_t{7} +
                static_cast<unsigned char>(name.back()) * std::size_t{3} +
                static_cast<unsigned char>(name[name.size() / 2]);
    }
    std::string_view& kept = names_[slot % kNameSlots];
    if (kept != name || kept.data() == nullptr) {
        kept = arena_.copy(name);
    }
    return kept;
}

std::string_view ValueReader::read_name(json::wire::field& field) {
    const char* begin = field.key().raw();
    const char* end = begin;
    while (*end != '"' && *end != '\\') {
        ++end;
    }
    if (*end == '\\') {
        return arena_.copy(std::string_view(field.unescaped_key()));
    }
    return keep_name({begin, static_cast<std::size_t>(end - begin)});
}

AttributeValue ValueReader::read_typed(json::wire::value& value, int nesting) {
    json::wire::object object = value.get_object();
    auto fields = object.begin();
    if (fields == object.end()) {
        throw validation_error(kNotOneType);
    }
    json::wire::field field = *fields;
    const char* type = field.key().raw();
    std::size_t size = 0;
    while (size < 5 && type[size] != '"') {
        ++size;
    }
    AttributeValue result = read_of_type({type, size}, field.value(), nesting);
    if (++fields != object.end()) {
        throw validation_error(kSeveralTypes);
    }
    return result;
}

AttributeValue ValueReader::read_of_type(std::string_view type, json::wire::value& value,
                                         int nesting) {
    if (type == "S") {
        return AttributeValue::string(read_text(value));
    }
    if (type == "N") {
        return AttributeValue::number(read_digits(value));
    }
    if (type == "M") {
        return read_map(value, nesting);
    }
    if (type == "L") {
        return read_list(value, nesting);
    }
    if (type == "BOOL") {
        return AttributeValue::boolean(value.get_bool());
    }
    if (type == "NULL") {
        return read_null(value);
    }
    if (type == "B") {
        return AttributeValue::binary(read_bytes(value));
    }
    if (type == "SS") {
        return read_set(AttributeType::string_set, value);
    }
    if (type == "NS") {
        return read_set(AttributeType::number_set, value);
    }
    if (type == "BS") {
        return read_set(AttributeType::binary_set, value);
    }
    throw validation_error(kNotOneType);
}

/// Newer versions of DynamoDB accept {"NULL": false} and answer {"NULL": true}.
AttributeValue ValueReader::read_null(json::wire::value& value) {
    value.get_bool().value();
    return AttributeValue::null();
}

AttributeValue ValueReader::read_map(json::wire::value& value, int nesting) {
    json::wire::object object = value.get_object();
    return AttributeValue::map(read_attributes(object, nesting + 1));
}

std::span<const Attribute> ValueReader::read_attributes(json::wire::object& object, int nesting) {
    if (nesting > kMaxNesting) {
        throw validation_error(kTooDeep);
    }
    StackFrame<Attribute> frame(attributes_);
    for (auto result : object) {
        json::wire::field field = std::move(result).take_value();
        std::string_view name = read_name(field);
        attributes_.push_back({name, read_typed(field.value(), nesting)});
    }
    if (source_ == Source::untrusted) {
        return copy_with_distinct_names(frame.values(), arena_);
    }
    return arena_.copy(frame.values());
}

AttributeValue ValueReader::read_list(json::wire::value& value, int nesting) {
    if (nesting >= kMaxNesting) {
        throw validation_error(kTooDeep);
    }
    StackFrame<AttributeValue> frame(elements_);
    for (auto result : value.get_array()) {
        json::wire::value element = result.value();
        elements_.push_back(read_typed(element, nesting + 1));
    }
    return AttributeValue::list(arena_.copy(frame.values()));
}

AttributeValue ValueReader::read_set(AttributeType type, json::wire::value& value) {
    StackFrame<AttributeValue> frame(elements_);
    for (auto result : value.get_array()) {
        json::wire::value element = result.value();
        elements_.push_back(
            type == AttributeType::string_set   ? AttributeValue::string(read_text(element))
            : type == AttributeType::number_set ? AttributeValue::number(read_digits(element))
                                                : AttributeValue::binary(read_bytes(element)));
    }
    std::span<const AttributeValue> elements = arena_.copy(frame.values());
    if (source_ == Source::untrusted) {
        std::string error = check_set(type, elements);
        if (!error.empty()) {
            throw validation_error(error);
        }
    }
    return type == AttributeType::string_set   ? AttributeValue::string_set(elements)
           : type == AttributeType::number_set ? AttributeValue::number_set(elements)
                                               : AttributeValue::binary_set(elements);
}

AttributeValue read_value(json::wire::value& value, base::Arena& arena) {
    return ValueReader(arena).read_value(value);
}

Item read_item(json::wire::object& object, base::Arena& arena) {
    return ValueReader(arena).read_item(object);
}

}  // namespace dynamigrate::dynamodb
