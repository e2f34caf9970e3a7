#include <dynamigrate/dynamodb/number.hpp>

#include <dynamigrate/base/error.hpp>

#include "decimal.hpp"

#include <algorithm>
#include <optional>

namespace dynamigrate::dynamodb {

namespace {

constexpr std::string_view kNoNumber = "The parameter cannot be converted to a numeric value";
constexpr std::string_view kTooManyDigits =
    "Attempting to store more than 38 significant digits in a Number";
constexpr std::string_view kOverflow =
    "Number overflow. Attempting to store a number with magnitude larger than supported range";
constexpr std::string_view kUnderflow =
    "Number underflow. Attempting to store a number with magnitude smaller than supported range";

std::string_view message(Decimal::Flaw flaw) noexcept {
    switch (flaw) {
        case Decimal::Flaw::none:
            return {};
        case Decimal::Flaw::no_number:
            return kNoNumber;
        case Decimal::Flaw::too_many_digits:
            return kTooManyDigits;
        case Decimal::Flaw::overflow:
            return kOverflow;
        case Decimal::Flaw::underflow:
            return kUnderflow;
    }
    return {};
}

/// The value of a plain integer of at most 18 digits; nothing for any other spelling.
std::optional<std::int64_t> short_integer(std::string_view text) noexcept {
    bool is_negative = !text.empty() && text.front() == '-';
    text.remove_prefix(is_negative ? 1 : 0);
    if (text.empty() || text.size() > 18) {
        return std::nullopt;
    }
    std::int64_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        value = value * 10 + (c - '0');
    }
    return is_negative ? -value : value;
}

/// -1, 0 or 1 for the order of two magnitudes.
int compare_magnitudes(const Decimal& a, const Decimal& b) noexcept {
    if (a.count == 0 || b.count == 0) {
        return (a.count != 0) - (b.count != 0);
    }
    if (a.exponent != b.exponent) {
        return a.exponent < b.exponent ? -1 : 1;
    }
    int order = a.text().compare(b.text());
    return (order > 0) - (order < 0);
}

/// Digits of a number laid out by their place, so that columns of two numbers line up.
class Columns {
public:
    static constexpr int kHighest = 127;  // one place above the greatest number, for the carry
    static constexpr int kLowest = -166;  // the last of 38 digits of the smallest number
    static constexpr int kCount = kHighest - kLowest + 1;

    explicit Columns(const Decimal& number) noexcept {
        for (int i = 0; i < number.count; ++i) {
            at(number.exponent - i) = number.digits[static_cast<std::size_t>(i)] - '0';
        }
    }

    /// Adds (or subtracts, for a factor of -1: then `other` must not be the greater one).
    void add(const Columns& other, int factor) noexcept {
        int carry = 0;
        for (int i = kCount - 1; i >= 0; --i) {
            auto place = static_cast<std::size_t>(i);
            int sum = places_[place] + factor * other.places_[place] + carry;
            carry = sum > 9 ? 1 : (sum < 0 ? -1 : 0);
            places_[place] = sum - 10 * carry;
        }
    }

    std::string to_text(bool is_negative) const {
        std::string out(is_negative ? "-" : "");
        for (int place : places_) {
            out.push_back(static_cast<char>('0' + place));
        }
        // The columns read as one integer, whose last place is not the units.
        return out + "E" + std::to_string(kLowest - 1);
    }

private:
    int& at(int exponent) noexcept {
        return places_[static_cast<std::size_t>(kHighest - exponent)];
    }

    std::array<int, kCount> places_{};
};

std::string sum(const Decimal& a, const Decimal& b) {
    bool is_sign_same = a.is_negative == b.is_negative;
    bool is_a_greater = compare_magnitudes(a, b) >= 0;
    const Decimal& greater = is_a_greater ? a : b;
    const Decimal& smaller = is_a_greater ? b : a;
    Columns columns(greater);
    columns.add(Columns(smaller), is_sign_same ? 1 : -1);
    Decimal result = Decimal::parse(columns.to_text(greater.is_negative));
    if (result.flaw != Decimal::Flaw::none) {
        throw base::Error(base::ErrorKind::invalid_argument, std::string(message(result.flaw)))
            .service_code("ValidationException");
    }
    return result.to_string();
}

}  // namespace

