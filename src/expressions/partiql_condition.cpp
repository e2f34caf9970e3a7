#include "condition_checks.hpp"
#include "partiql_binder.hpp"

#include <algorithm>
#include <array>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using Kind = PartiqlNode::Kind;
using Op = ConditionNode::Op;
using Operator = PartiqlOperator;

struct NamedType {
    std::string_view name;
    AttributeType type;
};

constexpr auto kTypes = std::to_array<NamedType>({
    {"boolean", AttributeType::boolean},
    {"bool", AttributeType::boolean},
    {"blob", AttributeType::binary},
    {"string", AttributeType::string},
    {"numeric", AttributeType::number},
    {"struct", AttributeType::map},
    {"tuple", AttributeType::map},
    {"list", AttributeType::list},
});

/// The comparisons stand in the same order.
Op comparison_op(Operator op) {
    return static_cast<Op>(static_cast<int>(Op::equal) + static_cast<int>(op) -
                           static_cast<int>(Operator::equal));
}

static_assert(static_cast<int>(Op::greater_or_equal) - static_cast<int>(Op::equal) ==
              static_cast<int>(Operator::greater_or_equal) - static_cast<int>(Operator::equal));

std::string upper(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return result;
}

class PartiqlConditionBinder {
public:
    explicit PartiqlConditionBinder(const PartiqlValues& values) : values_(values) {}

    ConditionNode whole(const PartiqlNode& where) {
        const bool is_size = where.is(Kind::call) && where.text == "size";
        if (!where.is_expression() || is_size) {
            values_.check_operand(where);
            if (where.is(Kind::parameter)) {
                values_.value(where);
            }
            fail(where, "WHERE clause must contain an expression that resolves to a boolean");
        }
        ConditionNode root = condition(where);
        operators_.check(source());
        return root;
    }

private:
    ConditionNode condition(const PartiqlNode& node) {
        if (node.is(Kind::call)) {
            return function(node);
        }
        switch (node.op) {
            case Operator::disjunction:
                return compound(Op::disjunction, node);
            case Operator::conjunction:
                return compound(Op::conjunction, node);
            case Operator::negation:
                return negation(node);
            case Operator::is:
                return is_test(node);
            case Operator::in:
                return in(node);
            case Operator::between:
                return simple(Op::between, node, "BETWEEN");
            case Operator::equal:
            case Operator::not_equal:
                if (const PartiqlNode* tested = tested_for_truth(node)) {
                    return truth(node, *tested);
                }
                [[fallthrough]];
            case Operator::less:
            case Operator::less_or_equal:
            case Operator::greater:
            case Operator::greater_or_equal:
                return simple(comparison_op(node.op), node, to_string(node.op));
            default:
                refuse_operator(node);
        }
    }

    /// Parts of the same kind become parts of the whole.
    ConditionNode compound(Op op, const PartiqlNode& node) {
        ConditionNode result;
        result.op = op;
        result.children.reserve(node.child_count());
        operators_.add(node.child_count() - 1);
        for (const PartiqlNode* child = node.first; child != nullptr; child = child->next) {
            if (!child->is_expression()) {
                values_.check_operand(*child);
                fail(*child, "The arguments to AND/OR must be Expressions");
            }
            check_truth(*child, op == Op::conjunction ? "AND" : "OR");
            ConditionNode part = condition(*child);
            if (part.op == op) {
                std::move(part.children.begin(), part.children.end(),
                          std::back_inserter(result.children));
            } else {
                result.children.push_back(std::move(part));
            }
        }
        return result;
    }

    ConditionNode negation(const PartiqlNode& node) {
        operators_.add();
        if (!node.first->is_expression()) {
            values_.check_operand(*node.first);
            fail(*node.first, "The argument to NOT must be a Type or Expression");
        }
        check_truth(*node.first, "NOT");
        ConditionNode result;
        result.op = Op::negation;
        result.children.push_back(condition(*node.first));
        return result;
    }

    /// size(x) says neither true nor false.
    void check_truth(const PartiqlNode& node, std::string_view symbol) const {
        if (node.is(Kind::call) && node.text == "size") {
            fail(node, "Incorrect operand type for operator or function; operator or function: " +
                           std::string(symbol) + ", operand type: N");
        }
    }

    /// The condition that is compared with TRUE or FALSE, if that is what the comparison does.
    static const PartiqlNode* tested_for_truth(const PartiqlNode& node) {
        const PartiqlNode& left = *node.first;
        const PartiqlNode& right = *left.next;
        if (right.is(Kind::boolean) && is_condition(left)) {
            return &left;
        }
        return left.is(Kind::boolean) && is_condition(right) ? &right : nullptr;
    }

    static bool is_condition(const PartiqlNode& node) {
        if (node.is(Kind::call)) {
            return node.text != "size";
        }
        return node.op != Operator::none && node.op < Operator::like;
    }

    ConditionNode truth(const PartiqlNode& node, const PartiqlNode& tested) {
        operators_.add();
        const PartiqlNode& wanted = &tested == node.first ? *node.first->next : *node.first;
        const bool is_plain = wanted.flag == node.is(Operator::equal);
        if (is_plain) {
            return condition(tested);
        }
        ConditionNode result;
        result.op = Op::negation;
        result.children.push_back(condition(tested));
        return result;
    }

