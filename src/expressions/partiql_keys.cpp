#include "partiql_keys.hpp"

#include <dynamigrate/base/error.hpp>

namespace dynamigrate::expressions {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;
using Op = ConditionNode::Op;

namespace {

SortOperator sort_operator(Op op) {
    switch (op) {
        case Op::equal:
            return SortOperator::equal;
        case Op::less:
            return SortOperator::less;
        case Op::less_or_equal:
            return SortOperator::less_or_equal;
        case Op::greater:
            return SortOperator::greater;
        case Op::greater_or_equal:
            return SortOperator::greater_or_equal;
        case Op::between:
            return SortOperator::between;
        case Op::begins_with:
            return SortOperator::begins_with;
        default:
            return SortOperator::none;
    }
}

/// The operator with its sides exchanged; none where it is no comparison of two.
SortOperator mirrored(SortOperator op) {
    switch (op) {
        case SortOperator::equal:
            return SortOperator::equal;
        case SortOperator::less:
            return SortOperator::greater;
        case SortOperator::less_or_equal:
            return SortOperator::greater_or_equal;
        case SortOperator::greater:
            return SortOperator::less;
        case SortOperator::greater_or_equal:
            return SortOperator::less_or_equal;
        default:
            return SortOperator::none;
    }
}

void check_not_empty(const KeyAttribute& attribute, const AttributeValue& value) {
    if (value.text().empty()) {
        refuse_statement(
            "One or more parameter values are not valid. The AttributeValue for a key attribute "
            "cannot contain an empty " +
            std::string(value.is(AttributeType::string) ? "string" : "binary") +
            " value. Key: " + attribute.name);
    }
}

void check_values_of(const KeyAttribute& attribute, const ConditionNode& node) {
    for (const Operand& other : node.operands) {
        if (!is_value(other)) {
            continue;
        }
        if (!other.value.is(attribute.type)) {
            refuse_statement(
                "One or more parameter values were invalid: Condition parameter type does not "
                "match schema type");
        }
        if (node.op == Op::equal || node.op == Op::in) {
            check_not_empty(attribute, other.value);
        }
    }
}

}  // namespace

const KeyAttribute* PartiqlKeys::named(std::string_view attribute) const noexcept {
    if (attribute == key_.hash.name) {
        return &key_.hash;
    }
    return key_.sort && attribute == key_.sort->name ? &*key_.sort : nullptr;
}

const KeyAttribute* PartiqlKeys::attribute(const Operand& operand) const noexcept {
    if (operand.kind != Operand::Kind::path || operand.path.is_nested()) {
        return nullptr;
    }
    return named(operand.path.attribute());
}

KeyTerm PartiqlKeys::term(const ConditionNode& node) const noexcept {
    KeyTerm term;
    term.op = sort_operator(node.op);
    if (term.op == SortOperator::none) {
        return {};
    }
    const Operand& left = node.operands[0];
    const Operand& right = node.operands[1];
    if (is_value(right) && (node.operands.size() == 2 || is_value(node.operands[2]))) {
        term.attribute = attribute(left);
        term.value = &right.value;
        term.upper = &node.operands.back().value;
    } else if (is_value(left) && node.operands.size() == 2) {
        term.op = mirrored(term.op);
        term.attribute = term.op == SortOperator::none ? nullptr : attribute(right);
        term.value = &left.value;
    }
    return term;
}

void PartiqlKeys::check_path(const Path& path) const {
    if (path.is_nested() && named(path.attribute()) != nullptr) {
        refuse_statement(
            "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
            "allowed: Key: " +
            path.attribute());
    }
}

void PartiqlKeys::check_paths(const ConditionNode& node) const {
    for_each_path(node, [&](const Path& path) { check_path(path); });
}

void PartiqlKeys::check_values(const ConditionNode& node) const {
    for (const ConditionNode& child : node.children) {
        check_values(child);
    }
    for (const Operand& operand : node.operands) {
        if (const KeyAttribute* known = attribute(operand)) {
            check_values_of(*known, node);
        }
    }
}

void PartiqlKeys::check_value(const KeyAttribute& attribute, const AttributeValue& value) {
    if (!value.is(attribute.type)) {
        refuse_statement(
            "Key attribute's data type should match its data type in table's schema: Key " +
            attribute.name);
    }
    check_not_empty(attribute, value);
}

dynamodb::Item make_key(const KeySchema& key, const AttributeValue& hash,
                        const AttributeValue* sort, base::Arena& arena) {
    auto* attributes = arena.allocate_array<Attribute>(2);
    new (attributes) Attribute{arena.copy(std::string_view(key.hash.name)), hash};
    std::size_t count = 1;
    if (sort != nullptr) {
        new (attributes + count++) Attribute{arena.copy(std::string_view(key.sort->name)), *sort};
    }
    return dynamodb::Item(std::span<const Attribute>(attributes, count));
}

void refuse_statement(const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .service_code("ValidationException");
}

}  // namespace dynamigrate::expressions
