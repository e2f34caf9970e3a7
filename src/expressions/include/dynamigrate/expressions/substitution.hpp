#pragma once

#include <dynamigrate/dynamodb/operations.hpp>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamigrate::expressions {

using dynamodb::ExpressionText;

/// Resolves `#name` and `:value` while the expressions of one request are parsed, and knows which
/// of them none of the expressions used.
///
/// Only for the time of parsing: points to the names and values it was given.
/// Errors: Error invalid_argument for a placeholder that does not begin with # or : or has other
/// characters than letters, digits and `_`, as DynamoDB says it.
class Substitutions {
public:
    explicit Substitutions(const ExpressionText& source)
        : Substitutions(source.names, source.values) {}
    Substitutions(std::span<const std::pair<std::string, std::string>> names,
                  const dynamodb::Item& values);

    /// What the placeholder stands for, or nullptr when it is not defined; marks it as used.
    const std::string* name(std::string_view placeholder);
    const dynamodb::AttributeValue* value(std::string_view placeholder);

    /// Errors: Error invalid_argument naming the placeholders that were never asked for.
    void check_all_used() const;

private:
    std::span<const std::pair<std::string, std::string>> names_;
    dynamodb::Item values_;
    std::vector<bool> used_names_;
    std::vector<bool> used_values_;
};

}  // namespace dynamigrate::expressions
