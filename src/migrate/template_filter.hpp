#pragma once

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// The filters of the template language; docs/reference/templates.md says what each does.
enum class FilterKind {
    lower,
    upper,
    trim,
    string,
    number,
    length,
    default_value,
    split,
    join,
    replace,
    slice,
    pad,
    sha256,
    uuid5,
};

/// An argument as written: a quoted string, a number, true, false or null.
struct FilterArgument {
    dynamodb::AttributeType type = dynamodb::AttributeType::null;
    std::string text;
    bool boolean = false;
    std::int64_t integer = 0;  ///< of a number without a fraction

    /// Points into this argument.
    dynamodb::AttributeValue value() const noexcept;
};

struct Filter {
    FilterKind kind = FilterKind::lower;
    std::vector<FilterArgument> arguments;
};

/// A filter by its name with checked arguments.
/// Errors: Error invalid_argument (unknown name with the nearest known one, wrong arguments).
Filter make_filter(std::string_view name, std::vector<FilterArgument> arguments);

/// The filtered value, or nothing where it is absent; an absent value passes through every filter
/// but `default`.
///
/// Lifetime: points into the arena, into what `value` points to, and into the filter.
/// Errors:   Error invalid_argument for a value that the filter cannot take; never its content.
std::optional<dynamodb::AttributeValue> apply_filter(
    const Filter& filter, const std::optional<dynamodb::AttributeValue>& value, base::Arena& arena);

/// The value as text: a string, a number's digits, true or false; nothing for other types.
std::optional<std::string_view> as_text(const dynamodb::AttributeValue& value) noexcept;

}  // namespace dynamigrate::migrate
