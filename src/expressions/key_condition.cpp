#include <dynamigrate/expressions/key_condition.hpp>

#include "condition_tree.hpp"

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeValue;
using dynamodb::KeySchema;
using Op = ConditionNode::Op;

constexpr std::string_view kWhat = "KeyConditionExpression";

[[noreturn]] void refuse(const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .at(std::string("the ") + std::string(kWhat))
        .service_code("ValidationException");
}

/// One condition on one attribute.
struct Part {
    SortOperator op = SortOperator::none;
    std::string attribute;
    AttributeValue value;
    AttributeValue upper;
};

std::string_view name_of(Op op) {
    switch (op) {
        case Op::not_equal:
            return "<>";
        case Op::in:
            return "IN";
        case Op::exists:
            return "attribute_exists";
        case Op::not_exists:
            return "attribute_not_exists";
        case Op::has_type:
            return "attribute_type";
        case Op::contains:
            return "contains";
        case Op::disjunction:
            return "OR";
        default:
            return "NOT";
    }
}

SortOperator operator_of(Op op, bool value_comes_first) {
    switch (op) {
        case Op::equal:
            return SortOperator::equal;
        case Op::less:
            return value_comes_first ? SortOperator::greater : SortOperator::less;
        case Op::less_or_equal:
            return value_comes_first ? SortOperator::greater_or_equal : SortOperator::less_or_equal;
        case Op::greater:
            return value_comes_first ? SortOperator::less : SortOperator::greater;
        case Op::greater_or_equal:
            return value_comes_first ? SortOperator::less_or_equal : SortOperator::greater_or_equal;
        case Op::between:
            return SortOperator::between;
        case Op::begins_with:
            return SortOperator::begins_with;
        default:
            refuse("Invalid operator used in KeyConditionExpression: " + std::string(name_of(op)));
    }
}

Part part_of(const ConditionNode& node) {
    Part part;
    part.op = operator_of(
        node.op, node.operands.empty() || node.operands.front().kind == Operand::Kind::value);
    std::vector<AttributeValue> values;
    for (const Operand& operand : node.operands) {
        if (operand.kind == Operand::Kind::value) {
            values.push_back(operand.value);
        } else if (operand.kind != Operand::Kind::path) {
            refuse("KeyConditionExpressions cannot contain nested operations");
        } else if (!part.attribute.empty()) {
            refuse(
                "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
                "condition");
        } else if (operand.path.is_nested()) {
            refuse(
                "Key attributes must be scalars; list random access '[]' and map lookup '.' are "
                "not "
                "allowed: Key: " +
                operand.path.attribute());
        } else {
            part.attribute = operand.path.attribute();
        }
    }
    if (part.attribute.empty()) {
        refuse("Invalid condition in KeyConditionExpression: No key attribute specified");
    }
    if (node.operands.front().kind == Operand::Kind::value &&
        (part.op == SortOperator::between || part.op == SortOperator::begins_with)) {
        refuse("Query key condition not supported");
    }
    part.value = values.front();
    part.upper = values.back();
    return part;
}

std::vector<Part> parts_of(const ConditionNode& root) {
    if (root.op != Op::conjunction) {
        return {part_of(root)};
    }
    std::vector<Part> parts;
    for (const ConditionNode& child : root.children) {
        for (Part& part : parts_of(child)) {
            parts.push_back(std::move(part));
        }
    }
    return parts;
}

void check_type(const Part& part, const dynamodb::KeyAttribute& key) {
    if (!part.value.is(key.type) || !part.upper.is(key.type)) {
        refuse(
            "One or more parameter values were invalid: Condition parameter type does not match "
            "schema type");
    }
    if (!part.value.is(dynamodb::AttributeType::number) && part.value.text().empty()) {
        refuse(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty " +
            std::string(part.value.is(dynamodb::AttributeType::string) ? "string" : "binary") +
            " value. Key: " + key.name);
    }
}

void check_parts(const std::vector<Part>& parts, const KeySchema& key) {
    if (parts.size() > 2) {
        refuse("Conditions can be of length 1 or 2 only");
    }
    if (parts.size() == 2 && parts[0].attribute == parts[1].attribute) {
        refuse("KeyConditionExpressions must only contain one condition per key");
    }
    bool has_hash = false;
    for (const Part& part : parts) {
        bool is_hash = part.attribute == key.hash.name;
        has_hash = has_hash || is_hash;
        if (is_hash && part.op != SortOperator::equal) {
            refuse("Query key condition not supported");
        }
    }
    if (!has_hash) {
        refuse("Query condition missed key schema element: " + key.hash.name);
    }
    for (const Part& part : parts) {
        if (part.attribute == key.hash.name) {
            check_type(part, key.hash);
        } else if (key.sort && part.attribute == key.sort->name) {
            check_type(part, *key.sort);
        } else if (key.sort) {
            refuse("Query condition missed key schema element: " + key.sort->name);
        } else {
            refuse("Query key condition not supported");
        }
    }
}

}  // namespace

struct KeyCondition::Parts {
    Parts(ConditionTree parsed, const KeySchema& key) : tree(std::move(parsed)) {
        std::vector<Part> parts = parts_of(tree.root);
        check_parts(parts, key);
        for (Part& part : parts) {
            if (part.attribute == key.hash.name) {
                hash = part.value;
            } else {
                sort = std::move(part);
            }
        }
    }

    ConditionTree tree;
    AttributeValue hash;
    Part sort;
};

KeyCondition KeyCondition::parse(const ExpressionText& text, const KeySchema& key) {
    Substitutions substitutions(text);
    KeyCondition condition = parse(text.text, substitutions, key);
    substitutions.check_all_used();
    return condition;
}

KeyCondition KeyCondition::parse(std::string_view text, Substitutions& substitutions,
                                 const KeySchema& key) {
    KeyCondition condition;
    condition.parts_ =
        std::make_shared<const Parts>(parse_condition_tree({kWhat, text}, substitutions), key);
    return condition;
}

KeyCondition KeyCondition::of(std::span<const AttributeTest> tests, const KeySchema& key) {
    if (tests.empty()) {
        refuse("Conditions can be of length 1 or 2 only");
    }
    KeyCondition condition;
    condition.parts_ = std::make_shared<const Parts>(make_condition_tree(tests, false), key);
    return condition;
}

const AttributeValue& KeyCondition::hash() const noexcept { return parts_->hash; }
SortOperator KeyCondition::sort_operator() const noexcept { return parts_->sort.op; }
const AttributeValue& KeyCondition::sort() const noexcept { return parts_->sort.value; }
const AttributeValue& KeyCondition::sort_upper() const noexcept { return parts_->sort.upper; }

bool KeyCondition::matches(const dynamodb::Item& item) const noexcept {
    return expressions::matches(parts_->tree.root, item);
}

}  // namespace dynamigrate::expressions
