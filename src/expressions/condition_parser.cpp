#include "condition_checks.hpp"

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using Kind = RawExpression::Kind;
using Op = ConditionNode::Op;

Op comparison_op(std::string_view symbol) {
    if (symbol == "=") {
        return Op::equal;
    }
    if (symbol == "<>") {
        return Op::not_equal;
    }
    if (symbol == "<") {
        return Op::less;
    }
    if (symbol == "<=") {
        return Op::less_or_equal;
    }
    return symbol == ">" ? Op::greater : Op::greater_or_equal;
}

class ConditionBinder {
public:
    ConditionBinder(const Source& source, Substitutions& substitutions, base::Arena& arena)
        : source_(source),
          substitutions_(substitutions),
          arena_(arena) {}

    ConditionNode condition(const RawExpression& raw) {
        operators_.add(raw.kind == Kind::conjunction || raw.kind == Kind::disjunction
                           ? raw.children.size() - 1
                           : 1);
        ConditionNode node;
        node.begin = raw.begin;
        node.end = raw.end;
        switch (raw.kind) {
            case Kind::conjunction:
                bind_children(node, Op::conjunction, raw);
                break;
            case Kind::disjunction:
                bind_children(node, Op::disjunction, raw);
                break;
            case Kind::negation:
                bind_children(node, Op::negation, raw);
                break;
            case Kind::comparison:
                bind_comparison(node, raw);
                break;
            case Kind::between:
                bind_between(node, raw);
                break;
            case Kind::in:
                bind_in(node, raw);
                break;
            default:
                bind_function(node, raw);
                break;
        }
        return node;
    }

    void check_operators() const { operators_.check(source_); }

private:
    void bind_children(ConditionNode& node, Op op, const RawExpression& raw) {
        node.op = op;
        for (const RawExpression& child : raw.children) {
            node.children.push_back(condition(child));
        }
    }

    void bind_operands(ConditionNode& node, const RawExpression& raw) {
        for (const RawExpression& child : raw.children) {
            node.operands.push_back(operand(child));
        }
    }

    void bind_comparison(ConditionNode& node, const RawExpression& raw) {
        node.op = comparison_op(raw.symbol);
        bind_operands(node, raw);
        check_operands(node, place_of(raw));
    }

    void bind_between(ConditionNode& node, const RawExpression& raw) {
        node.op = Op::between;
        bind_operands(node, raw);
        check_operands(node, place_of(raw));
    }

    void bind_in(ConditionNode& node, const RawExpression& raw) {
        node.op = Op::in;
        check_in_count(raw.children.size() - 1, place_of(raw));
        bind_operands(node, raw);
        check_operands(node, place_of(raw));
    }

    void bind_function(ConditionNode& node, const RawExpression& raw) {
        const ConditionFunction& function = find_function(raw);
        if (!function.op) {
            refuse_use(place_of(raw));
        }
        node.op = *function.op;
        bind_operands(node, raw);
        check_count(function, raw.children.size(), place_of(raw));
        check_operands(node, place_of(raw));
    }

    Operand operand(const RawExpression& raw) {
        Operand result;
        if (raw.kind == Kind::path) {
            result.path = bind_path(source_, raw.path, substitutions_);
        } else if (raw.kind == Kind::value) {
            result.kind = Operand::Kind::value;
            result.value = bind_value(source_, raw, substitutions_).clone(arena_);
        } else {
            return size_operand(raw);
        }
        return result;
    }

    Operand size_operand(const RawExpression& raw) {
        operators_.add();
        const ConditionFunction& function = find_function(raw);
        if (function.op) {
            refuse_use(place_of(raw));
        }
        check_count(function, raw.children.size(), place_of(raw));
        return size_of(operand(raw.children.front()), place_of(raw));
    }

    const ConditionFunction& find_function(const RawExpression& raw) const {
        const ConditionFunction* function = find_condition_function(raw.symbol, place_of(raw));
        if (function == nullptr) {
            source_.fail(raw.begin, "Invalid function name; function: " + std::string(raw.symbol));
        }
        return *function;
    }

    OperatorPlace place_of(const RawExpression& raw) const {
        return {source_, raw.begin, raw.symbol};
    }

    const Source& source_;
    Substitutions& substitutions_;
    base::Arena& arena_;
    OperatorCount operators_;
};

}  // namespace

void summarise(ConditionTree& tree) {
    for_each_path(tree.root, [&](const Path& path) {
        tree.attributes.push_back(path.attribute());
        if (path.is_nested()) {
            tree.entered.push_back(path.attribute());
        }
    });
    make_unique(tree.attributes);
    make_unique(tree.entered);
}

ConditionTree parse_condition_tree(const Source& source, Substitutions& substitutions) {
    TokenCursor cursor(source);
    RawExpression raw = parse_raw_condition(cursor);
    ConditionTree tree;
    ConditionBinder binder(source, substitutions, tree.arena);
    tree.root = binder.condition(raw);
    binder.check_operators();
    summarise(tree);
    return tree;
}

}  // namespace dynamigrate::expressions
