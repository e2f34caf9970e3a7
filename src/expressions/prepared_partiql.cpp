#include <dynamigrate/expressions/prepared_partiql.hpp>

#include "condition_tree.hpp"
#include "partiql_keys.hpp"
#include "update_tree.hpp"

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeValue;
using Kind = PartiqlStatement::Kind;
using Op = ConditionNode::Op;
using Parameters = std::span<const AttributeValue>;

/// BETWEEN compares its bounds, and a type may be named by a parameter.
bool depends_on_types_only(const ConditionNode& node) {
    const bool is_plain =
        node.op != Op::between && (node.op != Op::has_type || node.operands.size() == 1);
    return is_plain &&
           std::all_of(node.children.begin(), node.children.end(),
                       [](const ConditionNode& it) { return depends_on_types_only(it); });
}

bool depends_on_types_only(const PartiqlStatement& statement) {
    if (statement.kind != Kind::update && statement.kind != Kind::remove) {
        return false;
    }
    const ConditionTree* where = statement.condition.tree();
    const UpdateTree* update = statement.update.tree();
    const bool only_sets =
        update == nullptr ||
        std::all_of(update->actions.begin(), update->actions.end(), [](const UpdateAction& it) {
            return it.kind == UpdateAction::Kind::set || it.kind == UpdateAction::Kind::remove;
        });
    return only_sets && where != nullptr && depends_on_types_only(where->root);
}

template <class Node>
void put_value(Node& node, Parameters parameters) {
    if (node.parameter >= 0) {
        node.value = parameters[static_cast<std::size_t>(node.parameter)];
    }
}

void put(ConditionNode& node, Parameters parameters) {
    for (Operand& operand : node.operands) {
        put_value(operand, parameters);
    }
    for (ConditionNode& child : node.children) {
        put(child, parameters);
    }
}

void put(SetOperand& operand, Parameters parameters) {
    put_value(operand, parameters);
    for (SetOperand& inner : operand.operands) {
        put(inner, parameters);
    }
}

// The trees were made for one PreparedPartiql alone, and nobody uses them while it changes them.

void put(const Condition& condition, Parameters parameters) {
    if (const ConditionTree* tree = condition.tree()) {
        put(const_cast<ConditionTree*>(tree)->root, parameters);
    }
}

void put(const UpdateExpression& update, Parameters parameters) {
    if (const UpdateTree* tree = update.tree()) {
        for (UpdateAction& action : const_cast<UpdateTree*>(tree)->actions) {
            put(action.operand, parameters);
        }
    }
}

}  // namespace

void PreparedPartiql::prepare(std::string_view text, Parameters parameters) {
    if (fits(text, parameters)) {
        put(statement_.condition, parameters);
        put(statement_.update, parameters);
    } else {
        parse(text, parameters);
    }
    parameters_ = parameters;
}

bool PreparedPartiql::fits(std::string_view text, Parameters parameters) const {
    return is_reusable_ && text == text_ &&
           std::equal(parameters.begin(), parameters.end(), types_.begin(), types_.end(),
                      [](const AttributeValue& value, dynamodb::AttributeType type) {
                          return value.is(type);
                      });
}

void PreparedPartiql::parse(std::string_view text, Parameters parameters) {
    is_reusable_ = false;
    has_rest_ = false;
    statement_ = {};
    arena_.reset();
    text_ = text;
    statement_ = parse_partiql(text_, parameters, arena_);
    types_.clear();
    for (const AttributeValue& parameter : parameters) {
        types_.push_back(parameter.type());
    }
    is_reusable_ = depends_on_types_only(statement_);
}

PartiqlTarget PreparedPartiql::target(const dynamodb::KeySchema& key, base::Arena& arena) {
    if (!has_rest_ || key_ != key) {
        PartiqlTarget target = partiql_target(statement_, key, arena);
        has_rest_ = is_reusable_;
        key_ = key;
        rest_ = target.condition;
        return target;
    }
    put(rest_, parameters_);
    return {target_key(statement_, key, arena), rest_};
}

}  // namespace dynamigrate::expressions
