#include "partiql_syntax.hpp"

#include "partiql_expression.hpp"

#include <new>

namespace dynamigrate::expressions {
namespace {

using Kind = PartiqlNode::Kind;
using StatementKind = PartiqlStatement::Kind;

constexpr PartiqlWord kAll = partiql_word("all");
constexpr PartiqlWord kAs = partiql_word("as");
constexpr PartiqlWord kAsc = partiql_word("asc");
constexpr PartiqlWord kAt = partiql_word("at");
constexpr PartiqlWord kBy = partiql_word("by");
constexpr PartiqlWord kDelete = partiql_word("delete");
constexpr PartiqlWord kDesc = partiql_word("desc");
constexpr PartiqlWord kDistinct = partiql_word("distinct");
constexpr PartiqlWord kExists = partiql_word("exists");
constexpr PartiqlWord kFrom = partiql_word("from");
constexpr PartiqlWord kGroup = partiql_word("group");
constexpr PartiqlWord kHaving = partiql_word("having");
constexpr PartiqlWord kInsert = partiql_word("insert");
constexpr PartiqlWord kInto = partiql_word("into");
constexpr PartiqlWord kLimit = partiql_word("limit");
constexpr PartiqlWord kModified = partiql_word("modified");
constexpr PartiqlWord kNew = partiql_word("new");
constexpr PartiqlWord kOld = partiql_word("old");
constexpr PartiqlWord kOrder = partiql_word("order");
constexpr PartiqlWord kRemove = partiql_word("remove");
constexpr PartiqlWord kReturning = partiql_word("returning");
constexpr PartiqlWord kSelect = partiql_word("select");
constexpr PartiqlWord kSet = partiql_word("set");
constexpr PartiqlWord kUpdate = partiql_word("update");
constexpr PartiqlWord kValue = partiql_word("value");
constexpr PartiqlWord kWhere = partiql_word("where");

class PartiqlStatements : public PartiqlExpressions {
public:
    using PartiqlExpressions::PartiqlExpressions;

    PartiqlSyntax whole() {
        if (lexer_.at(kSelect)) {
            syntax_ = select();
        } else if (lexer_.accept(kUpdate)) {
            update();
        } else if (lexer_.accept(kDelete)) {
            remove();
        } else if (lexer_.accept(kInsert)) {
            insert();
        } else if (lexer_.accept(kExists)) {
            exists();
        } else if (lexer_.peek().kind == PartiqlToken::Kind::end) {
            lexer_.malformed();
        } else {
            source_.fail(lexer_.peek().offset,
                         "Statement wasn't well formed, can't be processed: Expected data "
                         "manipulation");
        }
        lexer_.accept(";");
        if (lexer_.peek().kind != PartiqlToken::Kind::end) {
            lexer_.malformed();
        }
        if (refused_clause_ != nullptr) {
            refuse_at(source_, *refused_clause_, refusal_);
        }
        if (!refusal_.empty()) {
            source_.fail(refused_at_, refusal_);
        }
        return syntax_;
    }

private:
    PartiqlSyntax select() {
        PartiqlSyntax syntax;
        lexer_.expect(kSelect);
        if (lexer_.at(kDistinct)) {
            refuse(lexer_.take(), "Unsupported token in expression: DISTINCT");
        } else {
            lexer_.accept(kAll);
        }
        if (lexer_.at(kValue)) {
            refuse(lexer_.take(), "Select projection doesn't support value or pivot keywords");
        }
        if (!lexer_.accept("*")) {
            syntax.selection = selection();
        }
        lexer_.expect(kFrom);
        syntax.source = &from();
        if (lexer_.at(",")) {
            refuse(lexer_.take(), "Only select from a single table or index is supported.");
            from();
        }
        where(syntax);
        group_and_having();
        order(syntax);
        if (lexer_.at(kLimit)) {
            refuse_clause("LIMIT");
        }
        return syntax;
    }

    const PartiqlNode* selection() {
        PartiqlChain selected;
        do {
            selected.add(expression());
            alias();
        } while (lexer_.accept(","));
        return selected.first();
    }

    /// What DynamoDB would call otherwise in an answer, which it never does.
    void alias() {
        const PartiqlToken at = lexer_.peek();
        const bool is_written_out = lexer_.accept(kAs) || lexer_.accept(kAt);
        if (lexer_.peek().kind == PartiqlToken::Kind::name) {
            lexer_.take();
            refuse(at, "Aliasing is not supported");
        } else if (is_written_out) {
            lexer_.malformed();
        }
    }

    PartiqlNode& from() {
        PartiqlNode& source = expression();
        alias();
        return source;
    }

    void where(PartiqlSyntax& syntax) {
        if (lexer_.accept(kWhere)) {
            syntax.where = &expression();
        }
    }

    void group_and_having() {
        if (lexer_.at(kGroup)) {
            refuse(lexer_.take(), "Unsupported clause: GROUP BY");
            lexer_.expect(kBy);
            do {
                expression();
                alias();
            } while (lexer_.accept(","));
        }
        if (lexer_.at(kHaving)) {
            refuse_clause("HAVING");
        }
    }

    void order(PartiqlSyntax& syntax) {
        if (!lexer_.accept(kOrder)) {
            return;
        }
        lexer_.expect(kBy);
        PartiqlChain keys;
        do {
            PartiqlNode& key = expression();
            key.flag = lexer_.accept(kDesc);
            if (!key.flag) {
                lexer_.accept(kAsc);
            }
            keys.add(key);
        } while (lexer_.accept(","));
        syntax.order = keys.first();
    }

