#pragma once

#include <dynamigrate/base/arena.hpp>

#include <compare>
#include <string>
#include <string_view>

namespace dynamigrate::dynamodb {

/// DynamoDB numbers: up to 38 significant decimal digits, magnitude 1E-130 to 9.99...E+125, exact.
/// All functions take numbers as text in any accepted spelling ("+1000", "1e3", "0.10").

/// Why a text is no DynamoDB number, in DynamoDB's words; empty when it is one.
/// (For a text that is no number at all, DynamoDB appends ": " and the text: `number_error` does.)
std::string_view check_number(std::string_view text) noexcept;
/// The same reason as DynamoDB words it in full, such as
/// "The parameter cannot be converted to a numeric value: abc"; empty for a number.
std::string number_error(std::string_view text);

/// DynamoDB's canonical spelling: no exponent, no superfluous zeros, "-0" is "0"
/// (as AWS returns numbers). Requires a valid number.
std::string canonical_number(std::string_view text);

/// Compares by value. Requires valid numbers.
std::strong_ordering compare_numbers(std::string_view a, std::string_view b) noexcept;

/// Exact sum and difference, canonical. Errors: Error invalid_argument when the result needs more
/// than 38 digits or leaves the range, with DynamoDB's message.
std::string add_numbers(std::string_view a, std::string_view b);
std::string subtract_numbers(std::string_view a, std::string_view b);

/// Appends bytes whose order is the numbers' order: equal for equal numbers, none the beginning of
/// another's. Requires a valid number.
void append_sortable(std::string& out, std::string_view number);

/// Number size as DynamoDB counts it: 1 + ceil(integer digits / 2) + ceil(fraction digits / 2),
/// + 1 if negative; zeros at both ends are not counted.
std::size_t number_size(std::string_view text) noexcept;

}  // namespace dynamigrate::dynamodb
