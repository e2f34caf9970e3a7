#include "partiql_binder.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>
#include <charconv>

namespace dynamigrate::expressions {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using Kind = PartiqlNode::Kind;

namespace {

constexpr std::size_t kMaxPathSteps = 32;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxDigits = 38;

/// Whether the digits are already DynamoDB's spelling of a number that it can hold.
bool is_plain_integer(std::string_view digits) {
    if (digits.starts_with('-')) {
        digits.remove_prefix(1);
        if (digits == "0") {
            return false;
        }
    }
    return digits.size() <= kMaxDigits && (digits == "0" || digits.front() != '0') &&
           std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// What a node is, in the messages that refuse it inside a literal.
std::string_view name_of(const PartiqlNode& node) {
    switch (node.kind) {
        case Kind::path:
            return node.first == nullptr ? "VariableReference" : "Path";
        case Kind::parameter:
            return "Parameter";
        case Kind::missing:
            return "LiteralMissing";
        case Kind::select:
            return "Select";
        default:
            return node.is_expression() ? "NAry" : "Literal";
    }
}

/// The same for a value of INSERT's item.
std::string_view name_in_item(const PartiqlNode& node) {
    switch (node.kind) {
        case Kind::path:
            return node.first == nullptr ? node.text : "PATH";
        case Kind::missing:
            return "MISSING";
        case Kind::select:
            return "SELECT";
        default:
            return node.is(Kind::call) ? node.text : to_string(node.op);
    }
}

bool is_literal(const PartiqlNode& node) {
    switch (node.kind) {
        case Kind::string:
        case Kind::number:
        case Kind::boolean:
        case Kind::null:
        case Kind::list:
        case Kind::bag:
        case Kind::tuple:
        case Kind::sequence:
            return true;
        default:
            return false;
    }
}

bool has_duplicates(std::span<const AttributeValue> elements) {
    std::vector<std::string_view> texts;
    texts.reserve(elements.size());
    for (const AttributeValue& element : elements) {
        texts.push_back(element.text());
    }
    std::sort(texts.begin(), texts.end());
    return std::adjacent_find(texts.begin(), texts.end()) != texts.end();
}

}  // namespace

/// Where in a literal a node stands.
struct PartiqlValues::Place {
    const Place* outer = nullptr;
    std::string_view key;  ///< in a map, else "" and the index counts
    std::size_t index = 0;
    std::size_t depth = 0;

