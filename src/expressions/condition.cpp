#include <dynamigrate/expressions/condition.hpp>

#include "condition_tree.hpp"

#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <charconv>
#include <compare>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using Op = ConditionNode::Op;

/// UTF-16 code units of a UTF-8 text: what `size` counts.
std::size_t text_length(std::string_view text) noexcept {
    std::size_t length = 0;
    for (unsigned char c : text) {
        length += (c & 0xC0) != 0x80;
        length += c >= 0xF0;
    }
    return length;
}

bool size_of(const AttributeValue& value, std::size_t& size) noexcept {
    switch (value.type()) {
        case AttributeType::string:
            size = text_length(value.text());
            return true;
        case AttributeType::binary:
            size = value.text().size();
            return true;
        case AttributeType::map:
            size = value.attributes().size();
            return true;
        case AttributeType::list:
        case AttributeType::string_set:
        case AttributeType::number_set:
        case AttributeType::binary_set:
            size = value.elements().size();
            return true;
        default:
            return false;
    }
}

/// What an operand is for one item; `value` is nullptr where it is absent.
class Evaluated {
public:
    Evaluated(const Operand& operand, const Item& item) noexcept {
        switch (operand.kind) {
            case Operand::Kind::path:
                value = resolve(item, operand.path);
                break;
            case Operand::Kind::value:
                value = &operand.value;
                break;
            case Operand::Kind::size_of_path:
                set_size(resolve(item, operand.path));
                break;
            case Operand::Kind::size_of_value:
                set_size(&operand.value);
                break;
        }
    }
    Evaluated(const Evaluated&) = delete;
    Evaluated& operator=(const Evaluated&) = delete;

    const AttributeValue* value = nullptr;

private:
    void set_size(const AttributeValue* measured) noexcept {
        std::size_t size = 0;
        if (measured != nullptr && size_of(*measured, size)) {
            char* end = std::to_chars(digits_, digits_ + sizeof digits_, size).ptr;
            size_ = AttributeValue::number({digits_, static_cast<std::size_t>(end - digits_)});
            value = &size_;
        }
    }

    AttributeValue size_;
    char digits_[24];
};

bool are_equal(const AttributeValue* a, const AttributeValue* b) noexcept {
    return a != nullptr && b != nullptr && *a == *b;
}

std::partial_ordering compare(const AttributeValue* a, const AttributeValue* b) noexcept {
    if (a == nullptr || b == nullptr || a->type() != b->type()) {
        return std::partial_ordering::unordered;
    }
    switch (a->type()) {
        case AttributeType::number:
            return dynamodb::compare_numbers(a->text(), b->text());
        case AttributeType::string:
        case AttributeType::binary:
            return a->text().compare(b->text()) <=> 0;
        default:
            return std::partial_ordering::unordered;
    }
}

bool begins_with(const AttributeValue* value, const AttributeValue* prefix) noexcept {
    return value != nullptr && prefix != nullptr && value->type() == prefix->type() &&
           (value->is(AttributeType::string) || value->is(AttributeType::binary)) &&
           value->text().starts_with(prefix->text());
}

bool contains(const AttributeValue* whole, const AttributeValue* part) noexcept {
    if (whole == nullptr || part == nullptr) {
        return false;
    }
    if (whole->is(AttributeType::string) || whole->is(AttributeType::binary)) {
        return part->is(whole->type()) &&
               whole->text().find(part->text()) != std::string_view::npos;
    }
    if (!whole->is_set() && !whole->is(AttributeType::list)) {
        return false;
    }
    auto elements = whole->elements();
    return std::any_of(elements.begin(), elements.end(),
                       [&](const AttributeValue& element) { return element == *part; });
}

bool is_in(const ConditionNode& node, const AttributeValue* value, const Item& item) noexcept {
    for (std::size_t i = 1; i < node.operands.size(); ++i) {
        if (are_equal(value, Evaluated(node.operands[i], item).value)) {
            return true;
        }
    }
    return false;
}