    ConditionNode simple(Op op, const PartiqlNode& node, std::string_view symbol) {
        operators_.add();
        ConditionNode result;
        result.op = op;
        add_operands(result, node.first);
        check_operands(result, {source(), node.offset, symbol});
        return result;
    }

    void add_operands(ConditionNode& result, const PartiqlNode* first) {
        std::size_t count = 0;
        for (const PartiqlNode* child = first; child != nullptr; child = child->next) {
            ++count;
        }
        result.operands.reserve(result.operands.size() + count);
        for (const PartiqlNode* child = first; child != nullptr; child = child->next) {
            result.operands.push_back(operand(*child));
        }
    }

    ConditionNode is_test(const PartiqlNode& node) {
        operators_.add();
        const PartiqlNode& left = *node.first;
        if (!left.is(Kind::path) && (!PartiqlValues::is_value(left) || left.is(Kind::parameter))) {
            fail(
                left,
                "The left hand side argument to IS must be a Variable Reference, Literal, or Path");
        }
        ConditionNode result;
        result.operands.push_back(operand(left));
        if (node.text == "missing") {
            result.op = Op::not_exists;
            check_operands(result, {source(), node.offset, "attribute_not_exists"});
        } else if (node.text == "null") {
            result.op = Op::equal;
            result.operands.emplace_back().kind = Operand::Kind::value;
        } else {
            result.op = Op::has_type;
            result.type = type_named(node);
        }
        return result;
    }

    AttributeType type_named(const PartiqlNode& node) const {
        for (const NamedType& candidate : kTypes) {
            if (candidate.name == node.text) {
                return candidate.type;
            }
        }
        const bool is_short = node.text == "int" || node.text == "char";
        const std::string name =
            is_short ? (node.text == "int" ? "INTEGER" : "CHARACTER") : upper(node.text);
        refuse_at(source(), node,
                  "Unsupported data type for IS operator: " + name +
                      ". Supported data types are [MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, "
                      "STRUCT, TUPLE, LIST]");
    }

    ConditionNode in(const PartiqlNode& node) {
        operators_.add();
        const PartiqlNode& list = *node.first->next;
        const bool is_list = list.is(Kind::sequence) || list.is(Kind::list) || list.is(Kind::bag);
        if (!is_list || list.first == nullptr) {
            fail(list,
                 "IN operator must have a left hand argument of type Variable Reference and right "
                 "hand argument of type Seq with at least one member");
        }
        const OperatorPlace place{source(), node.offset, "IN"};
        check_in_count(list.child_count(), place);
        ConditionNode result;
        result.op = Op::in;
        result.operands.push_back(operand(*node.first));
        add_operands(result, list.first);
        check_operands(result, place);
        return result;
    }

    ConditionNode function(const PartiqlNode& node) {
        operators_.add();
        const ConditionFunction& function = find_function(node);
        const OperatorPlace place = place_of(node);
        if (!function.op) {
            refuse_use(place);
        }
        ConditionNode result;
        result.op = *function.op;
        add_operands(result, node.first);
        check_count(function, result.operands.size(), place);
        check_operands(result, place);
        return result;
    }

    Operand operand(const PartiqlNode& node) {
        Operand result;
        if (node.is(Kind::path)) {
            result.path = values_.path(node);
        } else if (PartiqlValues::is_value(node)) {
            result.kind = Operand::Kind::value;
            result.value = values_.value(node);
            result.parameter = PartiqlValues::parameter_of(node);
        } else if (node.is(Kind::call)) {
            return size_operand(node);
        } else {
            values_.check_operand(node);
            refuse_operator(node);
        }
        return result;
    }

    Operand size_operand(const PartiqlNode& node) {
        operators_.add();
        const ConditionFunction& function = find_function(node);
        if (function.op) {
            refuse_use(place_of(node));
        }
        check_count(function, node.child_count(), place_of(node));
        Operand measured = operand(*node.first);
        return size_of(std::move(measured), place_of(node));
    }

    const ConditionFunction& find_function(const PartiqlNode& node) const {
        const ConditionFunction* function = find_condition_function(node.text, place_of(node));
        if (node.first != nullptr) {
            values_.check_operand(*node.first);
        }
        if (function == nullptr) {
            fail(node, "Unrecognized function: " + std::string(node.text));
        }
        return *function;
    }

    [[noreturn]] void refuse_operator(const PartiqlNode& node) const {
        fail(node, "Unsupported operator in Condition Expression. Operator: " +
                       std::string(to_string(node.op)));
    }

    OperatorPlace place_of(const PartiqlNode& node) const {
        return {source(), node.offset, node.text};
    }
    const Source& source() const noexcept { return values_.source(); }
    [[noreturn]] void fail(const PartiqlNode& node, const std::string& message) const {
        source().fail(node.offset, message);
    }

    const PartiqlValues& values_;
    OperatorCount operators_;
};

}  // namespace

std::shared_ptr<const ConditionTree> bind_partiql_condition(const PartiqlNode& where,
                                                            const PartiqlValues& values) {
    auto tree = std::make_shared<ConditionTree>();
    tree->root = PartiqlConditionBinder(values).whole(where);
    summarise(*tree);
    return tree;
}

}  // namespace dynamigrate::expressions
