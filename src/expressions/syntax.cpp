#include "syntax.hpp"

#include "reserved_words.hpp"

#include <algorithm>
#include <charconv>

namespace dynamigrate::expressions {
namespace {

constexpr std::size_t kMaxPathSteps = 32;
constexpr std::size_t kMaxOperators = 300;
constexpr std::size_t kMaxParentheses = 256;  // bounds the recursion of the parser

RawStep parse_name(TokenCursor& cursor) {
    const Token& token = cursor.peek();
    if (token.kind != TokenKind::name && token.kind != TokenKind::placeholder_name) {
        cursor.unexpected();
    }
    cursor.take();
    return {token.text, {}, token.offset};
}

/// A recursive descent over conditions; operators bind as OR < AND < NOT < comparison.
class ConditionGrammar {
public:
    explicit ConditionGrammar(TokenCursor& cursor) : cursor_(cursor) {}

    RawExpression whole() {
        RawExpression result = disjunction(false);
        cursor_.expect_end();
        return result;
    }

private:
    using Kind = RawExpression::Kind;

    RawExpression disjunction(bool may_be_operand) {
        RawExpression first = conjunction(may_be_operand);
        return cursor_.at_keyword("OR") ? chain(Kind::disjunction, "OR", std::move(first),
                                                &ConditionGrammar::conjunction)
                                        : first;
    }

    RawExpression conjunction(bool may_be_operand) {
        RawExpression first = negation(may_be_operand);
        return cursor_.at_keyword("AND")
                   ? chain(Kind::conjunction, "AND", std::move(first), &ConditionGrammar::negation)
                   : first;
    }

    RawExpression chain(Kind kind, std::string_view keyword, RawExpression first,
                        RawExpression (ConditionGrammar::*part)(bool)) {
        RawExpression result;
        result.kind = kind;
        result.symbol = keyword;
        result.begin = first.begin;
        result.children.push_back(std::move(first));
        while (cursor_.accept_keyword(keyword)) {
            result.children.push_back((this->*part)(false));
        }
        result.end = cursor_.last_end();
        return result;
    }

    RawExpression negation(bool may_be_operand) {
        if (!cursor_.at_keyword("NOT")) {
            return comparison(may_be_operand);
        }
        RawExpression result;
        result.kind = Kind::negation;
        result.symbol = "NOT";
        result.begin = cursor_.take().offset;
        enter();
        result.children.push_back(negation(false));
        --depth_;
        result.end = cursor_.last_end();
        return result;
    }

    RawExpression comparison(bool may_be_operand) {
        RawExpression left = primary();
        if (!left.is_operand()) {
            return left;
        }
        if (is_comparator(cursor_.peek())) {
            RawExpression result = begin_with(std::move(left), Kind::comparison);
            result.symbol = cursor_.take().text;
            result.children.push_back(parse_raw_operand(cursor_));
            result.end = cursor_.last_end();
            return result;
        }
        if (cursor_.accept_keyword("BETWEEN")) {
            return between(std::move(left));
        }
        if (cursor_.accept_keyword("IN")) {
            return in(std::move(left));
        }
        if (left.kind == Kind::function || (may_be_operand && cursor_.at_symbol(")"))) {
            return left;
        }
        cursor_.unexpected();
    }

    RawExpression between(RawExpression left) {
        RawExpression result = begin_with(std::move(left), Kind::between);
        result.symbol = "BETWEEN";
        result.children.push_back(parse_raw_operand(cursor_));
        if (!cursor_.accept_keyword("AND")) {
            cursor_.unexpected();
        }
        result.children.push_back(parse_raw_operand(cursor_));
        result.end = cursor_.last_end();
        return result;
    }

    RawExpression in(RawExpression left) {
        RawExpression result = begin_with(std::move(left), Kind::in);
        result.symbol = "IN";
        cursor_.expect_symbol("(");
        for (RawExpression& operand : parse_raw_arguments(cursor_)) {
            result.children.push_back(std::move(operand));
        }
        result.end = cursor_.last_end();
        return result;
    }

    RawExpression primary() {
        if (!cursor_.at_symbol("(")) {
            return parse_raw_operand(cursor_);
        }
        std::size_t begin = cursor_.take().offset;
        enter();
        RawExpression inner = disjunction(true);
        --depth_;
        cursor_.expect_symbol(")");
        enclose(inner, begin, cursor_);
        return inner;
    }

    static RawExpression begin_with(RawExpression left, Kind kind) {
        RawExpression result;
        result.kind = kind;
        result.begin = left.begin;
        result.children.push_back(std::move(left));
        return result;
    }

    static bool is_comparator(const Token& token) {
        return token.kind == TokenKind::symbol &&
               (token.text == "=" || token.text == "<>" || token.text == "<" ||
                token.text == "<=" || token.text == ">" || token.text == ">=");
    }

    void enter() {
        if (++depth_ > kMaxParentheses) {
            cursor_.source().fail(cursor_.peek().offset, "The expression is nested too deeply;");
        }
    }