bool matches_two(Op op, const AttributeValue* a, const AttributeValue* b) noexcept {
    switch (op) {
        case Op::equal:
            return are_equal(a, b);
        case Op::not_equal:
            return !are_equal(a, b);
        case Op::less:
            return compare(a, b) < 0;
        case Op::less_or_equal:
            return compare(a, b) <= 0;
        case Op::greater:
            return compare(a, b) > 0;
        case Op::greater_or_equal:
            return compare(a, b) >= 0;
        case Op::begins_with:
            return begins_with(a, b);
        default:
            return contains(a, b);
    }
}

bool matches_operands(const ConditionNode& node, const Item& item) noexcept {
    Evaluated first(node.operands[0], item);
    switch (node.op) {
        case Op::exists:
            return first.value != nullptr;
        case Op::not_exists:
            return first.value == nullptr;
        case Op::has_type:
            return first.value != nullptr && first.value->is(node.type);
        case Op::in:
            return is_in(node, first.value, item);
        case Op::between:
            return compare(first.value, Evaluated(node.operands[1], item).value) >= 0 &&
                   compare(first.value, Evaluated(node.operands[2], item).value) <= 0;
        default:
            return matches_two(node.op, first.value, Evaluated(node.operands[1], item).value);
    }
}

constexpr std::string_view kOpNames[] = {
    "eq",     "ne",         "lt",   "le",          "gt",       "ge",  "between", "in",
    "exists", "not_exists", "type", "begins_with", "contains", "and", "or",      "not",
};

std::string to_string(const Operand& operand) {
    switch (operand.kind) {
        case Operand::Kind::path:
            return expressions::to_string(operand.path);
        case Operand::Kind::value:
            return dynamodb::to_wire_json(operand.value);
        case Operand::Kind::size_of_path:
            return "size(" + expressions::to_string(operand.path) + ")";
        case Operand::Kind::size_of_value:
            break;
    }
    return "size(" + dynamodb::to_wire_json(operand.value) + ")";
}

}  // namespace

bool matches(const ConditionNode& node, const Item& item) noexcept {
    auto holds = [&](const ConditionNode& child) { return matches(child, item); };
    switch (node.op) {
        case Op::conjunction:
            return std::all_of(node.children.begin(), node.children.end(), holds);
        case Op::disjunction:
            return std::any_of(node.children.begin(), node.children.end(), holds);
        case Op::negation:
            return !matches(node.children.front(), item);
        default:
            return matches_operands(node, item);
    }
}

std::string to_string(const ConditionNode& node) {
    std::string text(kOpNames[static_cast<std::size_t>(node.op)]);
    const char* separator = "(";
    for (const Operand& operand : node.operands) {
        text += separator + to_string(operand);
        separator = ", ";
    }
    for (const ConditionNode& child : node.children) {
        text += separator + to_string(child);
        separator = ", ";
    }
    return text + ")";
}

Condition Condition::parse(const ExpressionText& text, std::string_view what) {
    Substitutions substitutions(text);
    Condition condition = parse(text.text, substitutions, what);
    substitutions.check_all_used();
    return condition;
}

Condition Condition::parse(std::string_view text, Substitutions& substitutions,
                           std::string_view what) {
    Condition condition;
    condition.tree_ =
        std::make_shared<const ConditionTree>(parse_condition_tree({what, text}, substitutions));
    return condition;
}

Condition Condition::of(std::span<const AttributeTest> tests, bool is_any) {
    Condition condition;
    if (!tests.empty()) {
        condition.tree_ = std::make_shared<const ConditionTree>(make_condition_tree(tests, is_any));
    }
    return condition;
}

bool Condition::matches(const Item& item) const noexcept {
    return tree_ == nullptr || expressions::matches(tree_->root, item);
}

const std::vector<std::string>& Condition::attributes() const noexcept {
    static const std::vector<std::string> kNone;
    return tree_ == nullptr ? kNone : tree_->attributes;
}

const std::vector<std::string>& Condition::attributes_entered() const noexcept {
    static const std::vector<std::string> kNone;
    return tree_ == nullptr ? kNone : tree_->entered;
}

std::string Condition::to_string() const {
    return tree_ == nullptr ? std::string() : expressions::to_string(tree_->root);
}

}  // namespace dynamigrate::expressions