    void update() {
        syntax_.kind = StatementKind::update;
        syntax_.source = &plain_path();
        alias();
        const PartiqlAction** end = &syntax_.actions;
        while (true) {
            if (lexer_.accept(kSet)) {
                do {
                    PartiqlNode& path = plain_path();
                    lexer_.expect("=");
                    add_action(end, path, &expression());
                } while (lexer_.accept(","));
            } else if (lexer_.accept(kRemove)) {
                add_action(end, plain_path(), nullptr);
            } else {
                break;
            }
        }
        if (syntax_.actions == nullptr) {
            lexer_.malformed();
        }
        where(syntax_);
        returning();
    }

    void add_action(const PartiqlAction**& end, const PartiqlNode& path, const PartiqlNode* value) {
        auto* action = new (arena_.allocate_array<PartiqlAction>(1)) PartiqlAction;
        action->path = &path;
        action->value = value;
        *end = action;
        end = &action->next;
        ++syntax_.action_count;
    }

    void remove() {
        syntax_.kind = StatementKind::remove;
        lexer_.expect(kFrom);
        syntax_.source = &plain_path();
        alias();
        where(syntax_);
        const PartiqlToken at = lexer_.peek();
        returning();
        if (syntax_.returning > PartiqlReturning::all_old) {
            static constexpr std::string_view kWishes[] = {"ALL NEW", "MODIFIED OLD",
                                                           "MODIFIED NEW"};
            const auto wish = static_cast<std::size_t>(syntax_.returning) -
                              static_cast<std::size_t>(PartiqlReturning::all_new);
            refuse(at, "Invalid returning clause: RETURNING " + std::string(kWishes[wish]) +
                           " *. Only RETURNING ALL OLD * is allowed in DELETE statements.");
        }
    }

    void insert() {
        syntax_.kind = StatementKind::insert;
        lexer_.expect(kInto);
        syntax_.source = &plain_path();
        lexer_.expect(kValue);
        syntax_.item = &expression();
        const PartiqlToken at = lexer_.peek();
        returning();
        if (syntax_.returning != PartiqlReturning::none) {
            refuse(at, "RETURNING is not supported in INSERT");
        }
    }

    void exists() {
        lexer_.expect("(");
        syntax_ = select();
        syntax_.kind = StatementKind::exists;
        lexer_.expect(")");
    }

    void returning() {
        if (!lexer_.accept(kReturning)) {
            return;
        }
        syntax_.returning = returned();
        if (lexer_.at(",")) {
            refuse(lexer_.take(),
                   "Invalid syntax with multiple returning elements in RETURNING clause");
            returned();
        }
    }

    PartiqlReturning returned() {
        const bool is_all = lexer_.accept(kAll);
        if (!is_all) {
            lexer_.expect(kModified);
        }
        const bool is_new = lexer_.accept(kNew);
        if (!is_new) {
            lexer_.expect(kOld);
        }
        if (!lexer_.accept("*")) {
            const PartiqlToken at = lexer_.peek();
            expression();
            refuse(at, "Expected '*' after ( MODIFIED | ALL ) ( NEW | OLD ) in RETURNING clause");
        }
        if (is_all) {
            return is_new ? PartiqlReturning::all_new : PartiqlReturning::all_old;
        }
        return is_new ? PartiqlReturning::modified_new : PartiqlReturning::modified_old;
    }

    void nested_select() override { select(); }

    /// Remembers the first error that is none of syntax.
    void refuse(const PartiqlToken& at, std::string message) {
        if (refusal_.empty()) {
            refusal_ = std::move(message);
            refused_at_ = at.offset;
        }
    }

    void refuse_clause(const char* name) {
        const bool is_first = refusal_.empty();
        refuse(lexer_.take(), std::string("Unsupported clause: ") + name);
        const PartiqlNode& said = expression();
        if (is_first) {
            refused_clause_ = &said;
        }
    }

    PartiqlSyntax syntax_;
    const PartiqlNode* refused_clause_ = nullptr;
    std::string refusal_;
    std::size_t refused_at_ = 0;
};

constexpr std::string_view kOperatorNames[] = {
    "",   "or", "and",     "not",  "=", "<>", "<", "<=", ">", ">=",
    "is", "in", "between", "like", "+", "-",  "*", "/",  "%", "||",
};

}  // namespace

std::string_view to_string(PartiqlOperator op) noexcept {
    return kOperatorNames[static_cast<std::size_t>(op)];
}

std::size_t PartiqlNode::child_count() const noexcept {
    std::size_t count = 0;
    for (const PartiqlNode* child = first; child != nullptr; child = child->next) {
        ++count;
    }
    return count;
}

PartiqlSyntax parse_partiql_syntax(const Source& source, base::Arena& arena) {
    PartiqlLexer lexer(source, arena);
    return PartiqlStatements(source, lexer, arena).whole();
}

void refuse_at(const Source& source, const PartiqlNode& node, const std::string& message) {
    const std::string_view before = source.text.substr(0, node.offset);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t last_break = before.rfind('\n');
    const std::size_t column =
        before.size() - (last_break == std::string_view::npos ? 0 : last_break + 1) + 1;
    source.fail(node.offset, message + " at " + std::to_string(line) + ":" +
                                 std::to_string(column) + ":" + std::to_string(node.length));
}

}  // namespace dynamigrate::expressions
