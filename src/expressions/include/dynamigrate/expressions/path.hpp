#pragma once

#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::expressions {

/// One step of a document path: into a map by name, or into a list by index.
struct PathStep {
    std::string name;         ///< "" for a step by index
    std::int32_t index = -1;  ///< -1 for a step by name

    bool is_index() const noexcept { return index >= 0; }
    friend bool operator==(const PathStep&, const PathStep&) = default;
};

/// A document path such as `a.b[0].c`; the first step is the name of a top-level attribute.
struct Path {
    std::vector<PathStep> steps;

    /// The top-level attribute. Requires at least one step.
    const std::string& attribute() const noexcept { return steps.front().name; }
    bool is_nested() const noexcept { return steps.size() > 1; }
    friend bool operator==(const Path&, const Path&) = default;
};

/// Parses a path as templates write it: names of letters, digits, `_` and `-`, other names in
/// single quotes (`''` for a quote in them): `a.b[0].'odd.name'`. Neither placeholders nor reserved
/// words. Errors: Error invalid_argument with what was found and its column.
Path parse_path(std::string_view text);

/// `a.b[0].'odd.name'`: what `parse_path` reads.
std::string to_string(const Path& path);

/// What stands at the path, or nullptr where anything on the way is absent or of another type.
const dynamodb::AttributeValue* resolve(const dynamodb::Item& item, const Path& path) noexcept;

}  // namespace dynamigrate::expressions
