#include "condition_tree.hpp"

#include <algorithm>
#include <array>

namespace dynamigrate::expressions {
namespace {

using Op = ConditionNode::Op;

constexpr auto kOps = std::to_array<Op>({
    Op::equal,
    Op::not_equal,
    Op::less,
    Op::less_or_equal,
    Op::greater,
    Op::greater_or_equal,
    Op::between,
    Op::in,
    Op::exists,
    Op::not_exists,
    Op::begins_with,
    Op::contains,
});

Operand attribute_operand(std::string_view name) {
    Operand operand;
    operand.path.steps.push_back({std::string(name), -1});
    return operand;
}

ConditionNode compound(Op op, std::vector<ConditionNode> children) {
    ConditionNode node;
    node.op = op;
    node.children = std::move(children);
    return node;
}

ConditionNode simple(Op op, const AttributeTest& test, base::Arena& arena) {
    ConditionNode node;
    node.op = op;
    node.operands.push_back(attribute_operand(test.attribute));
    for (const dynamodb::AttributeValue& value : test.operands) {
        Operand operand;
        operand.kind = Operand::Kind::value;
        operand.value = value.clone(arena);
        node.operands.push_back(std::move(operand));
    }
    return node;
}

ConditionNode node_of(const AttributeTest& test, base::Arena& arena) {
    if (test.comparison != Comparison::not_contains) {
        return simple(kOps[static_cast<std::size_t>(test.comparison)], test, arena);
    }
    ConditionNode is_there;
    is_there.op = Op::exists;
    is_there.operands.push_back(attribute_operand(test.attribute));
    return compound(Op::conjunction, {std::move(is_there),
                                      compound(Op::negation, {simple(Op::contains, test, arena)})});
}

}  // namespace

ConditionTree make_condition_tree(std::span<const AttributeTest> tests, bool is_any) {
    ConditionTree tree;
    std::vector<ConditionNode> nodes;
    for (const AttributeTest& test : tests) {
        nodes.push_back(node_of(test, tree.arena));
        tree.attributes.emplace_back(test.attribute);
    }
    tree.root = nodes.size() == 1
                    ? std::move(nodes.front())
                    : compound(is_any ? Op::disjunction : Op::conjunction, std::move(nodes));
    std::sort(tree.attributes.begin(), tree.attributes.end());
    tree.attributes.erase(std::unique(tree.attributes.begin(), tree.attributes.end()),
                          tree.attributes.end());
    return tree;
}

}  // namespace dynamigrate::expressions
