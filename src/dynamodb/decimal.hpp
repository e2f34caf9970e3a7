#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dynamigrate::dynamodb {

inline constexpr int kMaxDigits = 38;

/// A number taken apart: 0.D1D2...Dn times ten to the exponent, D1 and Dn not 0.
/// Zero has no digits.
struct Decimal {
    enum class Flaw { none, no_number, too_many_digits, overflow, underflow };

    bool is_negative = false;
    int count = 0;
    int exponent = 0;
    std::array<char, kMaxDigits> digits{};  ///< '0' to '9'
    Flaw flaw = Flaw::none;

    static Decimal parse(std::string_view text) noexcept;
    /// Plain notation.
    std::string to_string() const;
    std::string_view text() const noexcept {
        return {digits.data(), static_cast<std::size_t>(count)};
    }
};

}  // namespace dynamigrate::dynamodb
