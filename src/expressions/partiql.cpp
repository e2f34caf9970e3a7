#include <dynamigrate/expressions/partiql.hpp>

#include "partiql_binder.hpp"

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using Kind = PartiqlNode::Kind;
using StatementKind = PartiqlStatement::Kind;

constexpr std::size_t kMinNameLength = 3;
constexpr std::size_t kMaxNameLength = 255;

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

class PartiqlStatementBinder {
public:
    PartiqlStatementBinder(const Source& source, const PartiqlSyntax& syntax,
                           const PartiqlValues& values)
        : source_(source),
          syntax_(syntax),
          values_(values) {}

    PartiqlStatement statement() {
        statement_.kind = syntax_.kind;
        statement_.returning = syntax_.returning;
        from(*syntax_.source);
        if (syntax_.item != nullptr) {
            statement_.item = values_.item(*syntax_.item);
        }
        selection();
        if (syntax_.actions != nullptr) {
            statement_.update = UpdateExpression(bind_partiql_update(syntax_, values_));
        }
        where();
        order();
        return std::move(statement_);
    }

private:
    void from(const PartiqlNode& node) {
        if (!node.is(Kind::path)) {
            fail(node, "Unexpected from source");
        }
        const std::size_t steps = node.child_count();
        if (statement_.kind == StatementKind::insert && steps != 0) {
            fail(node,
                 "FROM clause may only contain a single table name in data manipulation "
                 "statements");
        }
        if (steps > 1) {
            fail(node, "A path may contain at most 2 components in the FROM clause");
        }
        statement_.table = name(node);
        if (steps == 0) {
            return;
        }
        if (!node.first->is(Kind::name)) {
            fail(node, "Invalid list expression in source.");
        }
        statement_.index = name(*node.first);
        if (statement_.kind == StatementKind::update || statement_.kind == StatementKind::remove) {
            fail(node, "This operation is not supported on an index");
        }
    }

    std::string name(const PartiqlNode& node) const {
        const std::string_view text = node.text;
        if (text.empty()) {
            fail(node, "Path component cannot be an empty string");
        }
        if (text.size() < kMinNameLength || text.size() > kMaxNameLength ||
            !std::all_of(text.begin(), text.end(), is_name_character)) {
            fail(node,
                 "Table name should be within the length [3, 255] and only contain 'a-z', 'A-Z', "
                 "'0-9', '-', '_', '.'.");
        }
        return std::string(text);
    }

    void where() {
        if (syntax_.where != nullptr) {
            statement_.condition = Condition(bind_partiql_condition(*syntax_.where, values_));
        } else if (statement_.kind == StatementKind::update ||
                   statement_.kind == StatementKind::remove) {
            fail(*syntax_.source,
                 "Where clause does not contain a mandatory equality on all key attributes");
        }
    }

    void selection() {
        std::vector<Path> paths;
        for (const PartiqlNode* node = syntax_.selection; node != nullptr; node = node->next) {
            if (!node->is(Kind::path)) {
                refuse_at(source_, *node, "Unexpected path component");
            }
            check_hierarchy(*node);
            SelectedPath selected{{}, values_.path(*node)};
            selected.name = name_in_answer(selected.path);
            const bool is_known =
                std::any_of(statement_.selection.begin(), statement_.selection.end(),
                            [&](const SelectedPath& known) { return known.name == selected.name; });
            if (is_known) {
                fail(*node, "Duplicate identifiers in select clause: " + selected.name);
            }
            paths.push_back(selected.path);
            statement_.selection.push_back(std::move(selected));
        }
        check_distinct_in_partiql(source_, std::move(paths));
    }

    void check_hierarchy(const PartiqlNode& node) const {
        for (const PartiqlNode* step = node.first; step != nullptr; step = step->next) {
            if (step->is(Kind::unpivot)) {
                fail(*step, "Changing item's hierarchy while reading isn't supported");
            }
        }
    }

    /// The last name of the path, with the indexes after it.
    static std::string name_in_answer(const Path& path) {
        std::size_t last = path.steps.size() - 1;
        while (path.steps[last].is_index()) {
            --last;
        }
        std::string name = path.steps[last].name;
        for (std::size_t i = last + 1; i < path.steps.size(); ++i) {
            name += "[" + std::to_string(path.steps[i].index) + "]";
        }
        return name;
    }

    void order() {
        if (syntax_.order != nullptr && syntax_.where == nullptr) {
            fail(*syntax_.order,
                 "Must have WHERE clause in the statement when using ORDER BY clause.");
        }
        for (const PartiqlNode* key = syntax_.order; key != nullptr; key = key->next) {
            if (!key->is(Kind::path) || key->first != nullptr) {
                fail(*key, "Argument to ORDER BY must be of type VariableReference. Type: " +
                               (key->is(Kind::path) ? "PATH" : std::string(key->text)));
            }
            statement_.order.push_back({std::string(key->text), key->flag});
        }
    }

    [[noreturn]] void fail(const PartiqlNode& node, const std::string& message) const {
        source_.fail(node.offset, message);
    }

    const Source& source_;
    const PartiqlSyntax& syntax_;
    const PartiqlValues& values_;
    PartiqlStatement statement_;
};

}  // namespace

PartiqlStatement parse_partiql(std::string_view text,
                               std::span<const dynamodb::AttributeValue> parameters,
                               base::Arena& arena) {
    const Source source{{}, text};
    const PartiqlSyntax syntax = parse_partiql_syntax(source, arena);
    const PartiqlValues values(source, parameters, arena);
    return PartiqlStatementBinder(source, syntax, values).statement();
}

dynamodb::Item select_partiql(const PartiqlStatement& statement, const dynamodb::Item& item,
                              base::Arena& arena) {
    if (statement.selection.empty()) {
        return item;
    }
    auto* attributes = arena.allocate_array<dynamodb::Attribute>(statement.selection.size());
    std::size_t count = 0;
    for (const SelectedPath& selected : statement.selection) {
        if (const dynamodb::AttributeValue* value = resolve(item, selected.path)) {
            new (attributes + count++) dynamodb::Attribute{selected.name, *value};
        }
    }
    return dynamodb::Item(std::span<const dynamodb::Attribute>(attributes, count));
}

}  // namespace dynamigrate::expressions
