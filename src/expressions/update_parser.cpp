#include "update_tree.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace dynamigrate::expressions {
namespace {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using Kind = RawExpression::Kind;

struct Section {
    std::string_view keyword;
    UpdateAction::Kind kind;
};

constexpr auto kSections = std::to_array<Section>({
    {"SET", UpdateAction::Kind::set},
    {"REMOVE", UpdateAction::Kind::remove},
    {"ADD", UpdateAction::Kind::add},
    {"DELETE", UpdateAction::Kind::erase},
});

struct RawAction {
    UpdateAction::Kind kind = UpdateAction::Kind::set;
    RawPath path;
    RawExpression operand;
};

class UpdateGrammar {
public:
    explicit UpdateGrammar(TokenCursor& cursor) : cursor_(cursor) {}

    std::vector<RawAction> whole() {
        do {
            section();
        } while (cursor_.peek().kind != TokenKind::end);
        if (!repeated_.empty()) {
            cursor_.source().fail(repeated_at_, "The \"" + std::string(repeated_) +
                                                    "\" section can only be used once in an update "
                                                    "expression;");
        }
        return std::move(actions_);
    }

private:
    void section() {
        const Token& token = cursor_.peek();
        for (std::size_t i = 0; i < kSections.size(); ++i) {
            if (cursor_.accept_keyword(kSections[i].keyword)) {
                if (seen_[i] && repeated_.empty()) {
                    repeated_ = kSections[i].keyword;
                    repeated_at_ = token.offset;
                }
                seen_[i] = true;
                do {
                    action(kSections[i].kind);
                } while (cursor_.accept_symbol(","));
                return;
            }
        }
        cursor_.unexpected();
    }

    void action(UpdateAction::Kind kind) {
        RawAction action;
        action.kind = kind;
        action.path = parse_raw_path(cursor_);
        if (kind == UpdateAction::Kind::set) {
            cursor_.expect_symbol("=");
            action.operand = set_value();
        } else if (kind != UpdateAction::Kind::remove) {
            if (cursor_.peek().kind != TokenKind::placeholder_value) {
                cursor_.unexpected();
            }
            action.operand = parse_raw_operand(cursor_);
        }
        actions_.push_back(std::move(action));
    }

    /// operand, operand + operand, operand - operand, or these in parentheses.
    RawExpression set_value() {
        RawExpression left = set_operand();
        if (left.kind == Kind::arithmetic || (!cursor_.at_symbol("+") && !cursor_.at_symbol("-"))) {
            return left;
        }
        RawExpression result;
        result.kind = Kind::arithmetic;
        result.begin = left.begin;
        result.symbol = cursor_.take().text;
        result.children.push_back(std::move(left));
        result.children.push_back(parse_raw_operand(cursor_));
        result.end = cursor_.last_end();
        return result;
    }

    RawExpression set_operand() {
        if (!cursor_.at_symbol("(") || cursor_.peek(1).text == "(") {
            return parse_raw_operand(cursor_);
        }
        std::size_t begin = cursor_.take().offset;
        RawExpression inner = set_value();
        cursor_.expect_symbol(")");
        enclose(inner, begin, cursor_);
        return inner;
    }

    TokenCursor& cursor_;
    std::vector<RawAction> actions_;
    std::array<bool, kSections.size()> seen_{};
    std::string_view repeated_;
    std::size_t repeated_at_ = 0;
};

std::string_view long_name(AttributeType type) {
    switch (type) {
        case AttributeType::string:
            return "STRING";
        case AttributeType::number:
            return "NUMBER";
        case AttributeType::binary:
            return "BINARY";
        case AttributeType::boolean:
            return "BOOLEAN";
        case AttributeType::null:
            return "NULL";
        case AttributeType::string_set:
            return "STRING_SET";
        case AttributeType::number_set:
            return "NUMBER_SET";
        case AttributeType::binary_set:
            return "BINARY_SET";
        case AttributeType::list:
            return "LIST";
        case AttributeType::map:
            break;
    }
    return "MAP";
}

/// The type of an operand that is known before any item is seen.
std::optional<AttributeType> static_type(const SetOperand& operand) {
    switch (operand.kind) {
        case SetOperand::Kind::value:
            return operand.value.type();
        case SetOperand::Kind::plus:
        case SetOperand::Kind::minus:
            return AttributeType::number;
        case SetOperand::Kind::list_append:
            return AttributeType::list;
        default:
            return std::nullopt;
    }
}

class UpdateBinder {
public:
    UpdateBinder(const Source& source, Substitutions& substitutions, base::Arena& arena)
        : source_(source),
          substitutions_(substitutions),
          arena_(arena) {}

