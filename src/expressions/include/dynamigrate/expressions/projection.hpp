#pragma once

#include <dynamigrate/expressions/path.hpp>
#include <dynamigrate/expressions/substitution.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace dynamigrate::expressions {

struct ProjectionTree;

/// A projection expression. Immutable; copies share it.
///
/// Threads: any number may use one at once.
class Projection {
public:
    /// No text: everything.
    Projection() = default;

    /// Parses and checks; every name must be used.
    /// Errors: as Condition::parse, with `ProjectionExpression`.
    static Projection parse(const ExpressionText& text);
    static Projection parse(std::string_view text, Substitutions& substitutions);
    /// Requires paths that do not overlap.
    static Projection of(std::vector<Path> paths);

    /// What the paths reach, in the item's order; a list keeps the projected elements only.
    /// Lifetime: the result points into `arena` and into what `item` points to.
    dynamodb::Item apply(const dynamodb::Item& item, base::Arena& arena) const;

    const std::vector<Path>& paths() const noexcept;
    bool empty() const noexcept { return tree_ == nullptr; }

private:
    std::shared_ptr<const ProjectionTree> tree_;
};

}  // namespace dynamigrate::expressions
