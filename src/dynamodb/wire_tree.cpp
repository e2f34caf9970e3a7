#include <dynamigrate/dynamodb/wire.hpp>

#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/number.hpp>

#include "validation.hpp"

#include <array>
#include <optional>
#include <vector>

namespace dynamigrate::dynamodb {

namespace {

std::optional<AttributeType> type_named(std::string_view name) noexcept {
    for (int i = 0; i <= static_cast<int>(AttributeType::map); ++i) {
        auto type = static_cast<AttributeType>(i);
        if (to_string(type) == name) {
            return type;
        }
    }
    return std::nullopt;
}

AttributeValue make_set(AttributeType type, std::span<const AttributeValue> elements) {
    switch (type) {
        case AttributeType::string_set:
            return AttributeValue::string_set(elements);
        case AttributeType::number_set:
            return AttributeValue::number_set(elements);
        default:
            return AttributeValue::binary_set(elements);
    }
}

AttributeType element_type(AttributeType set) noexcept {
    return set == AttributeType::string_set   ? AttributeType::string
           : set == AttributeType::number_set ? AttributeType::number
                                              : AttributeType::binary;
}

/// Turns trees into values; the two dialects share all but how a value's type is told.
class TreeReader {
public:
    TreeReader(const std::string& file, base::Arena& arena) : file_(file), arena_(arena) {}

    AttributeValue wire(const json::Value& tree, int nesting) {
        if (!tree.is_object() || tree.members().size() != 1) {
            json::fail(file_, tree,
                       "expected a value in DynamoDB JSON, an object with one type such as "
                       "{\"S\": \"text\"}");
        }
        const json::Value::Member& member = tree.members().front();
        auto type = type_named(member.key);
        if (!type) {
            json::fail(file_, tree,
                       "\"" + member.key +
                           "\" is no DynamoDB type; the types are S, N, B, BOOL, NULL, SS, NS, "
                           "BS, L and M");
        }
        return wire_of_type(*type, member.value, nesting);
    }

    AttributeValue plain(const json::Value& tree, int nesting) {
        if (auto tagged = plain_tagged(tree)) {
            return *tagged;
        }
        switch (tree.type()) {
            case json::Value::Type::null:
                return AttributeValue::null();
            case json::Value::Type::boolean:
                return AttributeValue::boolean(tree.as_boolean());
            case json::Value::Type::string:
                return AttributeValue::string(arena_.copy(tree.text()));
            case json::Value::Type::number:
                return number(tree);
            case json::Value::Type::array:
                return list(tree, nesting + 1, &TreeReader::plain);
            case json::Value::Type::object:
                return plain_object(tree, nesting);
        }
        json::fail(file_, tree, "expected a value");
    }

    std::span<const Attribute> attributes(const json::Value& tree, int nesting,
                                          AttributeValue (TreeReader::*read)(const json::Value&,
                                                                             int)) {
        if (!tree.is_object()) {
            json::fail(file_, tree, "expected an object of attributes, found " + said(tree));
        }
        check_nesting(tree, nesting);
        auto* place = arena_.allocate_array<Attribute>(tree.members().size());
        std::size_t count = 0;
        for (const json::Value::Member& member : tree.members()) {
            place[count++] = {arena_.copy(member.key), (this->*read)(member.value, nesting)};
        }
        return {place, count};
    }

private:
    static std::string said(const json::Value& tree) {
        return std::string(json::to_string(tree.type()));
    }

    void check_nesting(const json::Value& tree, int nesting) {
        if (nesting > kMaxNesting) {
            json::fail(file_, tree, kTooDeep);
        }
    }

    AttributeValue wire_of_type(AttributeType type, const json::Value& tree, int nesting) {
        switch (type) {
            case AttributeType::string:
            case AttributeType::number:
            case AttributeType::binary:
                expect(tree, tree.is_string(), type, "a string");
                return scalar(type, tree);
            case AttributeType::boolean:
                expect(tree, tree.is_boolean(), type, "true or false");
                return AttributeValue::boolean(tree.as_boolean());
            case AttributeType::null:
                expect(tree, tree.is_boolean(), type, "true");
                return AttributeValue::null();
            case AttributeType::list:
                expect(tree, tree.is_array(), type, "an array");
                return list(tree, nesting + 1, &TreeReader::wire);
            case AttributeType::map:
                return AttributeValue::map(attributes(tree, nesting + 1, &TreeReader::wire));
            default:
                expect(tree, tree.is_array(), type, "an array of strings");
                return set(type, tree);
        }
    }

    void expect(const json::Value& tree, bool is_right, AttributeType type, const char* expected) {
        if (!is_right) {
            json::fail(
                file_, tree,
                std::string(to_string(type)) + " takes " + expected + ", found " + said(tree));
        }
    }

    /// A string, number or binary value of a tree's text.
    AttributeValue scalar(AttributeType type, const json::Value& tree) {
        if (type == AttributeType::string) {
            return AttributeValue::string(arena_.copy(tree.text()));
        }
        return type == AttributeType::number ? number(tree) : binary(tree);
    }

    AttributeValue number(const json::Value& tree) {
        std::string error = number_error(tree.text());
        if (!error.empty()) {
            json::fail(file_, tree, error);
        }
        return AttributeValue::number(arena_.copy(tree.text()));
    }

