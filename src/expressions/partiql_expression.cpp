#include "partiql_expression.hpp"

#include <new>

namespace dynamigrate::expressions {
namespace {

using Kind = PartiqlNode::Kind;
using Operator = PartiqlOperator;

constexpr std::size_t kMaxDepth = 256;  // bounds the recursion of the parser

constexpr PartiqlWord kAnd = partiql_word("and");
constexpr PartiqlWord kBetween = partiql_word("between");
constexpr PartiqlWord kIn = partiql_word("in");
constexpr PartiqlWord kIs = partiql_word("is");
constexpr PartiqlWord kLike = partiql_word("like");
constexpr PartiqlWord kNot = partiql_word("not");
constexpr PartiqlWord kOr = partiql_word("or");
constexpr PartiqlWord kSelect = partiql_word("select");

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

bool is_type(PartiqlWord word) {
    return std::find(kTypeWords.begin(), kTypeWords.end(), word) != kTypeWords.end();
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
    if (!is_type(lexer_.peek().word)) {
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

}  // namespace dynamigrate::expressions
