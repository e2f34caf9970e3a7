#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/expressions/partiql.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::expressions {

/// A place for a statement that comes again and again with other parameters: it is parsed once, and
/// the parameters are put into its trees.
///
/// Threads: one at a time.
class PreparedPartiql {
public:
    PreparedPartiql() = default;
    PreparedPartiql(const PreparedPartiql&) = delete;
    PreparedPartiql& operator=(const PreparedPartiql&) = delete;

    /// Makes it the statement that `parse_partiql` gives for the text and the parameters.
    /// Lifetime: the parameters must live as long as the statement is used.
    /// Errors: as `parse_partiql`; it holds no statement then.
    void prepare(std::string_view text, std::span<const dynamodb::AttributeValue> parameters);

    /// Until the next `prepare`; so do copies of its condition and update.
    const PartiqlStatement& statement() const noexcept { return statement_; }

    /// What `partiql_target` gives for the statement. Lifetime: until the next `prepare`.
    /// Errors: as `partiql_target`.
    PartiqlTarget target(const dynamodb::KeySchema& key, base::Arena& arena);

private:
    bool fits(std::string_view text, std::span<const dynamodb::AttributeValue> parameters) const;
    void parse(std::string_view text, std::span<const dynamodb::AttributeValue> parameters);

    std::string text_;
    base::Arena arena_{1024};  ///< of the statement's literals
    PartiqlStatement statement_;
    std::vector<dynamodb::AttributeType> types_;  ///< of the parameters
    std::span<const dynamodb::AttributeValue> parameters_;
    /// Whether nothing but the types of parameters decides if it is refused.
    bool is_reusable_ = false;
    dynamodb::KeySchema key_;
    Condition rest_;  ///< for `key_`
    bool has_rest_ = false;
};

}  // namespace dynamigrate::expressions
