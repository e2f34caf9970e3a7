#include "partiql_expression.hpp"

#include <new>
#include <optional>

namespace dynamigrate::expressions {
namespace {

using Kind = PartiqlNode::Kind;
using Operator = PartiqlOperator;

constexpr std::size_t kMaxDepth = 256;  // bounds the recursion of the parser

constexpr PartiqlWord kAnd = partiql_word("and");
constexpr PartiqlWord kBetween = partiql_word("between");
constexpr PartiqlWord kFalse = partiql_word("false");
constexpr PartiqlWord kIn = partiql_word("in");
constexpr PartiqlWord kIs = partiql_word("is");
constexpr PartiqlWord kLike = partiql_word("like");
constexpr PartiqlWord kMissing = partiql_word("missing");
constexpr PartiqlWord kNot = partiql_word("not");
constexpr PartiqlWord kNull = partiql_word("null");
constexpr PartiqlWord kOr = partiql_word("or");
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

/// Reserved words that IS takes as a type, whether DynamoDB knows the type or not.
constexpr auto kTypeWords = std::to_array<PartiqlWord>({
    partiql_word("bag"),     partiql_word("blob"),      partiql_word("bool"),
    partiql_word("boolean"), partiql_word("char"),      partiql_word("character"),
    partiql_word("clob"),    partiql_word("date"),      partiql_word("decimal"),
    partiql_word("float"),   partiql_word("int"),       partiql_word("integer"),
    partiql_word("list"),    partiql_word("missing"),   partiql_word("null"),
    partiql_word("numeric"), partiql_word("real"),      partiql_word("sexp"),
    partiql_word("string"),  partiql_word("struct"),    partiql_word("symbol"),
    partiql_word("time"),    partiql_word("timestamp"), partiql_word("tuple"),
    partiql_word("varchar"),
});

template <class Words>
bool is_one_of(PartiqlWord word, const Words& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

struct SymbolOperator {
    PartiqlSymbol symbol;
    Operator op;
};

constexpr auto kComparators = std::to_array<SymbolOperator>({
    {"=", Operator::equal},
    {"<>", Operator::not_equal},
    {"!=", Operator::not_equal},
    {"<", Operator::less},
    {"<=", Operator::less_or_equal},
    {">", Operator::greater},
    {">=", Operator::greater_or_equal},
});
constexpr auto kSums = std::to_array<SymbolOperator>({
    {"+", Operator::plus},
    {"-", Operator::minus},
    {"||", Operator::concatenation},
});
constexpr auto kProducts = std::to_array<SymbolOperator>({
    {"*", Operator::times},
    {"/", Operator::divided},
    {"%", Operator::modulo},
});

template <class Symbols>
Operator operator_at(const PartiqlLexer& lexer, const Symbols& symbols) {
    if (lexer.peek().kind == PartiqlToken::Kind::symbol) {
        for (const SymbolOperator& candidate : symbols) {
            if (lexer.at(candidate.symbol)) {
                return candidate.op;
            }
        }
    }
    return Operator::none;
}

}  // namespace

PartiqlNode& PartiqlExpressions::make(Kind kind, const PartiqlToken& token) {
    auto* node = new (arena_.allocate_array<PartiqlNode>(1)) PartiqlNode;
    node->kind = kind;
    node->text = token.text;
    node->offset = token.offset;
    node->length = token.length;
    return *node;
}

PartiqlNode& PartiqlExpressions::operation(Operator op, const PartiqlToken& at, PartiqlNode& left,
                                           PartiqlNode* right) {
    PartiqlNode& node = make(Kind::operation, at);
    node.op = op;
    node.first = &left;
    left.next = right;
    return node;
}

void PartiqlExpressions::enter() {
    if (++depth_ > kMaxDepth) {
        source_.fail(lexer_.peek().offset, "Nesting Levels have exceeded supported limits");
    }
}

PartiqlNode& PartiqlExpressions::expression() {
    enter();
    PartiqlNode* left = &conjunction();
    if (lexer_.at(kOr)) {
        const PartiqlToken at = lexer_.peek();
        PartiqlChain parts;
        parts.add(*left);
        while (lexer_.accept(kOr)) {
            parts.add(conjunction());
        }
        left = &make(Kind::operation, at);
        left->op = Operator::disjunction;
        left->first = parts.first();
    }
    --depth_;
    return *left;
}

PartiqlNode& PartiqlExpressions::conjunction() {
    PartiqlNode& left = negation();
    if (!lexer_.at(kAnd)) {
        return left;
    }
    const PartiqlToken at = lexer_.peek();
    PartiqlChain parts;
    parts.add(left);
    while (lexer_.accept(kAnd)) {
        parts.add(negation());
    }
    PartiqlNode& all = make(Kind::operation, at);
    all.op = Operator::conjunction;
    all.first = parts.first();
    return all;
}

PartiqlNode& PartiqlExpressions::negation() {
    if (!lexer_.at(kNot)) {
        return comparison();
    }
    const PartiqlToken at = lexer_.take();
    enter();
    PartiqlNode& negated = negation();
    --depth_;
    return operation(Operator::negation, at, negated);
}

PartiqlNode& PartiqlExpressions::comparison() {
    PartiqlNode* left = &sum();
    while (PartiqlNode* whole = comparison_of(*left)) {
        left = whole;
    }
    return *left;
}

PartiqlNode* PartiqlExpressions::comparison_of(PartiqlNode& left) {
    if (const Operator op = operator_at(lexer_, kComparators); op != Operator::none) {
        const PartiqlToken at = lexer_.take();
        return &operation(op, at, left, &sum());
    }
    if (lexer_.peek().kind != PartiqlToken::Kind::word) {
        return nullptr;
    }
    const PartiqlToken at = lexer_.peek();
    if (lexer_.accept(kIs)) {
        return &is_test(left, at);
    }
    if (lexer_.accept(kNot)) {
        return &operation(Operator::negation, at, negatable(left, lexer_.peek()));
    }
    return lexer_.at(kIn) || lexer_.at(kBetween) || lexer_.at(kLike) ? &negatable(left, at)
                                                                     : nullptr;
}

PartiqlNode& PartiqlExpressions::negatable(PartiqlNode& left, const PartiqlToken& at) {
    const PartiqlToken here = at;
    if (lexer_.accept(kIn)) {
        return in_list(left, here);
    }
    if (lexer_.accept(kBetween)) {
        return between(left, here);
    }
    lexer_.expect(kLike);
    return operation(Operator::like, here, left, &sum());
}

PartiqlNode& PartiqlExpressions::is_test(PartiqlNode& left, const PartiqlToken& at) {
    const bool is_negated = lexer_.accept(kNot);
    if (!is_one_of(lexer_.peek().word, kTypeWords)) {
        lexer_.malformed();
    }
    PartiqlNode& test = operation(Operator::is, at, left);
    test.text = text_of(lexer_.take().word);
    return is_negated ? operation(Operator::negation, at, test) : test;
}

PartiqlNode& PartiqlExpressions::in_list(PartiqlNode& left, const PartiqlToken& at) {
    const PartiqlToken open = lexer_.peek();
    if (!lexer_.accept("(")) {
        return operation(Operator::in, at, left, &sum());
    }
    if (lexer_.at(kSelect)) {
        PartiqlNode& inner = select(open);
        lexer_.expect(")");
        return operation(Operator::in, at, left, &inner);
    }
    PartiqlNode& list = listed(Kind::sequence, ")");
    list.offset = open.offset;
    list.length = open.length;
    return operation(Operator::in, at, left, &list);
}

PartiqlNode& PartiqlExpressions::between(PartiqlNode& left, const PartiqlToken& at) {
    PartiqlNode& low = sum();
    lexer_.expect(kAnd);
    low.next = &sum();
    return operation(Operator::between, at, left, &low);
}

PartiqlNode& PartiqlExpressions::sum() {
    PartiqlNode* left = &product();
    for (Operator op; (op = operator_at(lexer_, kSums)) != Operator::none;) {
        const PartiqlToken at = lexer_.take();
        left = &operation(op, at, *left, &product());
    }
    return *left;
}

PartiqlNode& PartiqlExpressions::product() {
    PartiqlNode* left = &signed_operand();
    for (Operator op; (op = operator_at(lexer_, kProducts)) != Operator::none;) {
        const PartiqlToken at = lexer_.take();
        left = &operation(op, at, *left, &signed_operand());
    }
    return *left;
}

PartiqlNode& PartiqlExpressions::signed_operand() {
    if (!lexer_.at("-") && !lexer_.at("+")) {
        return operand();
    }
    const PartiqlToken sign = lexer_.take();
    enter();
    PartiqlNode& inner = signed_operand();
    --depth_;
    if (!inner.is(Kind::number)) {
        return operation(sign.text == "-" ? Operator::minus : Operator::plus, sign, inner);
    }
    if (sign.text == "-") {
        if (inner.text.starts_with('-')) {
            inner.text.remove_prefix(1);
        } else {
            char* digits = arena_.allocate_array<char>(inner.text.size() + 1);
            digits[0] = '-';
            std::copy(inner.text.begin(), inner.text.end(), digits + 1);
            inner.text = {digits, inner.text.size() + 1};
        }
    }
    return inner;
}

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
    if (lexer_.at("(") && is_one_of(token.word, kFunctionWords)) {
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
