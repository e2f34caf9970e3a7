#include "partiql_binder.hpp"

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeValue;
using Kind = PartiqlNode::Kind;
using Operator = PartiqlOperator;

class PartiqlUpdateBinder {
public:
    explicit PartiqlUpdateBinder(const PartiqlValues& values) : values_(values) {}

    UpdateAction action(const PartiqlAction& written) {
        UpdateAction action;
        action.path = values_.path(*written.path);
        if (written.value == nullptr) {
            action.kind = UpdateAction::Kind::remove;
        } else if (is_set_function(*written.value)) {
            change_set(action, *written.value);
        } else {
            action.operand = operand(*written.value);
        }
        return action;
    }

    void check_operators() const { operators_.check(source()); }

private:
    static bool is_set_function(const PartiqlNode& node) {
        return node.is(Kind::call) && (node.text == "set_add" || node.text == "set_delete");
    }

    /// SET a = set_add(a, set) is what ADD is in an update expression; set_delete is its DELETE.
    void change_set(UpdateAction& action, const PartiqlNode& call) {
        const bool is_add = call.text == "set_add";
        const std::string name = is_add ? "SET_ADD" : "SET_DELETE";
        if (call.child_count() != 2) {
            refuse_at(source(), call, name + " must have exactly two arguments");
        }
        const PartiqlNode& target = *call.first;
        const PartiqlNode& change = *target.next;
        if (!target.is(Kind::path) || values_.path(target) != action.path) {
            fail(target, "The first argument to " + name + " must equal the assignment value");
        }
        if (PartiqlValues::is_value(change)) {
            action.value = values_.value(change);
        }
        if (!action.value.is_set()) {
            refuse_at(source(), target,
                      "The second argument to " + name + " must be a value with type SET");
        }
        action.kind = is_add ? UpdateAction::Kind::add : UpdateAction::Kind::erase;
        operators_.add();
    }

    SetOperand operand(const PartiqlNode& node) {
        SetOperand result;
        if (node.is(Kind::path)) {
            result.path = values_.path(node);
        } else if (PartiqlValues::is_value(node)) {
            result.kind = SetOperand::Kind::value;
            result.value = values_.value(node);
            result.parameter = PartiqlValues::parameter_of(node);
        } else if (node.is(Kind::call)) {
            function(result, node);
        } else {
            values_.check_operand(node);
            arithmetic(result, node);
        }
        return result;
    }

    void arithmetic(SetOperand& result, const PartiqlNode& node) {
        if (node.is(Operator::is)) {
            fail(node, "IS operator is not supported in update expressions");
        }
        if (!node.is(Operator::plus) && !node.is(Operator::minus)) {
            fail(node, "Unsupported operator in Update Expression. Operator: " +
                           std::string(to_string(node.op)));
        }
        check_count(node, to_string(node.op));
        result.kind = node.is(Operator::plus) ? SetOperand::Kind::plus : SetOperand::Kind::minus;
        add_operands(result, node, to_string(node.op));
    }

    void check_count(const PartiqlNode& node, std::string_view symbol) const {
        if (node.child_count() != 2) {
            fail(node,
                 "Incorrect number of operands for operator or function; operator or function: " +
                     std::string(symbol) +
                     ", number of operands: " + std::to_string(node.child_count()));
        }
    }

    void add_operands(SetOperand& result, const PartiqlNode& node, std::string_view symbol) {
        operators_.add();
        result.operands.push_back(operand(*node.first));
        result.operands.push_back(operand(*node.first->next));
        check_operands(result, {source(), node.offset, symbol});
    }

    void function(SetOperand& result, const PartiqlNode& node) {
        if (node.text == "list_append") {
            check_count(node, node.text);
            result.kind = SetOperand::Kind::list_append;
            add_operands(result, node, node.text);
        } else if (node.text == "if_not_exists") {
            check_count(node, node.text);
            if_not_exists(result, node);
        } else {
            refuse_function(node);
        }
    }

    void if_not_exists(SetOperand& result, const PartiqlNode& node) {
        operators_.add();
        if (!node.first->is(Kind::path)) {
            fail(node,
                 "Operator or function requires a document path; operator or function: "
                 "if_not_exists");
        }
        result.kind = SetOperand::Kind::if_not_exists;
        result.path = values_.path(*node.first);
        result.operands.push_back(operand(*node.first->next));
        check_operands(result, {source(), node.offset, node.text});
    }

    [[noreturn]] void refuse_function(const PartiqlNode& node) const {
        for (std::string_view known : {"attribute_exists", "attribute_not_exists", "attribute_type",
                                       "begins_with", "contains", "size"}) {
            if (node.text == known) {
                fail(node, "The function is not allowed in an update expression; function: " +
                               std::string(known));
            }
        }
        fail(node, "Unrecognized function: " + std::string(node.text));
    }

    const Source& source() const noexcept { return values_.source(); }
    [[noreturn]] void fail(const PartiqlNode& node, const std::string& message) const {
        source().fail(node.offset, message);
    }

    const PartiqlValues& values_;
    OperatorCount operators_;
};

}  // namespace

std::shared_ptr<const UpdateTree> bind_partiql_update(const PartiqlSyntax& syntax,
                                                      const PartiqlValues& values) {
    auto tree = std::make_shared<UpdateTree>();
    PartiqlUpdateBinder binder(values);
    tree->actions.reserve(syntax.action_count);
    for (const PartiqlAction* written = syntax.actions; written != nullptr;
         written = written->next) {
        tree->actions.push_back(binder.action(*written));
    }
    binder.check_operators();
    summarise(*tree);
    const bool may_overlap = tree->written.size() != tree->actions.size();
    if (may_overlap) {
        check_distinct_in_partiql(values.source(), tree->paths);
    }
    return tree;
}

void check_distinct_in_partiql(const Source& source, std::vector<Path> paths) {
    std::reverse(paths.begin(), paths.end());
    check_distinct_paths(source, paths);
}

}  // namespace dynamigrate::expressions
