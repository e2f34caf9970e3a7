#include <dynamigrate/dynamodb/wire.hpp>

#include <dynamigrate/base/hash.hpp>

namespace dynamigrate::dynamodb {

namespace {

void append_scalar_text(std::string& out, const AttributeValue& value) {
    if (value.is(AttributeType::string)) {
        json::Writer::append_quoted(out, value.text());
        return;
    }
    out.push_back('"');
    if (value.is(AttributeType::number)) {
        out.append(value.text());  // digits need no escapes
    } else {
        base::append_base64(out, value.text());
    }
    out.push_back('"');
}

void append_value(std::string& out, const AttributeValue& value);

void append_set(std::string& out, std::span<const AttributeValue> elements) {
    char separator = '[';
    for (const AttributeValue& element : elements) {
        out.push_back(separator);
        append_scalar_text(out, element);
        separator = ',';
    }
    out.append(elements.empty() ? "[]" : "]");
}

void append_list(std::string& out, std::span<const AttributeValue> elements) {
    char separator = '[';
    for (const AttributeValue& element : elements) {
        out.push_back(separator);
        append_value(out, element);
        separator = ',';
    }
    out.append(elements.empty() ? "[]" : "]");
}

void append_attributes(std::string& out, std::span<const Attribute> attributes) {
    char separator = '{';
    for (const Attribute& attribute : attributes) {
        out.push_back(separator);
        json::Writer::append_quoted(out, attribute.name);
        out.push_back(':');
        append_value(out, attribute.value);
        separator = ',';
    }
    out.append(attributes.empty() ? "{}" : "}");
}

void append_value(std::string& out, const AttributeValue& value) {
    out.append("{\"").append(to_string(value.type())).append("\":");
    switch (value.type()) {
        case AttributeType::string:
        case AttributeType::number:
        case AttributeType::binary:
            append_scalar_text(out, value);
            break;
        case AttributeType::boolean:
            out.append(value.as_boolean() ? "true" : "false");
            break;
        case AttributeType::null:
            out.append("true");
            break;
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
            append_set(out, value.elements());
            break;
        case AttributeType::list:
            append_list(out, value.elements());
            break;
        case AttributeType::map:
            append_attributes(out, value.attributes());
            break;
    }
    out.push_back('}');
}

}  // namespace

void write_value(json::Writer& out, const AttributeValue& value) {
    out.separate();
    append_value(out.out(), value);
    out.value_written();
}

void write_item(json::Writer& out, const Item& item) {
    out.separate();
    append_attributes(out.out(), item.attributes());
    out.value_written();
}

std::string to_wire_json(const AttributeValue& value) {
    std::string text;
    append_value(text, value);
    return text;
}

std::string to_wire_json(const Item& item) {
    std::string text;
    append_attributes(text, item.attributes());
    return text;
}

}  // namespace dynamigrate::dynamodb
