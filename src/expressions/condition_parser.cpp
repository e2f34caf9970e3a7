#include "condition_tree.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>
#include <array>
#include <optional>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using Kind = RawExpression::Kind;
using Op = ConditionNode::Op;

constexpr std::size_t kMaxInOperands = 100;

struct Function {
    std::string_view name;
    std::size_t operands;
    std::optional<Op> op;  ///< nothing for size, which is an operand
};

constexpr auto kFunctions = std::to_array<Function>({
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

/// Whether values of the type have an order.
bool is_ordered(AttributeType type) {
    return type == AttributeType::string || type == AttributeType::number ||
           type == AttributeType::binary;
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
        check_first_is_distinct(node, raw);
        if (node.op != Op::equal && node.op != Op::not_equal) {
            check_types(node, raw, is_ordered);
        }
    }

    void bind_between(ConditionNode& node, const RawExpression& raw) {
        node.op = Op::between;
        bind_operands(node, raw);
        check_first_is_distinct(node, raw);
        check_types(node, raw, is_ordered);
        const Operand& low = node.operands[1];
        const Operand& high = node.operands[2];
        if (low.kind != Operand::Kind::value || high.kind != Operand::Kind::value) {
            return;
        }
        std::string bounds = "; lower bound operand: " + describe(low.value) +
                             ", upper bound operand: " + describe(high.value);
        if (low.value.type() != high.value.type()) {
            source_.fail(
                raw.begin,
                "The BETWEEN operator requires same data type for lower and upper bounds" + bounds);
        }
        if (is_above(low.value, high.value)) {
            source_.fail(raw.begin,
                         "The BETWEEN operator requires upper bound to be greater than or equal to "
                         "lower bound" +
                             bounds);
        }
    }

    void bind_in(ConditionNode& node, const RawExpression& raw) {
        node.op = Op::in;
        if (raw.children.size() - 1 > kMaxInOperands) {
            source_.fail(
                raw.begin,
                "The IN operator is provided with too many operands; number of operands: " +
                    std::to_string(raw.children.size() - 1));
        }
        bind_operands(node, raw);
        check_first_is_distinct(node, raw);
    }

    void bind_function(ConditionNode& node, const RawExpression& raw) {
        const Function& function = find_function(raw);
        if (!function.op) {
            refuse_use(raw);
        }
        node.op = *function.op;
        bind_operands(node, raw);
        check_count(raw, function.operands);
        switch (node.op) {
            case Op::exists:
            case Op::not_exists:
                check_is_path(node, raw);
                break;
            case Op::has_type:
                bind_type(node, raw);
                break;
            case Op::begins_with:
                check_types(node, raw, [](AttributeType type) {
                    return type == AttributeType::string || type == AttributeType::binary;
                });
                [[fallthrough]];
            default:
                check_first_is_distinct(node, raw);
                break;
        }
    }

    void check_is_path(const ConditionNode& node, const RawExpression& raw) const {
        if (node.operands.front().kind != Operand::Kind::path) {
            source_.fail(raw.begin,
                         "Operator or function requires a document path; operator or function: " +
                             std::string(raw.symbol));
        }
    }

    void bind_type(ConditionNode& node, const RawExpression& raw) {
        const Operand& wanted = node.operands[1];
        if (wanted.kind != Operand::Kind::value || !wanted.value.is(AttributeType::string)) {
            std::optional<AttributeType> type = static_type(wanted);
            refuse_type(raw, type ? to_string(*type) : "a document path");
        }
        for (AttributeType type : kTypes) {
            if (to_string(type) == wanted.value.text()) {
                node.type = type;
                return;
            }
        }
        source_.fail(raw.begin, "Invalid attribute type name found; type: " +
                                    std::string(wanted.value.text()) +
                                    ", valid types: {N,BS,L,B,NULL,M,S,SS,NS,BOOL}");
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
        const Function& function = find_function(raw);
        if (function.op) {
            refuse_use(raw);
        }
        check_count(raw, function.operands);
        Operand result = operand(raw.children.front());
        if (std::optional<AttributeType> type = static_type(result); type && !has_size(*type)) {
            refuse_type(raw, to_string(*type));
        }
        result.kind = result.kind == Operand::Kind::path ? Operand::Kind::size_of_path
                                                         : Operand::Kind::size_of_value;
        return result;
    }

    const Function& find_function(const RawExpression& raw) const {
        for (const Function& function : kFunctions) {
            if (function.name == raw.symbol) {
                return function;
            }
        }
        if (raw.symbol == "if_not_exists" || raw.symbol == "list_append") {
            source_.fail(raw.begin,
                         "The function is not allowed in a condition expression; function: " +
                             std::string(raw.symbol));
        }
        source_.fail(raw.begin, "Invalid function name; function: " + std::string(raw.symbol));
    }

    void check_count(const RawExpression& raw, std::size_t wanted) const {
        if (raw.children.size() != wanted) {
            source_.fail(raw.begin,
                         "Incorrect number of operands for operator or function; operator or "
                         "function: " +
                             std::string(raw.symbol) +
                             ", number of operands: " + std::to_string(raw.children.size()));
        }
    }

    void check_first_is_distinct(const ConditionNode& node, const RawExpression& raw) const {
        const Operand& first = node.operands.front();
        if (first.kind != Operand::Kind::path) {
            return;
        }
        for (std::size_t i = 1; i < node.operands.size(); ++i) {
            if (node.operands[i].kind == Operand::Kind::path &&
                node.operands[i].path == first.path) {
                source_.fail(raw.begin,
                             "The first operand must be distinct from the remaining operands for "
                             "this operator or function; operator: " +
                                 std::string(raw.symbol) +
                                 ", first operand: " + path_for_message(first.path));
            }
        }
    }

    template <class Predicate>
    void check_types(const ConditionNode& node, const RawExpression& raw,
                     Predicate is_allowed) const {
        for (const Operand& operand : node.operands) {
            std::optional<AttributeType> type = static_type(operand);
            if (type && !is_allowed(*type)) {
                refuse_type(raw, to_string(*type));
            }
        }
    }

    [[noreturn]] void refuse_type(const RawExpression& raw, std::string_view type) const {
        source_.fail(raw.begin,
                     "Incorrect operand type for operator or function; operator or function: " +
                         std::string(raw.symbol) + ", operand type: " + std::string(type));
    }

    [[noreturn]] void refuse_use(const RawExpression& raw) const {
        source_.fail(
            raw.begin,
            "The function is not allowed to be used this way in an expression; function: " +
                std::string(raw.symbol));
    }

    const Source& source_;
    Substitutions& substitutions_;
    base::Arena& arena_;
    OperatorCount operators_;
};

}  // namespace

ConditionTree parse_condition_tree(const Source& source, Substitutions& substitutions) {
    TokenCursor cursor(source);
    RawExpression raw = parse_raw_condition(cursor);
    ConditionTree tree;
    ConditionBinder binder(source, substitutions, tree.arena);
    tree.root = binder.condition(raw);
    binder.check_operators();
    for_each_path(tree.root,
                  [&](const Path& path) { tree.attributes.push_back(path.attribute()); });
    std::sort(tree.attributes.begin(), tree.attributes.end());
    tree.attributes.erase(std::unique(tree.attributes.begin(), tree.attributes.end()),
                          tree.attributes.end());
    return tree;
}

}  // namespace dynamigrate::expressions