    UpdateAction action(const RawAction& raw) {
        UpdateAction action;
        action.kind = raw.kind;
        action.path = bind_path(source_, raw.path, substitutions_);
        if (raw.kind == UpdateAction::Kind::set) {
            check_appends(raw.operand, true);
            action.operand = operand(raw.operand);
        } else if (raw.kind != UpdateAction::Kind::remove) {
            action.value = value(raw.operand);
            check_set_or_number(action, raw.operand);
        }
        return action;
    }

    void check_operators() const { operators_.check(source_); }

private:
    /// list_append may only be the whole value.
    void check_appends(const RawExpression& raw, bool is_whole) const {
        if (raw.kind == Kind::function && raw.symbol == "list_append" && !is_whole) {
            source_.fail(raw.begin,
                         "The function is not allowed to be used this way in an expression; "
                         "function: list_append");
        }
        for (const RawExpression& child : raw.children) {
            check_appends(child, false);
        }
    }

    AttributeValue value(const RawExpression& raw) {
        return bind_value(source_, raw, substitutions_).clone(arena_);
    }

    void check_set_or_number(const UpdateAction& action, const RawExpression& raw) const {
        bool is_add = action.kind == UpdateAction::Kind::add;
        if (action.value.is_set() || (is_add && action.value.is(AttributeType::number))) {
            return;
        }
        std::string name = is_add ? "ADD" : "DELETE";
        source_.fail(raw.begin,
                     "Incorrect operand type for operator or function; operator: " + name +
                         ", operand type: " + std::string(long_name(action.value.type())) +
                         ", typeSet: ALLOWED_FOR_" + name + "_OPERAND");
    }

    SetOperand operand(const RawExpression& raw) {
        SetOperand result;
        switch (raw.kind) {
            case Kind::path:
                result.path = bind_path(source_, raw.path, substitutions_);
                break;
            case Kind::value:
                result.kind = SetOperand::Kind::value;
                result.value = value(raw);
                break;
            case Kind::arithmetic:
                result.kind = raw.symbol == "+" ? SetOperand::Kind::plus : SetOperand::Kind::minus;
                bind_operands(result, raw);
                break;
            default:
                bind_function(result, raw);
                break;
        }
        return result;
    }

    void bind_operands(SetOperand& result, const RawExpression& raw) {
        operators_.add();
        for (const RawExpression& child : raw.children) {
            result.operands.push_back(operand(child));
        }
        check_operands(result, {source_, raw.begin, raw.symbol});
    }

    void bind_function(SetOperand& result, const RawExpression& raw) {
        if (raw.symbol != "list_append" && raw.symbol != "if_not_exists") {
            refuse_function(raw);
        }
        if (raw.children.size() != 2) {
            source_.fail(raw.begin,
                         "Incorrect number of operands for operator or function; operator or "
                         "function: " +
                             std::string(raw.symbol) +
                             ", number of operands: " + std::to_string(raw.children.size()));
        }
        if (raw.symbol == "list_append") {
            result.kind = SetOperand::Kind::list_append;
            bind_operands(result, raw);
            return;
        }
        result.kind = SetOperand::Kind::if_not_exists;
        operators_.add();
        if (raw.children.front().kind != Kind::path) {
            source_.fail(raw.begin,
                         "Operator or function requires a document path; operator or function: " +
                             std::string(raw.symbol));
        }
        result.path = bind_path(source_, raw.children.front().path, substitutions_);
        result.operands.push_back(operand(raw.children.back()));
        check_operands(result, {source_, raw.begin, raw.symbol});
    }