    TokenCursor& cursor_;
    std::size_t depth_ = 0;
};

RawExpression parse_operand_at(TokenCursor& cursor, std::size_t depth) {
    const Token& token = cursor.peek();
    RawExpression result;
    result.begin = token.offset;
    if (cursor.accept_symbol("(")) {
        if (depth > kMaxParentheses) {
            cursor.source().fail(token.offset, "The expression is nested too deeply;");
        }
        result = parse_operand_at(cursor, depth + 1);
        cursor.expect_symbol(")");
        enclose(result, token.offset, cursor);
        return result;
    }
    if (token.kind == TokenKind::placeholder_value) {
        result.kind = RawExpression::Kind::value;
        result.symbol = cursor.take().text;
    } else if (token.kind == TokenKind::name && cursor.peek(1).text == "(") {
        result.kind = RawExpression::Kind::function;
        result.symbol = cursor.take().text;
        cursor.take();
        if (depth > kMaxParentheses) {
            cursor.source().fail(token.offset, "The expression is nested too deeply;");
        }
        do {
            result.children.push_back(parse_operand_at(cursor, depth + 1));
        } while (cursor.accept_symbol(","));
        cursor.expect_symbol(")");
    } else {
        result.kind = RawExpression::Kind::path;
        result.path = parse_raw_path(cursor);
    }
    result.end = cursor.last_end();
    return result;
}

}  // namespace

RawPath parse_raw_path(TokenCursor& cursor) {
    RawPath path{parse_name(cursor)};
    while (true) {
        if (cursor.accept_symbol(".")) {
            path.push_back(parse_name(cursor));
        } else if (cursor.accept_symbol("[")) {
            const Token& token = cursor.peek();
            if (token.kind != TokenKind::integer) {
                cursor.unexpected();
            }
            cursor.take();
            path.push_back({{}, token.text, token.offset});
            cursor.expect_symbol("]");
        } else {
            return path;
        }
    }
}

RawExpression parse_raw_operand(TokenCursor& cursor) { return parse_operand_at(cursor, 0); }

std::vector<RawExpression> parse_raw_arguments(TokenCursor& cursor) {
    std::vector<RawExpression> arguments;
    do {
        arguments.push_back(parse_raw_operand(cursor));
    } while (cursor.accept_symbol(","));
    cursor.expect_symbol(")");
    return arguments;
}

RawExpression parse_raw_condition(TokenCursor& cursor) { return ConditionGrammar(cursor).whole(); }

void enclose(RawExpression& expression, std::size_t begin, TokenCursor& cursor) {
    if (expression.is_parenthesised) {
        cursor.source().fail(begin, "The expression has redundant parentheses;");
    }
    expression.is_parenthesised = true;
    expression.begin = begin;
    expression.end = cursor.last_end();
}

Path bind_path(const Source& source, const RawPath& raw, Substitutions& substitutions) {
    Path path;
    for (const RawStep& step : raw) {
        PathStep bound;
        if (!step.index.empty()) {
            const char* end = step.index.data() + step.index.size();
            if (std::from_chars(step.index.data(), end, bound.index).ec != std::errc()) {
                source.fail(step.offset, "List index is not within the allowable range; index: [" +
                                             std::string(step.index) + "]");
            }
        } else if (step.name.front() == '#') {
            const std::string* name = substitutions.name(step.name);
            if (name == nullptr) {
                source.fail(step.offset,
                            "An expression attribute name used in the document path is not "
                            "defined; attribute name: " +
                                std::string(step.name));
            }
            bound.name = *name;
        } else if (is_reserved_word(step.name)) {
            source.fail(step.offset, "Attribute name is a reserved keyword; reserved keyword: " +
                                         std::string(step.name));
        } else {
            bound.name = step.name;
        }
        path.steps.push_back(std::move(bound));
    }
    if (path.steps.size() > kMaxPathSteps) {
        source.fail(raw.front().offset,
                    "The document path has too many nesting levels; nesting levels: " +
                        std::to_string(path.steps.size()));
    }
    return path;
}

const dynamodb::AttributeValue& bind_value(const Source& source, const RawExpression& raw,
                                           Substitutions& substitutions) {
    const dynamodb::AttributeValue* value = substitutions.value(raw.symbol);
    if (value == nullptr) {
        source.fail(raw.begin,
                    "An expression attribute value used in expression is not defined; attribute "
                    "value: " +
                        std::string(raw.symbol));
    }
    return *value;
}

void OperatorCount::check(const Source& source) const {
    if (count_ > kMaxOperators) {
        source.fail(0, "The expression contains too many operators; operator count: " +
                           std::to_string(count_));
    }
}

std::string path_for_message(const Path& path) {
    std::string text = "[";
    for (const PathStep& step : path.steps) {
        text += text.size() > 1 ? ", " : "";
        text += step.is_index() ? "[" + std::to_string(step.index) + "]" : step.name;
    }
    return text + "]";
}

void check_distinct_paths(const Source& source, const std::vector<Path>& paths) {
    auto refuse = [&](const char* verb, const Path& a, const Path& b) {
        source.fail(0,
                    std::string("Two document paths ") + verb +
                        " with each other; must remove or rewrite one of these paths; path one: " +
                        path_for_message(a) + ", path two: " + path_for_message(b));
    };
    for (std::size_t i = 1; i < paths.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            const auto& a = paths[j].steps;
            const auto& b = paths[i].steps;
            std::size_t same = 0;
            while (same < a.size() && same < b.size() && a[same] == b[same]) {
                ++same;
            }
            if (same == a.size() || same == b.size()) {
                refuse("overlap", paths[j], paths[i]);
            } else if (a[same].is_index() != b[same].is_index()) {
                refuse("conflict", paths[j], paths[i]);
            }
        }
    }
}

void make_unique(std::vector<std::string>& names) {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
}

}  // namespace dynamigrate::expressions
