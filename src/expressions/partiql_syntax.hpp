#pragma once

#include "syntax.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/expressions/partiql.hpp>

/// The syntax of PartiQL: nodes in an arena that point into the statement. Names, values and types
/// are checked afterwards, because DynamoDB reports every syntax error before any other.
namespace dynamigrate::expressions {

/// Operators, by their names in messages.
enum class PartiqlOperator : std::uint8_t {
    none,
    disjunction,
    conjunction,
    negation,
    equal,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    is,  ///< the node's text is the type's name
    in,
    between,
    like,
    plus,
    minus,
    times,
    divided,
    modulo,
    concatenation,
};

std::string_view to_string(PartiqlOperator op) noexcept;

struct PartiqlNode {
    enum class Kind : std::uint8_t {
        path,      ///< text is the first step, the children are the others
        name,      ///< a step
        index,     ///< a step
        wildcard,  ///< a step: [*]
        unpivot,   ///< a step: .*
        computed,  ///< a step: [expression]
        string,
        number,
        boolean,
        null,
        missing,
        parameter,  ///< `number` is its place among the parameters
        list,
        bag,
        tuple,     ///< children: key, value, key, value ...
        sequence,  ///< in parentheses
        call,
        operation,
        star,    ///< the argument of COUNT(*)
        select,  ///< a SELECT inside an expression
    };

    Kind kind = Kind::null;
    PartiqlOperator op = PartiqlOperator::none;
    bool flag = false;         ///< the value of a boolean; descending, of a key in ORDER BY
    std::uint32_t number = 0;  ///< of a parameter
    std::uint32_t offset = 0;  ///< of the token that messages point at
    std::uint32_t length = 0;
    std::string_view text;  ///< name, digits, text, or a function's name in lower case
    const PartiqlNode* first = nullptr;
    const PartiqlNode* next = nullptr;

    bool is(Kind wanted) const noexcept { return kind == wanted; }
    bool is(PartiqlOperator wanted) const noexcept { return op == wanted; }
    /// Whether it is more than a value or a path.
    bool is_expression() const noexcept { return is(Kind::operation) || is(Kind::call); }
    std::size_t child_count() const noexcept;
};

/// SET or REMOVE.
struct PartiqlAction {
    const PartiqlNode* path = nullptr;
    const PartiqlNode* value = nullptr;  ///< nullptr for REMOVE
    const PartiqlAction* next = nullptr;
};

/// A statement as written.
struct PartiqlSyntax {
    PartiqlStatement::Kind kind = PartiqlStatement::Kind::select;
    const PartiqlNode* source = nullptr;     ///< what FROM, INTO or UPDATE names
    const PartiqlNode* selection = nullptr;  ///< a chain; nullptr for *
    const PartiqlAction* actions = nullptr;
    std::size_t action_count = 0;
    const PartiqlNode* item = nullptr;
    const PartiqlNode* where = nullptr;
    const PartiqlNode* order = nullptr;  ///< a chain
    PartiqlReturning returning = PartiqlReturning::none;
};

/// Errors: a syntax error; a clause that DynamoDB does not have, after all syntax errors.
PartiqlSyntax parse_partiql_syntax(const Source& source, base::Arena& arena);

/// Throws the message with ` at line:column:length` of the node, as DynamoDB ends some messages.
[[noreturn]] void refuse_at(const Source& source, const PartiqlNode& node,
                            const std::string& message);

}  // namespace dynamigrate::expressions
