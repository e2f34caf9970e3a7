#pragma once

#include "syntax.hpp"

#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/expressions/condition.hpp>

#include <string>
#include <vector>

namespace dynamigrate::expressions {

/// One side of a comparison or an argument.
struct Operand {
    enum class Kind { path, value, size_of_path, size_of_value };

    Kind kind = Kind::path;
    Path path;
    dynamodb::AttributeValue value;  ///< in the tree's arena
    std::int32_t parameter = -1;     ///< which parameter of a statement the value is
};

/// A checked condition.
struct ConditionNode {
    enum class Op {
        equal,
        not_equal,
        less,
        less_or_equal,
        greater,
        greater_or_equal,
        between,
        in,
        exists,
        not_exists,
        has_type,
        begins_with,
        contains,
        conjunction,
        disjunction,
        negation,
    };

    Op op = Op::equal;
    std::vector<Operand> operands;
    std::vector<ConditionNode> children;
    dynamodb::AttributeType type = dynamodb::AttributeType::null;  ///< for has_type
    std::size_t begin = 0;  ///< range in the text, parentheses included
    std::size_t end = 0;
};

struct ConditionTree {
    base::Arena arena{512};
    ConditionNode root;
    std::vector<std::string> attributes;
    std::vector<std::string> entered;
};

/// Parses and checks; the values are cloned into the tree's arena.
ConditionTree parse_condition_tree(const Source& source, Substitutions& substitutions);

/// Notes the attributes that the tree's root names, and which of them it looks into.
void summarise(ConditionTree& tree);

/// Requires at least one test.
ConditionTree make_condition_tree(std::span<const AttributeTest> tests, bool is_any);

/// Calls `visit` for every path that the condition names.
template <class Visit>
void for_each_path(const ConditionNode& node, const Visit& visit) {
    for (const Operand& operand : node.operands) {
        if (operand.kind == Operand::Kind::path || operand.kind == Operand::Kind::size_of_path) {
            visit(operand.path);
        }
    }
    for (const ConditionNode& child : node.children) {
        for_each_path(child, visit);
    }
}

bool matches(const ConditionNode& node, const dynamodb::Item& item) noexcept;
std::string to_string(const ConditionNode& node);

}  // namespace dynamigrate::expressions
