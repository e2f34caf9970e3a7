#include "condition_checks.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <array>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using Op = ConditionNode::Op;

constexpr std::size_t kMaxInOperands = 100;

constexpr auto kFunctions = std::to_array<ConditionFunction>({
    {"attribute_exists", 1, Op::exists},
    {"attribute_not_exists", 1, Op::not_exists},
    {"attribute_type", 2, Op::has_type},
    {"begins_with", 2, Op::begins_with},
    {"contains", 2, Op::contains},
    {"size", 1, std::nullopt},
});

constexpr auto kTypes = std::to_array<AttributeType>({
    AttributeType::string,
    AttributeType::number,
    AttributeType::binary,
    AttributeType::boolean,
    AttributeType::null,
    AttributeType::string_set,
    AttributeType::number_set,
    AttributeType::binary_set,
    AttributeType::list,
    AttributeType::map,
});

/// Whether values of the type have an order.
bool is_ordered(AttributeType type) {
    return type == AttributeType::string || type == AttributeType::number ||
           type == AttributeType::binary;
}

bool has_beginning(AttributeType type) {
    return type == AttributeType::string || type == AttributeType::binary;
}

bool has_size(AttributeType type) {
    return type != AttributeType::number && type != AttributeType::boolean &&
           type != AttributeType::null;
}

/// The type of an operand that is known before any item is seen.
std::optional<AttributeType> static_type(const Operand& operand) {
    switch (operand.kind) {
        case Operand::Kind::path:
            return std::nullopt;
        case Operand::Kind::value:
            return operand.value.type();
        default:
            return AttributeType::number;
    }
}

std::string describe(const AttributeValue& value) {
    return "AttributeValue: {" + std::string(to_string(value.type())) + ":" +
           std::string(value.text()) + "}";
}

bool is_above(const AttributeValue& a, const AttributeValue& b) {
    return a.is(AttributeType::number) ? dynamodb::compare_numbers(a.text(), b.text()) > 0
                                       : a.text() > b.text();
}

[[noreturn]] void refuse_type(std::string_view type, const OperatorPlace& place) {
    place.fail("Incorrect operand type for operator or function; operator or function: " +
               std::string(place.symbol) + ", operand type: " + std::string(type));
}

void check_types(const ConditionNode& node, bool (*is_allowed)(AttributeType),
                 const OperatorPlace& place) {
    for (const Operand& operand : node.operands) {
        std::optional<AttributeType> type = static_type(operand);
        if (type && !is_allowed(*type)) {
            refuse_type(to_string(*type), place);
        }
    }
}

void check_first_is_distinct(const ConditionNode& node, const OperatorPlace& place) {
    const Operand& first = node.operands.front();
    if (first.kind != Operand::Kind::path) {
        return;
    }
    for (std::size_t i = 1; i < node.operands.size(); ++i) {
        if (node.operands[i].kind == Operand::Kind::path && node.operands[i].path == first.path) {
            place.fail(
                "The first operand must be distinct from the remaining operands for "
                "this operator or function; operator: " +
                std::string(place.symbol) + ", first operand: " + path_for_message(first.path));
        }
    }
}

void check_bounds(const ConditionNode& node, const OperatorPlace& place) {
    const Operand& low = node.operands[1];
    const Operand& high = node.operands[2];
    if (low.kind != Operand::Kind::value || high.kind != Operand::Kind::value) {
        return;
    }
    std::string bounds = "; lower bound operand: " + describe(low.value) +
                         ", upper bound operand: " + describe(high.value);
    if (low.value.type() != high.value.type()) {
        place.fail("The BETWEEN operator requires same data type for lower and upper bounds" +
                   bounds);
    }
    if (is_above(low.value, high.value)) {
        place.fail(
            "The BETWEEN operator requires upper bound to be greater than or equal to "
            "lower bound" +
            bounds);
    }
}

void check_is_path(const ConditionNode& node, const OperatorPlace& place) {
    if (node.operands.front().kind != Operand::Kind::path) {
        place.fail("Operator or function requires a document path; operator or function: " +
                   std::string(place.symbol));
    }
}

AttributeType wanted_type(const Operand& wanted, const OperatorPlace& place) {
    if (wanted.kind != Operand::Kind::value || !wanted.value.is(AttributeType::string)) {
        std::optional<AttributeType> type = static_type(wanted);
        refuse_type(type ? to_string(*type) : "a document path", place);
    }
    for (AttributeType type : kTypes) {
        if (to_string(type) == wanted.value.text()) {
            return type;
        }
    }
    place.fail("Invalid attribute type name found; type: " + std::string(wanted.value.text()) +
               ", valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}");
}

}  // namespace

const ConditionFunction* find_condition_function(std::string_view name,
                                                 const OperatorPlace& place) {
    for (const ConditionFunction& function : kFunctions) {
        if (function.name == name) {
            return &function;
        }
    }
    if (name == "if_not_exists" || name == "list_append") {
        place.fail("The function is not allowed in a condition expression; function: " +
                   std::string(name));
    }
    return nullptr;
}

void check_count(const ConditionFunction& function, std::size_t count, const OperatorPlace& place) {
    if (count != function.operands) {
        place.fail("Incorrect number of operands for operator or function; operator or function: " +
                   std::string(place.symbol) + ", number of operands: " + std::to_string(count));
    }
}

void check_in_count(std::size_t count, const OperatorPlace& place) {
    if (count > kMaxInOperands) {
        place.fail("The IN operator is provided with too many operands; number of operands: " +
                   std::to_string(count));
    }
}

void check_operands(ConditionNode& node, const OperatorPlace& place) {
    switch (node.op) {
        case Op::exists:
        case Op::not_exists:
            check_is_path(node, place);
            return;
        case Op::has_type:
            node.type = wanted_type(node.operands[1], place);
            return;
        case Op::begins_with:
            check_types(node, has_beginning, place);
            check_first_is_distinct(node, place);
            return;
        case Op::less:
        case Op::less_or_equal:
        case Op::greater:
        case Op::greater_or_equal:
            check_first_is_distinct(node, place);
            check_types(node, is_ordered, place);
            return;
        case Op::between:
            check_first_is_distinct(node, place);
            check_types(node, is_ordered, place);
            check_bounds(node, place);
            return;
        default:
            check_first_is_distinct(node, place);
            return;
    }
}

Operand size_of(Operand measured, const OperatorPlace& place) {
    if (std::optional<AttributeType> type = static_type(measured); type && !has_size(*type)) {
        refuse_type(to_string(*type), place);
    }
    measured.kind = measured.kind == Operand::Kind::path ? Operand::Kind::size_of_path
                                                         : Operand::Kind::size_of_value;
    return measured;
}

void refuse_use(const OperatorPlace& place) {
    place.fail("The function is not allowed to be used this way in an expression; function: " +
               std::string(place.symbol));
}

}  // namespace dynamigrate::expressions