    AttributeValue binary(const json::Value& tree) {
        std::string bytes;
        if (!base::append_base64_decoded(bytes, tree.text())) {
            json::fail(file_, tree, "not valid base64: binary values are written in base64");
        }
        return AttributeValue::binary(arena_.copy(bytes));
    }

    AttributeValue set(AttributeType type, const json::Value& tree) {
        std::vector<AttributeValue> elements;
        for (const json::Value& element : tree.elements()) {
            bool may_be_number = type == AttributeType::number_set && element.is_number();
            if (!element.is_string() && !may_be_number) {
                json::fail(file_, element,
                           std::string("an element of ") + std::string(to_string(type)) +
                               " is written as a string, found " + said(element));
            }
            elements.push_back(scalar(element_type(type), element));
        }
        std::string error = check_set(type, elements);
        if (!error.empty()) {
            json::fail(file_, tree, error);
        }
        return make_set(type, arena_.copy(std::span<const AttributeValue>(elements)));
    }

    AttributeValue list(const json::Value& tree, int nesting,
                        AttributeValue (TreeReader::*read)(const json::Value&, int)) {
        check_nesting(tree, nesting);
        auto* place = arena_.allocate_array<AttributeValue>(tree.elements().size());
        std::size_t count = 0;
        for (const json::Value& element : tree.elements()) {
            place[count++] = (this->*read)(element, nesting);
        }
        return AttributeValue::list({place, count});
    }

    AttributeValue plain_object(const json::Value& tree, int nesting) {
        if (tree.members().size() == 1 && tree.members().front().key == "$dynamodb") {
            return wire(tree.members().front().value, nesting);
        }
        return AttributeValue::map(attributes(tree, nesting + 1, &TreeReader::plain));
    }

    /// The value of a tree with one of our YAML tags; nothing for any other tree.
    std::optional<AttributeValue> plain_tagged(const json::Value& tree) {
        if (tree.tag == "!b") {
            if (!tree.is_string()) {
                json::fail(file_, tree, "!b takes base64 text, found " + said(tree));
            }
            return binary(tree);
        }
        static constexpr std::array<std::pair<std::string_view, AttributeType>, 3> kSetTags{
            {{"!ss", AttributeType::string_set},
             {"!ns", AttributeType::number_set},
             {"!bs", AttributeType::binary_set}}};
        for (const auto& [tag, type] : kSetTags) {
            if (tree.tag == tag) {
                if (!tree.is_array()) {
                    json::fail(file_, tree, tree.tag + " takes a list, found " + said(tree));
                }
                return set(type, tree);
            }
        }
        return std::nullopt;
    }

    const std::string& file_;
    base::Arena& arena_;
};

/// The number as written where JSON can write it so, else DynamoDB's own spelling.
std::string json_number(std::string_view text) {
    std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    bool has_digit_first = !digits.empty() && digits.front() >= '0' && digits.front() <= '9';
    bool has_leading_zero = digits.size() > 1 && digits.front() == '0' && digits[1] != '.';
    std::size_t point = digits.find('.');
    bool has_fraction =
        point == digits.npos ||
        (point + 1 < digits.size() && digits[point + 1] >= '0' && digits[point + 1] <= '9');
    bool is_json = has_digit_first && !has_leading_zero && has_fraction;
    return is_json ? std::string(text) : canonical_number(text);
}

}  // namespace

AttributeValue value_from_wire(const json::Value& tree, const std::string& file,
                               base::Arena& arena) {
    return TreeReader(file, arena).wire(tree, 0);
}

Item item_from_wire(const json::Value& tree, const std::string& file, base::Arena& arena) {
    return Item(TreeReader(file, arena).attributes(tree, 0, &TreeReader::wire));
}

AttributeValue value_from_plain(const json::Value& tree, const std::string& file,
                                base::Arena& arena) {
    return TreeReader(file, arena).plain(tree, 0);
}

Item item_from_plain(const json::Value& tree, const std::string& file, base::Arena& arena) {
    return Item(TreeReader(file, arena).attributes(tree, 0, &TreeReader::plain));
}

json::Value to_plain(const AttributeValue& value) {
    json::Value::Array elements;
    json::Value::Object members;
    std::string text;
    switch (value.type()) {
        case AttributeType::string:
            return json::Value::string(std::string(value.text()));
        case AttributeType::number:
            return json::Value::number(json_number(value.text()));
        case AttributeType::binary:
            base::append_base64(text, value.text());
            return json::Value::string(std::move(text));
        case AttributeType::boolean:
            return json::Value::boolean(value.as_boolean());
        case AttributeType::null:
            return {};
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
        case AttributeType::list:
            for (const AttributeValue& element : value.elements()) {
                elements.push_back(to_plain(element));
            }
            return json::Value::array(std::move(elements));
        case AttributeType::map:
            for (const Attribute& attribute : value.attributes()) {
                members.push_back({std::string(attribute.name), to_plain(attribute.value)});
            }
            return json::Value::object(std::move(members));
    }
    return {};
}

json::Value to_plain(const Item& item) { return to_plain(AttributeValue::map(item.attributes())); }

}  // namespace dynamigrate::dynamodb
