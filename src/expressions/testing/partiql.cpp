#include "partiql.hpp"

#include "partiql_tokens.hpp"

#include <dynamigrate/dynamodb/number.hpp>

#include <algorithm>

namespace dynamigrate::expressions::memory {
namespace {

using dynamodb::Attribute;
using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using Kind = PartiqlToken::Kind;

class StatementParser {
public:
    StatementParser(std::string_view text, std::span<const AttributeValue> parameters,
                    base::Arena& arena)
        : tokens_(partiql_tokens(text)),
          parameters_(parameters),
          arena_(arena) {}

    Statement parse() {
        if (accept_word("SELECT")) {
            select();
        } else if (accept_word("UPDATE")) {
            update();
        } else if (accept_word("DELETE")) {
            expect_word("FROM");
            statement_.kind = Statement::Kind::remove;
            statement_.table = name();
            where_and_returning();
        } else if (accept_word("INSERT")) {
            insert();
        } else {
            unexpected();
        }
        accept_symbol(";");
        if (peek().kind != Kind::end) {
            unexpected();
        }
        if (next_parameter_ != parameters_.size()) {
            refuse_statement("Number of parameters in request and statement don't match.");
        }
        statement_.substitutions.values =
            dynamodb::Item(arena_.copy(std::span<const Attribute>(values_)));
        return std::move(statement_);
    }

private:
    void select() {
        if (!accept_symbol("*")) {
            do {
                statement_.projection += statement_.projection.empty() ? "" : ", ";
                statement_.projection += path();
            } while (accept_symbol(","));
        }
        expect_word("FROM");
        statement_.table = name();
        if (accept_symbol(".")) {
            statement_.index = name();
        }
        where_and_returning();
    }

    void update() {
        statement_.kind = Statement::Kind::update;
        statement_.table = name();
        std::string sets;
        std::string removes;
        while (true) {
            if (accept_word("SET")) {
                do {
                    std::string target = path();
                    expect_symbol("=");
                    sets += (sets.empty() ? "SET " : ", ") + target + " = " + assigned();
                } while (accept_symbol(","));
            } else if (accept_word("REMOVE")) {
                removes += (removes.empty() ? " REMOVE " : ", ") + path();
            } else {
                break;
            }
        }
        statement_.update = sets + removes;
        if (statement_.update.empty()) {
            unexpected();
        }
        where_and_returning();
        if (statement_.condition.empty()) {
            refuse_statement(
                "Where clause does not contain a mandatory equality on all key attributes");
        }
    }

    void insert() {
        statement_.kind = Statement::Kind::insert;
        expect_word("INTO");
        statement_.table = name();
        expect_word("VALUE");
        AttributeValue value = literal();
        if (!value.is(AttributeType::map)) {
            refuse_statement("The value to insert must be an item");
        }
        statement_.item = dynamodb::Item(value.attributes());
    }

    void where_and_returning() {
        if (accept_word("WHERE")) {
            statement_.condition = disjunction(true);
        }
        if (accept_word("RETURNING")) {
            while (peek().kind == Kind::word) {
                statement_.returning +=
                    (statement_.returning.empty() ? "" : " ") + upper(take().text);
            }
            expect_symbol("*");
        }
    }

    /// The right side of SET: an operand, a sum, a difference or a function.
    std::string assigned() {
        std::string left = set_operand();
        for (const char* sign : {"+", "-"}) {
            if (accept_symbol(sign)) {
                return left + " " + sign + " " + set_operand();
            }
        }
        return left;
    }

    std::string set_operand() {
        if (peek().kind == Kind::word && peek(1).text == "(") {
            std::string call = take().text + "(";
            take();
            call += set_operand();
            expect_symbol(",");
            call += ", " + set_operand() + ")";
            expect_symbol(")");
            return call;
        }
        return operand();
    }

    std::string disjunction(bool is_top) {
        std::string first = conjunction(is_top);
        if (!is_at_word("OR")) {
            return first;
        }
        if (is_top) {
            statement_.equalities.clear();
        }
        while (accept_word("OR")) {
            first += " OR " + conjunction(false);
        }
        return first;
    }