    [[noreturn]] void refuse_function(const RawExpression& raw) const {
        for (std::string_view known : {"attribute_exists", "attribute_not_exists", "attribute_type",
                                       "begins_with", "contains", "size"}) {
            if (raw.symbol == known) {
                source_.fail(raw.begin,
                             "The function is not allowed in an update expression; function: " +
                                 std::string(known));
            }
        }
        source_.fail(raw.begin, "Invalid function name; function: " + std::string(raw.symbol));
    }

    const Source& source_;
    Substitutions& substitutions_;
    base::Arena& arena_;
    OperatorCount operators_;
};

void insert(UpdateNode& root, const UpdateAction& action) {
    UpdateNode* node = &root;
    for (const PathStep& step : action.path.steps) {
        auto& children = node->children;
        auto found = std::find_if(children.begin(), children.end(),
                                  [&](const UpdateNode& child) { return child.step == step; });
        if (found == children.end()) {
            auto place =
                std::find_if(children.begin(), children.end(), [&](const UpdateNode& child) {
                    return step.is_index() && child.step.index > step.index;
                });
            found = children.insert(place, UpdateNode{step, nullptr, {}});
        }
        node = &*found;
    }
    node->action = &action;
}

void note_entered(const Path& path, UpdateTree& tree) {
    if (path.is_nested()) {
        tree.entered.push_back(path.attribute());
    }
}

void collect_reads(const SetOperand& operand, UpdateTree& tree) {
    if (operand.kind == SetOperand::Kind::path || operand.kind == SetOperand::Kind::if_not_exists) {
        tree.read.push_back(operand.path.attribute());
        note_entered(operand.path, tree);
    }
    for (const SetOperand& child : operand.operands) {
        collect_reads(child, tree);
    }
}

}  // namespace

void check_operands(const SetOperand& operation, const OperatorPlace& place) {
    if (operation.kind == SetOperand::Kind::if_not_exists) {
        const SetOperand& fallback = operation.operands.back();
        if (fallback.kind == SetOperand::Kind::path && fallback.path == operation.path) {
            place.fail(
                "The first operand must be distinct from the remaining operands for this operator "
                "or function; operator: if_not_exists, first operand: " +
                path_for_message(operation.path));
        }
        return;
    }
    const AttributeType wanted = operation.kind == SetOperand::Kind::list_append
                                     ? AttributeType::list
                                     : AttributeType::number;
    for (const SetOperand& child : operation.operands) {
        std::optional<AttributeType> type = static_type(child);
        if (type && *type != wanted) {
            place.fail("Incorrect operand type for operator or function; operator or function: " +
                       std::string(place.symbol) +
                       ", operand type: " + std::string(to_string(*type)));
        }
    }
}

void summarise(UpdateTree& tree) {
    tree.root.children.reserve(tree.actions.size());
    tree.paths.reserve(tree.actions.size());
    tree.written.reserve(tree.actions.size());
    for (const UpdateAction& action : tree.actions) {
        insert(tree.root, action);
        tree.paths.push_back(action.path);
        tree.written.push_back(action.path.attribute());
        note_entered(action.path, tree);
        bool is_set = action.kind == UpdateAction::Kind::set;
        bool is_remove = action.kind == UpdateAction::Kind::remove;
        if (is_set) {
            collect_reads(action.operand, tree);
        }
        if (action.path.is_nested() || (!is_set && !is_remove)) {
            tree.read.push_back(action.path.attribute());
        }
        tree.creates_item = tree.creates_item || is_set || action.kind == UpdateAction::Kind::add;
    }
    make_unique(tree.written);
    make_unique(tree.read);
    make_unique(tree.entered);
}

std::unique_ptr<UpdateTree> parse_update_tree(const Source& source, Substitutions& substitutions) {
    TokenCursor cursor(source);
    std::vector<RawAction> raw_actions = UpdateGrammar(cursor).whole();
    auto tree = std::make_unique<UpdateTree>();
    UpdateBinder binder(source, substitutions, tree->arena);
    for (const RawAction& raw : raw_actions) {
        tree->actions.push_back(binder.action(raw));
    }
    binder.check_operators();
    summarise(*tree);
    check_distinct_paths(source, tree->paths);
    return tree;
}

}  // namespace dynamigrate::expressions
