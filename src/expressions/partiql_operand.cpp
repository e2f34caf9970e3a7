#include "partiql_expression.hpp"

namespace dynamigrate::expressions {
namespace {

using Kind = PartiqlNode::Kind;

constexpr PartiqlWord kFalse = partiql_word("false");
constexpr PartiqlWord kMissing = partiql_word("missing");
constexpr PartiqlWord kNull = partiql_word("null");
constexpr PartiqlWord kSelect = partiql_word("select");
constexpr PartiqlWord kTrue = partiql_word("true");

/// Reserved words that are functions' names too.
constexpr auto kFunctionWords = std::to_array<PartiqlWord>({
    partiql_word("avg"),
    partiql_word("char_length"),
    partiql_word("character_length"),
    partiql_word("coalesce"),
    partiql_word("count"),
    partiql_word("exists"),
    partiql_word("lower"),
    partiql_word("max"),
    partiql_word("min"),
    partiql_word("nullif"),
    partiql_word("size"),
    partiql_word("sum"),
    partiql_word("upper"),
});

bool is_function(PartiqlWord word) {
    return std::find(kFunctionWords.begin(), kFunctionWords.end(), word) != kFunctionWords.end();
}

}  // namespace

PartiqlNode& PartiqlExpressions::operand() {
    switch (lexer_.peek().kind) {
        case PartiqlToken::Kind::string:
            return make(Kind::string, lexer_.take());
        case PartiqlToken::Kind::number:
            return make(Kind::number, lexer_.take());
        case PartiqlToken::Kind::parameter: {
            PartiqlNode& node = make(Kind::parameter, lexer_.take());
            node.number = parameters_++;
            return node;
        }
        case PartiqlToken::Kind::name: {
            const PartiqlToken name = lexer_.take();
            return lexer_.at("(") && !name.is_quoted ? call(name) : path(name);
        }
        case PartiqlToken::Kind::word:
            return word();
        default:
            break;
    }
    if (lexer_.at("(")) {
        return in_parentheses();
    }
    const PartiqlToken open = lexer_.peek();
    PartiqlNode* node = nullptr;
    if (lexer_.accept("[")) {
        node = &listed(Kind::list, "]");
    } else if (lexer_.accept("<<")) {
        node = &listed(Kind::bag, ">>");
    } else if (lexer_.accept("{")) {
        node = &tuple();
    } else {
        lexer_.malformed();
    }
    node->offset = open.offset;
    node->length = open.length;
    return *node;
}

PartiqlNode& PartiqlExpressions::word() {
    const PartiqlToken token = lexer_.take();
    if (token.word == kTrue || token.word == kFalse) {
        PartiqlNode& node = make(Kind::boolean, token);
        node.flag = token.word == kTrue;
        return node;
    }
    if (token.word == kNull || token.word == kMissing) {
        return make(token.word == kNull ? Kind::null : Kind::missing, token);
    }
    if (lexer_.at("(") && is_function(token.word)) {
        return call(token);
    }
    lexer_.malformed();
}

PartiqlNode& PartiqlExpressions::in_parentheses() {
    const PartiqlToken open = lexer_.take();
    PartiqlNode* inner = lexer_.at(kSelect) ? &select(lexer_.peek()) : &expression();
    if (lexer_.accept(")")) {
        return *inner;
    }
    PartiqlNode& sequence = make(Kind::sequence, open);
    PartiqlChain members;
    members.add(*inner);
    while (lexer_.accept(",")) {
        members.add(expression());
    }
    lexer_.expect(")");
    sequence.first = members.first();
    return sequence;
}

PartiqlNode& PartiqlExpressions::call(const PartiqlToken& name) {
    lexer_.expect("(");
    if (lexer_.at("*")) {
        PartiqlNode& node = make(Kind::call, name);
        node.first = &make(Kind::star, lexer_.take());
        lexer_.expect(")");
        return node;
    }
    PartiqlNode* node = nullptr;
    if (lexer_.at(kSelect)) {
        node = &make(Kind::call, name);
        node->first = &select(lexer_.peek());
        lexer_.expect(")");
    } else {
        node = &listed(Kind::call, ")");
    }
    char* lower = arena_.allocate_array<char>(name.text.size());
    std::transform(name.text.begin(), name.text.end(), lower, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    node->text = {lower, name.text.size()};
    node->offset = name.offset;
    node->length = name.length;
    return *node;
}

PartiqlNode& PartiqlExpressions::path(const PartiqlToken& name) {
    PartiqlNode& path = make(Kind::path, name);
    PartiqlChain steps;
    while (true) {
        if (lexer_.accept(".")) {
            if (lexer_.at("*")) {
                steps.add(make(Kind::unpivot, lexer_.take()));
            } else if (lexer_.peek().kind == PartiqlToken::Kind::name) {
                steps.add(make(Kind::name, lexer_.take()));
            } else {
                lexer_.malformed();
            }
        } else if (lexer_.accept("[")) {
            steps.add(step_in_brackets());
            lexer_.expect("]");
        } else {
            path.first = steps.first();
            return path;
        }
    }
}

PartiqlNode& PartiqlExpressions::step_in_brackets() {
    if (lexer_.at("*")) {
        return make(Kind::wildcard, lexer_.take());
    }
    PartiqlNode& step = expression();
    const bool is_integer =
        step.is(Kind::number) && step.text.find_first_of(".eE") == std::string_view::npos;
    if (is_integer) {
        step.kind = Kind::index;
    } else if (step.is(Kind::string) || (step.is(Kind::path) && step.first == nullptr)) {
        step.kind = Kind::name;
    } else {
        PartiqlNode& computed = make(Kind::computed, {});
        computed.offset = step.offset;
        computed.length = step.length;
        return computed;
    }
    return step;
}

PartiqlNode& PartiqlExpressions::plain_path() {
    if (lexer_.peek().kind != PartiqlToken::Kind::name) {
        lexer_.malformed();
    }
    PartiqlNode& whole = path(lexer_.take());
    for (const PartiqlNode* step = whole.first; step != nullptr; step = step->next) {
        if (!step->is(Kind::name) && !step->is(Kind::index)) {
            lexer_.malformed();
        }
    }
    return whole;
}

PartiqlNode& PartiqlExpressions::tuple() {
    PartiqlNode& node = make(Kind::tuple, {});
    PartiqlChain members;
    if (!lexer_.accept("}")) {
        do {
            members.add(expression());
            lexer_.expect(":");
            members.add(expression());
        } while (lexer_.accept(","));
        lexer_.expect("}");
    }
    node.first = members.first();
    return node;
}

PartiqlNode& PartiqlExpressions::listed(Kind kind, PartiqlSymbol close) {
    PartiqlNode& node = make(kind, {});
    PartiqlChain members;
    if (!lexer_.accept(close)) {
        do {
            members.add(expression());
        } while (lexer_.accept(","));
        lexer_.expect(close);
    }
    node.first = members.first();
    return node;
}

PartiqlNode& PartiqlExpressions::select(const PartiqlToken& at) {
    PartiqlNode& node = make(Kind::select, at);
    enter();
    nested_select();
    --depth_;
    return node;
}

}  // namespace dynamigrate::expressions
