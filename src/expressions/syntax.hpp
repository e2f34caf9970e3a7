#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/expressions/path.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The common ground of the expression languages: tokens, raw paths and operands, placed errors.
/// Raw forms point into the text; names and values are put in afterwards, because DynamoDB reports
/// every syntax error before any other.
namespace dynamigrate::expressions {

/// The text of an expression, by its name in errors; a PartiQL statement has no name.
struct Source {
    std::string_view what;
    std::string_view text;

    /// Throws Error invalid_argument "Invalid <what>: message" at the column of the offset; the
    /// message alone for a statement.
    [[noreturn]] void fail(std::size_t offset, const std::string& message) const;
};

/// An operator or function as messages name it, and where it stands.
struct OperatorPlace {
    const Source& source;
    std::size_t offset;
    std::string_view symbol;

    [[noreturn]] void fail(const std::string& message) const { source.fail(offset, message); }
};

enum class TokenKind { end, name, keyword, placeholder_name, placeholder_value, integer, symbol };

struct Token {
    TokenKind kind = TokenKind::end;
    std::string_view text;
    std::size_t offset = 0;
};

/// Walks over the tokens of a text.
/// Errors: empty and too long texts are refused when constructed.
class TokenCursor {
public:
    explicit TokenCursor(const Source& source);

    const Source& source() const noexcept { return source_; }
    const Token& peek(std::size_t ahead = 0) const noexcept;
    const Token& take() noexcept;
    bool at_symbol(std::string_view symbol) const noexcept;
    /// A keyword in any case of letters, such as AND.
    bool at_keyword(std::string_view keyword) const noexcept;
    bool accept_symbol(std::string_view symbol) noexcept;
    bool accept_keyword(std::string_view keyword) noexcept;
    void expect_symbol(std::string_view symbol);
    void expect_end();
    /// Where the last token taken ended.
    std::size_t last_end() const noexcept;
    /// The syntax error at the next token, in DynamoDB's words.
    [[noreturn]] void unexpected() const;

private:
    Source source_;
    std::vector<Token> tokens_;
    std::size_t position_ = 0;
};

struct RawStep {
    std::string_view name;   ///< a name or "#placeholder"; "" for an index
    std::string_view index;  ///< digits
    std::size_t offset = 0;
};
using RawPath = std::vector<RawStep>;

/// An operand or condition as written.
struct RawExpression {
    enum class Kind {
        path,
        value,
        function,
        arithmetic,
        comparison,
        between,
        in,
        conjunction,
        disjunction,
        negation
    };

    Kind kind = Kind::path;
    std::string_view symbol;  ///< ":value", function name or operator
    RawPath path;
    std::vector<RawExpression> children;
    std::size_t begin = 0;  ///< range in the text, parentheses included
    std::size_t end = 0;
    bool is_parenthesised = false;

    bool is_operand() const noexcept { return kind <= Kind::function; }
};

RawPath parse_raw_path(TokenCursor& cursor);
/// A path, a value, a function of operands, or one of these in parentheses.
RawExpression parse_raw_operand(TokenCursor& cursor);
/// A whole condition, to the end of the text.
RawExpression parse_raw_condition(TokenCursor& cursor);
/// A function call's arguments and the closing parenthesis.
std::vector<RawExpression> parse_raw_arguments(TokenCursor& cursor);
/// Puts the expression in the parentheses that were just closed. Errors: redundant parentheses.
void enclose(RawExpression& expression, std::size_t begin, TokenCursor& cursor);

/// Puts names in, checks reserved words and nesting.
Path bind_path(const Source& source, const RawPath& raw, Substitutions& substitutions);
const dynamodb::AttributeValue& bind_value(const Source& source, const RawExpression& raw,
                                           Substitutions& substitutions);

/// Refuses the 301st operator.
class OperatorCount {
public:
    void add(std::size_t count = 1) noexcept { count_ += count; }
    void check(const Source& source) const;

private:
    std::size_t count_ = 0;
};

/// DynamoDB's way to write a path in messages: `[a, [0], b]`.
std::string path_for_message(const Path& path);

/// Refuses paths of which one contains the other, or that take one place for a list and a map.
void check_distinct_paths(const Source& source, const std::vector<Path>& paths);

/// Sorts the names and keeps each once.
void make_unique(std::vector<std::string>& names);

}  // namespace dynamigrate::expressions