std::string_view check_number(std::string_view text) noexcept {
    return message(Decimal::parse(text).flaw);
}

std::string number_error(std::string_view text) {
    std::string_view reason = check_number(text);
    std::string error(reason);
    if (reason == kNoNumber) {
        error.append(": ").append(text);
    }
    return error;
}

std::string canonical_number(std::string_view text) { return Decimal::parse(text).to_string(); }

namespace {

/// The size of digits with at most one point, which neither begin nor end with a zero; 0: of
/// another spelling.
std::size_t size_of_plain_digits(std::string_view text) noexcept {
    const bool is_negative = text.starts_with('-');
    text.remove_prefix(is_negative ? 1 : 0);
    if (text.empty() || text.front() == '0' || text.back() == '0' || text.back() == '.') {
        return 0;
    }
    std::size_t integer = text.size();
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '.' && i > 0 && integer == text.size()) {
            integer = i;
        } else if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
    }
    const std::size_t fraction = integer == text.size() ? 0 : text.size() - integer - 1;
    return 1 + (integer + 1) / 2 + (fraction + 1) / 2 + (is_negative ? 1 : 0);
}

}  // namespace

std::strong_ordering compare_numbers(std::string_view a, std::string_view b) noexcept {
    if (a == b) {
        return std::strong_ordering::equal;
    }
    auto short_a = short_integer(a);
    auto short_b = short_integer(b);
    if (short_a && short_b) {
        return *short_a <=> *short_b;
    }
    Decimal left = Decimal::parse(a);
    Decimal right = Decimal::parse(b);
    if (left.is_negative != right.is_negative) {
        return left.is_negative ? std::strong_ordering::less : std::strong_ordering::greater;
    }
    int order = compare_magnitudes(left, right);
    return (left.is_negative ? -order : order) <=> 0;
}

std::string add_numbers(std::string_view a, std::string_view b) {
    return sum(Decimal::parse(a), Decimal::parse(b));
}

std::string subtract_numbers(std::string_view a, std::string_view b) {
    Decimal right = Decimal::parse(b);
    right.is_negative = right.count != 0 && !right.is_negative;
    return sum(Decimal::parse(a), right);
}

// A sign byte, the exponent, the digits by pairs counted from 1, and 0; all but the sign inverted for
// negative numbers.
void append_sortable(std::string& out, std::string_view number) {
    constexpr int kExponentOffset = 129;
    Decimal decimal = Decimal::parse(number);
    if (decimal.count == 0) {
        out.push_back('\x80');
        return;
    }
    unsigned mask = decimal.is_negative ? 0xFFU : 0U;
    auto append = [&](int byte) {
        out.push_back(static_cast<char>(static_cast<unsigned>(byte) ^ mask));
    };
    out.push_back(decimal.is_negative ? '\x7F' : '\x81');
    append(decimal.exponent + kExponentOffset);
    std::string_view digits = decimal.text();
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        int tens = digits[i] - '0';
        int ones = i + 1 < digits.size() ? digits[i + 1] - '0' : 0;
        append(tens * 10 + ones + 1);
    }
    append(0);
}

std::size_t number_size(std::string_view text) noexcept {
    if (const std::size_t size = size_of_plain_digits(text); size != 0) {
        return size;
    }
    Decimal number = Decimal::parse(text);
    int integer_digits = std::clamp(number.exponent, 0, number.count);
    int fraction_digits = number.count - integer_digits;
    int pairs = (integer_digits + 1) / 2 + (fraction_digits + 1) / 2;
    int size = 1 + pairs + (number.is_negative ? 1 : 0);
    return static_cast<std::size_t>(size);
}

}  // namespace dynamigrate::dynamodb
