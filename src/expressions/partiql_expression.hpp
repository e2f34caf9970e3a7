#pragma once

#include "partiql_lexer.hpp"
#include "partiql_syntax.hpp"

namespace dynamigrate::expressions {

/// Collects siblings.
class PartiqlChain {
public:
    void add(PartiqlNode& node) {
        (last_ == nullptr ? first_ : last_->next) = &node;
        last_ = &node;
    }
    const PartiqlNode* first() const noexcept { return first_; }

private:
    const PartiqlNode* first_ = nullptr;
    PartiqlNode* last_ = nullptr;
};

/// A recursive descent over expressions. Operators bind, from the loosest to the tightest: OR, AND,
/// NOT, comparisons, sums, products, signs.
class PartiqlExpressions {
public:
    PartiqlExpressions(const Source& source, PartiqlLexer& lexer, base::Arena& arena)
        : source_(source),
          lexer_(lexer),
          arena_(arena) {}
    virtual ~PartiqlExpressions() = default;
    PartiqlExpressions(const PartiqlExpressions&) = delete;
    PartiqlExpressions& operator=(const PartiqlExpressions&) = delete;

protected:
    PartiqlNode& expression();
    /// A name and steps of names and indexes, as SET and REMOVE have them.
    PartiqlNode& plain_path();
    /// Reads a SELECT that stands in an expression, and forgets it.
    virtual void nested_select() = 0;

    PartiqlNode& make(PartiqlNode::Kind kind, const PartiqlToken& token);

    const Source& source_;
    PartiqlLexer& lexer_;
    base::Arena& arena_;

private:
    PartiqlNode& conjunction();
    PartiqlNode& negation();
    PartiqlNode& comparison();
    PartiqlNode* comparison_of(PartiqlNode& left);
    PartiqlNode& negatable(PartiqlNode& left, const PartiqlToken& at);
    PartiqlNode& is_test(PartiqlNode& left, const PartiqlToken& at);
    PartiqlNode& in_list(PartiqlNode& left, const PartiqlToken& at);
    PartiqlNode& between(PartiqlNode& left, const PartiqlToken& at);
    PartiqlNode& sum();
    PartiqlNode& product();
    PartiqlNode& signed_operand();
    PartiqlNode& operand();
    PartiqlNode& word();
    PartiqlNode& in_parentheses();
    PartiqlNode& call(const PartiqlToken& name);
    PartiqlNode& path(const PartiqlToken& name);
    PartiqlNode& step_in_brackets();
    PartiqlNode& tuple();
    PartiqlNode& listed(PartiqlNode::Kind kind, PartiqlSymbol close);
    PartiqlNode& select(const PartiqlToken& at);
    PartiqlNode& operation(PartiqlOperator op, const PartiqlToken& at, PartiqlNode& left,
                           PartiqlNode* right = nullptr);
    void enter();

    std::uint32_t parameters_ = 0;
    std::size_t depth_ = 0;
};

}  // namespace dynamigrate::expressions