    std::string to_string() const {
        if (outer == nullptr) {
            return "root";
        }
        return outer->to_string() + "." + (key.empty() ? std::to_string(index) : std::string(key));
    }
};

bool PartiqlValues::is_value(const PartiqlNode& node) noexcept {
    return is_literal(node) || node.is(Kind::parameter);
}

AttributeValue PartiqlValues::value(const PartiqlNode& node) const {
    return node.is(Kind::parameter) ? parameter(node) : literal(node, {});
}

AttributeValue PartiqlValues::parameter(const PartiqlNode& node) const {
    if (node.number >= parameters_.size()) {
        source_.fail(node.offset, "Number of parameters in request and statement don't match.");
    }
    return parameters_[node.number];
}

AttributeValue PartiqlValues::literal(const PartiqlNode& node, const Place& place) const {
    switch (node.kind) {
        case Kind::string:
            return AttributeValue::string(node.text);
        case Kind::number:
            return number(node);
        case Kind::boolean:
            return AttributeValue::boolean(node.flag);
        case Kind::null:
            return {};
        case Kind::list:
        case Kind::sequence:
            return list(node, place);
        case Kind::bag:
            return set(node);
        case Kind::tuple:
            return map(node, place);
        default:
            refuse_at(source_, node,
                      "Unsupported data type: " + std::string(name_of(node)) + " under key " +
                          place.to_string());
    }
}

AttributeValue PartiqlValues::number(const PartiqlNode& node) const {
    if (is_plain_integer(node.text)) {
        return AttributeValue::number(node.text);
    }
    if (const std::string_view reason = dynamodb::check_number(node.text); !reason.empty()) {
        const bool is_too_precise = reason.find("38") != std::string_view::npos;
        source_.fail(node.offset, is_too_precise
                                      ? "DynamoDB only supports precision up to 38 digits"
                                      : std::string(reason));
    }
    return AttributeValue::number(
        arena_.copy(std::string_view(dynamodb::canonical_number(node.text))));
}

void PartiqlValues::check_depth(const PartiqlNode& node, const Place& place) const {
    if (place.depth + 1 >= kMaxDepth) {
        source_.fail(node.offset, "Nesting Levels have exceeded supported limits");
    }
}

AttributeValue PartiqlValues::list(const PartiqlNode& node, const Place& place) const {
    check_depth(node, place);
    auto* elements = arena_.allocate_array<AttributeValue>(node.child_count());
    std::size_t count = 0;
    for (const PartiqlNode* child = node.first; child != nullptr; child = child->next) {
        new (elements + count)
            AttributeValue(literal(*child, {&place, {}, count, place.depth + 1}));
        ++count;
    }
    return AttributeValue::list({elements, count});
}

AttributeValue PartiqlValues::map(const PartiqlNode& node, const Place& place) const {
    check_depth(node, place);
    auto* attributes = arena_.allocate_array<Attribute>(node.child_count() / 2);
    std::size_t count = 0;
    for (const PartiqlNode* child = node.first; child != nullptr; child = child->next->next) {
        const std::string_view name = key(*child, {attributes, count}, node, place);
        new (attributes + count)
            Attribute{name, literal(*child->next, {&place, name, 0, place.depth + 1})};
        ++count;
    }
    return AttributeValue::map({attributes, count});
}

std::string_view PartiqlValues::key(const PartiqlNode& node, std::span<const Attribute> before,
                                    const PartiqlNode& tuple, const Place& place) const {
    if (!node.is(Kind::string)) {
        refuse_at(source_, node,
                  "Tuple keys must be of type String. Actual type: " + std::string(name_of(node)) +
                      " under " + place.to_string());
    }
    if (node.text.empty()) {
        source_.fail(node.offset, "Path component cannot be an empty string");
    }
    const bool is_known = std::any_of(before.begin(), before.end(), [&](const Attribute& known) {
        return known.name == node.text;
    });
    if (is_known) {
        refuse_at(source_, tuple,
                  "Duplicate keys in tuple. Key: " + std::string(node.text) + " under " +
                      place.to_string());
    }
    return node.text;
}

AttributeValue PartiqlValues::set(const PartiqlNode& node) const {
    if (node.first == nullptr) {
        refuse_at(source_, node, "Empty bags are not supported");
    }
    const Kind kind = node.first->kind;
    auto* elements = arena_.allocate_array<AttributeValue>(node.child_count());
    std::size_t count = 0;
    for (const PartiqlNode* child = node.first; child != nullptr; child = child->next) {
        const bool is_element = kind == Kind::string || kind == Kind::number;
        if (!is_element || (child->kind != kind && is_literal(*child))) {
            refuse_at(source_, *child,
                      "Unsupported data type in Bag. DynamoDB only supports either numbers or "
                      "strings in bags");
        }
        new (elements + count++) AttributeValue(literal(*child, {}));
    }
    const std::span<const AttributeValue> all(elements, count);
    if (has_duplicates(all)) {
        source_.fail(node.offset, "Input collection contains duplicates");
    }
    return kind == Kind::string ? AttributeValue::string_set(all) : AttributeValue::number_set(all);
}

dynamodb::Item PartiqlValues::item(const PartiqlNode& node) const {
    if (!node.is(Kind::tuple)) {
        refuse_at(
            source_, node,
            "Unsupported format in item expression. Please use struct format {...} to express "
            "item values for insert statement.");
    }
    auto* attributes = arena_.allocate_array<Attribute>(node.child_count() / 2);
    std::size_t count = 0;
    for (const PartiqlNode* child = node.first; child != nullptr; child = child->next->next) {
        const std::string_view name = key(*child, {attributes, count}, *child, {});
        const PartiqlNode& value_node = *child->next;
        if (!is_value(value_node)) {
            refuse_at(source_, value_node,
                      "Unsupported data type: " + std::string(name_in_item(value_node)) +
                          " under key root");
        }
        new (attributes + count++) Attribute{name, value(value_node)};
    }
    return dynamodb::Item(std::span<const Attribute>(attributes, count));
}

std::string PartiqlValues::name(const PartiqlNode& node) const {
    if (node.text.empty()) {
        source_.fail(node.offset, "Path component cannot be an empty string");
    }
    return std::string(node.text);
}

PathStep PartiqlValues::step(const PartiqlNode& node) const {
    switch (node.kind) {
        case Kind::name:
            return {name(node), -1};
        case Kind::index: {
            PathStep step;
            const char* end = node.text.data() + node.text.size();
            const auto [stop, error] = std::from_chars(node.text.data(), end, step.index);
            if (error != std::errc() || stop != end || step.index < 0) {
                refuse_at(source_, node,
                          "List index is not within the allowable range; index: [" +
                              std::string(node.text) + "]");
            }
            return step;
        }
        case Kind::wildcard:
            refuse_at(source_, node, "Wildcard path component like a[*].b are not supported");
        case Kind::unpivot:
            refuse_at(source_, node, "Unpivot path component like a.*.b are not supported");
        default:
            refuse_at(source_, node, "Unexpected path component");
    }
}

Path PartiqlValues::path(const PartiqlNode& node) const {
    Path path;
    path.steps.reserve(1 + node.child_count());
    path.steps.push_back({name(node), -1});
    for (const PartiqlNode* child = node.first; child != nullptr; child = child->next) {
        path.steps.push_back(step(*child));
    }
    if (path.steps.size() > kMaxPathSteps) {
        source_.fail(node.offset,
                     "The document path has too many nesting levels; nesting levels: " +
                         std::to_string(path.steps.size()));
    }
    return path;
}

void PartiqlValues::check_operand(const PartiqlNode& node) const {
    if (node.is(Kind::missing)) {
        source_.fail(node.offset, "MISSING must be compared using IS operator");
    }
    if (node.is(Kind::select) || node.is(Kind::star)) {
        refuse_at(source_, node, "Unsupported token in expression: SELECT");
    }
}

}  // namespace dynamigrate::expressions
