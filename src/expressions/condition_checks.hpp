#pragma once

#include "condition_tree.hpp"

#include <optional>

/// What DynamoDB says of a condition's operands before it sees any item, in expressions and in
/// PartiQL.
namespace dynamigrate::expressions {

struct ConditionFunction {
    std::string_view name;
    std::size_t operands;
    std::optional<ConditionNode::Op> op;  ///< nothing for size, which is an operand
};

/// The function named by the symbol, or nullptr. Errors: a function that only updates have.
const ConditionFunction* find_condition_function(std::string_view name, const OperatorPlace& place);

/// Refuses another number of operands than the function has.
void check_count(const ConditionFunction& function, std::size_t count, const OperatorPlace& place);
/// Refuses an IN over too many operands.
void check_in_count(std::size_t count, const OperatorPlace& place);
/// Checks the node's operands, and finds the type that attribute_type asks for.
void check_operands(ConditionNode& node, const OperatorPlace& place);
/// size(operand). Errors: an operand that is known to have no size.
Operand size_of(Operand measured, const OperatorPlace& place);
[[noreturn]] void refuse_use(const OperatorPlace& place);

}  // namespace dynamigrate::expressions
