#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::expressions {

struct ConditionTree;

/// How a condition that is no expression compares an attribute.
enum class Comparison {
    equal,
    not_equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    between,  ///< two operands
    in,       ///< one or more
    exists,   ///< none
    not_exists,
    begins_with,
    contains,
    not_contains,  ///< of an attribute that is there
};

/// A condition on one top-level attribute.
struct AttributeTest {
    std::string_view attribute;
    Comparison comparison = Comparison::equal;
    std::span<const dynamodb::AttributeValue> operands;
};

/// A condition or filter expression, ready to be evaluated. Immutable; copies share the tree.
///
/// Threads: any number may use one at once.
/// Comparisons are DynamoDB's: with absent attributes only `<>` is true, also between two of them;
/// values of different types are unequal and unordered; numbers compare by value.
class Condition {
public:
    /// An expression of no text: matches every item.
    Condition() = default;
    static Condition always() { return {}; }

    /// Parses and checks; every name and value must be used. Owns what it needs of the text's
    /// values. `what` names the expression in errors: ConditionExpression, FilterExpression.
    /// Errors: Error invalid_argument (ValidationException) in DynamoDB's words, its place at
    /// `column N of the <what>`. Texts over 4096 bytes and more than 300 operators are refused.
    static Condition parse(const ExpressionText& text,
                           std::string_view what = "ConditionExpression");
    /// The same for one of several expressions that share substitutions: the caller checks
    /// afterwards that all are used.
    static Condition parse(std::string_view text, Substitutions& substitutions,
                           std::string_view what = "ConditionExpression");

    /// All of the tests, or any of them; matches every item without tests. Owns their values.
    /// Requires operands in number and type as the comparisons want them.
    static Condition of(std::span<const AttributeTest> tests, bool is_any = false);

    /// Inside this room, of a tree whose values may be owned by others.
    explicit Condition(std::shared_ptr<const ConditionTree> tree) noexcept
        : tree_(std::move(tree)) {}
    const ConditionTree* tree() const noexcept { return tree_.get(); }

    bool matches(const dynamodb::Item& item) const noexcept;

    /// The top-level attributes that it names, sorted, each once.
    const std::vector<std::string>& attributes() const noexcept;
    /// Those of them into which it looks by a path such as `a.b` or `a[0]`: no key can be such.
    const std::vector<std::string>& attributes_entered() const noexcept;
    bool empty() const noexcept { return tree_ == nullptr; }

    /// Canonical form for tests and logs without values of customers:
    /// `and(eq(a.b[0], {"S":"x"}), not(exists(c)))`; "" when empty.
    std::string to_string() const;

private:
    std::shared_ptr<const ConditionTree> tree_;
};

/// What remains of a filter when the parts that name key attributes, which a Query's filter may
/// not, are left out: the top-level conjuncts without key attributes, with the names and values
/// that these use; nothing when none remains. A weaker condition than `filter`: evaluate `filter`
/// on what the query returns.
///
/// The values' texts are the filter's, their list is in the arena.
/// Errors: as Condition::parse.
std::optional<ExpressionText> without_key_conjuncts(const ExpressionText& filter,
                                                    const dynamodb::KeySchema& key,
                                                    base::Arena& arena);

}  // namespace dynamigrate::expressions