    std::string conjunction(bool is_top) {
        std::string all = negation(is_top);
        while (accept_word("AND")) {
            all += " AND " + negation(is_top);
        }
        return all;
    }

    std::string negation(bool is_top) {
        if (accept_word("NOT")) {
            return "NOT " + negation(false);
        }
        if (!accept_symbol("(")) {
            return comparison(is_top);
        }
        std::string inner = disjunction(false);
        expect_symbol(")");
        bool is_enclosed_already = inner.starts_with("(") && inner.find(')') == inner.size() - 1;
        return is_enclosed_already ? inner : "(" + inner + ")";
    }

    std::string comparison(bool is_top) {
        if (peek().kind == Kind::word && peek(1).text == "(") {
            return function();
        }
        std::string name_before = peek().text;
        bool is_plain_name = is_name(peek()) && peek(1).text == "=";
        std::string left = operand();
        if (accept_word("IS")) {
            return is_test(left);
        }
        if (accept_word("BETWEEN")) {
            std::string low = operand();
            expect_word("AND");
            return left + " BETWEEN " + low + " AND " + operand();
        }
        if (accept_word("IN")) {
            return left + " IN (" + in_list() + ")";
        }
        std::string op = take().text;
        if (op == "!=") {
            op = "<>";
        }
        if (op != "=" && op != "<>" && op != "<" && op != "<=" && op != ">" && op != ">=") {
            --position_;
            unexpected();
        }
        std::size_t values_before = values_.size();
        std::string right = operand();
        if (is_top && is_plain_name && values_.size() == values_before + 1) {
            statement_.equalities.emplace_back(name_before, values_.back().value);
        }
        return left + " " + op + " " + right;
    }

    std::string is_test(const std::string& path) {
        bool is_negated = accept_word("NOT");
        if (accept_word("MISSING")) {
            return (is_negated ? "attribute_exists(" : "attribute_not_exists(") + path + ")";
        }
        expect_word("NULL");
        return path + (is_negated ? " <> " : " = ") + placeholder(AttributeValue::null());
    }

    std::string in_list() {
        const char* close = accept_symbol("[") ? "]" : ")";
        if (*close == ')') {
            expect_symbol("(");
        }
        std::string list = operand();
        while (accept_symbol(",")) {
            list += ", " + operand();
        }
        expect_symbol(close);
        return list;
    }

    std::string function() {
        std::string call = take().text + "(";
        take();
        do {
            call += (call.back() == '(' ? "" : ", ") + operand();
        } while (accept_symbol(","));
        expect_symbol(")");
        return call + ")";
    }

    /// A path or a literal, as the expression languages write it.
    std::string operand() {
        const PartiqlToken& token = peek();
        bool is_literal = token.kind == Kind::string || token.kind == Kind::number ||
                          token.kind == Kind::symbol || is_word(token, "TRUE") ||
                          is_word(token, "FALSE") || is_word(token, "NULL");
        return is_literal ? placeholder(literal()) : path();
    }

    std::string path() {
        std::string text = name_placeholder(name());
        while (true) {
            if (accept_symbol(".")) {
                text += "." + name_placeholder(name());
            } else if (accept_symbol("[")) {
                text += "[" + take().text + "]";
                expect_symbol("]");
            } else {
                return text;
            }
        }
    }

    AttributeValue literal() {
        PartiqlToken token = take();
        if (token.kind == Kind::string) {
            return AttributeValue::string(arena_.copy(std::string_view(token.text)));
        }
        if (token.kind == Kind::number) {
            return number(token.text);
        }
        if (is_word(token, "TRUE") || is_word(token, "FALSE")) {
            return AttributeValue::boolean(is_word(token, "TRUE"));
        }
        if (is_word(token, "NULL")) {
            return {};
        }
        if (token.text == "?") {
            if (next_parameter_ == parameters_.size()) {
                refuse_statement("Number of parameters in request and statement don't match.");
            }
            return parameters_[next_parameter_++];
        }
        if (token.text == "[") {
            return AttributeValue::list(literals("]"));
        }
        if (token.text == "<<") {
            return set(literals(">>"));
        }
        if (token.text == "{") {
            return map();
        }
        --position_;
        unexpected();
    }

