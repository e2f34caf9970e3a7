#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <memory>
#include <string_view>

namespace dynamigrate::expressions {

/// What a key condition asks of the sort key.
enum class SortOperator {
    none,
    equal,
    less,
    less_or_equal,
    greater,
    greater_or_equal,
    between,
    begins_with
};

/// A query's key condition: one partition key value, and at most one condition on the sort key.
/// Immutable; copies share it.
///
/// Threads: any number may use one at once.
class KeyCondition {
public:
    /// Parses and checks against the schema; every name and value must be used.
    /// Errors: as Condition::parse, with `KeyConditionExpression`; also a missing partition key, an
    /// operator that keys do not have, a value of another type than the schema's.
    static KeyCondition parse(const ExpressionText& text, const dynamodb::KeySchema& key);
    static KeyCondition parse(std::string_view text, Substitutions& substitutions,
                              const dynamodb::KeySchema& key);
    /// From conditions that are no expression. Requires operands as `Condition::of` does.
    static KeyCondition of(std::span<const AttributeTest> tests, const dynamodb::KeySchema& key);

    const dynamodb::AttributeValue& hash() const noexcept;
    SortOperator sort_operator() const noexcept;
    /// The operand; the lower bound of `between`. Requires a sort operator.
    const dynamodb::AttributeValue& sort() const noexcept;
    /// Requires `between`.
    const dynamodb::AttributeValue& sort_upper() const noexcept;

    bool matches(const dynamodb::Item& item) const noexcept;

private:
    struct Parts;
    std::shared_ptr<const Parts> parts_;
};

}  // namespace dynamigrate::expressions