    AttributeValue number(const std::string& text) {
        if (std::string_view reason = dynamodb::check_number(text); !reason.empty()) {
            refuse_statement(std::string(reason));
        }
        return AttributeValue::number(arena_.copy(std::string_view(text)));
    }

    std::span<const AttributeValue> literals(const char* close) {
        std::vector<AttributeValue> values;
        if (!accept_symbol(close)) {
            do {
                values.push_back(literal());
            } while (accept_symbol(","));
            expect_symbol(close);
        }
        return arena_.copy(std::span<const AttributeValue>(values));
    }

    AttributeValue set(std::span<const AttributeValue> elements) {
        if (elements.empty()) {
            refuse_statement("A set may not be empty");
        }
        switch (elements.front().type()) {
            case AttributeType::string:
                return AttributeValue::string_set(elements);
            case AttributeType::number:
                return AttributeValue::number_set(elements);
            case AttributeType::binary:
                return AttributeValue::binary_set(elements);
            default:
                refuse_statement("A set holds strings, numbers or binary values");
        }
    }

    AttributeValue map() {
        std::vector<Attribute> attributes;
        if (!accept_symbol("}")) {
            do {
                std::string_view key = arena_.copy(std::string_view(take().text));
                expect_symbol(":");
                attributes.push_back({key, literal()});
            } while (accept_symbol(","));
            expect_symbol("}");
        }
        return AttributeValue::map(arena_.copy(std::span<const Attribute>(attributes)));
    }

    std::string placeholder(const AttributeValue& value) {
        std::string name = ":" + std::to_string(values_.size());
        values_.push_back({arena_.copy(std::string_view(name)), value});
        return name;
    }

    std::string name_placeholder(const std::string& name) {
        auto& names = statement_.substitutions.names;
        for (const auto& [key, known] : names) {
            if (known == name) {
                return key;
            }
        }
        names.emplace_back("#" + std::to_string(names.size()), name);
        return names.back().first;
    }

    static bool is_name(const PartiqlToken& token) {
        return token.kind == Kind::word || token.kind == Kind::quoted_name;
    }

    std::string name() {
        if (!is_name(peek())) {
            unexpected();
        }
        return take().text;
    }

    const PartiqlToken& peek(std::size_t ahead = 0) const {
        return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
    }
    const PartiqlToken& take() {
        const PartiqlToken& token = peek();
        ++position_;
        return token;
    }
    bool is_at_word(std::string_view word) const { return is_word(peek(), word); }
    bool accept_word(std::string_view word) {
        bool is_there = is_at_word(word);
        position_ += is_there;
        return is_there;
    }
    void expect_word(std::string_view word) {
        if (!accept_word(word)) {
            unexpected();
        }
    }
    bool accept_symbol(std::string_view symbol) {
        bool is_there = peek().kind == Kind::symbol && peek().text == symbol;
        position_ += is_there;
        return is_there;
    }
    void expect_symbol(std::string_view symbol) {
        if (!accept_symbol(symbol)) {
            unexpected();
        }
    }
    [[noreturn]] void unexpected() const {
        refuse_statement("Statement wasn't well formed, can't be processed: Unexpected token '" +
                         peek().text + "'");
    }

    static std::string upper(std::string text) {
        std::transform(text.begin(), text.end(), text.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        return text;
    }

    std::vector<PartiqlToken> tokens_;
    std::size_t position_ = 0;
    std::span<const AttributeValue> parameters_;
    std::size_t next_parameter_ = 0;
    base::Arena& arena_;
    std::vector<Attribute> values_;
    Statement statement_;
};

}  // namespace

Statement parse_statement(std::string_view text, std::span<const AttributeValue> parameters,
                          base::Arena& arena) {
    return StatementParser(text, parameters, arena).parse();
}

}  // namespace dynamigrate::expressions::memory
