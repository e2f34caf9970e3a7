#include "decimal.hpp"

#include <algorithm>

namespace dynamigrate::dynamodb {

namespace {

constexpr int kMaxExponent = 126;   // 9.99E+125 is 0.999E+126
constexpr int kMinExponent = -129;  // 1E-130 is 0.1E-129
constexpr int kExponentBound = 1'000'000'000;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes a number's text from left to right.
class Scanner {
public:
    explicit Scanner(std::string_view text) noexcept : text_(text) {}

    Decimal scan() noexcept {
        number_.is_negative = take_sign();
        bool has_digits = scan_digits(true);
        if (take('.')) {
            has_digits = scan_digits(false) || has_digits;
        }
        if (!has_digits || !scan_exponent() || at_ != text_.size()) {
            number_.flaw = Decimal::Flaw::no_number;
            return number_;
        }
        finish();
        return number_;
    }

private:
    bool take(char c) noexcept {
        bool is_here = at_ < text_.size() && text_[at_] == c;
        at_ += is_here ? 1 : 0;
        return is_here;
    }

    /// Returns whether the sign is a minus.
    bool take_sign() noexcept {
        if (take('-')) {
            return true;
        }
        take('+');
        return false;
    }

    bool scan_digits(bool is_integer_part) noexcept {
        std::size_t begin = at_;
        for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
            add(text_[at_]);
            if (is_integer_part) {
                point_ += has_started_ ? 1 : 0;
            } else {
                point_ -= has_started_ ? 0 : 1;
            }
        }
        return at_ != begin;
    }

    void add(char digit) noexcept {
        if (digit == '0') {
            pending_zeros_ += has_started_ ? 1 : 0;
            return;
        }
        has_started_ = true;
        for (; pending_zeros_ > 0; --pending_zeros_) {
            store('0');
        }
        store(digit);
    }

    void store(char digit) noexcept {
        if (number_.count == kMaxDigits) {
            number_.flaw = Decimal::Flaw::too_many_digits;
            pending_zeros_ = std::min<std::int64_t>(pending_zeros_, 1);
            return;
        }
        number_.digits[static_cast<std::size_t>(number_.count++)] = digit;
    }

    bool scan_exponent() noexcept {
        if (!take('e') && !take('E')) {
            return true;
        }
        bool is_negative = take_sign();
        std::size_t begin = at_;
        int exponent = 0;
        for (; at_ < text_.size() && is_digit(text_[at_]); ++at_) {
            exponent = std::min(exponent * 10 + (text_[at_] - '0'), kExponentBound / 100);
        }
        point_ += is_negative ? -exponent : exponent;
        return at_ != begin;
    }

    void finish() noexcept {
        if (number_.count == 0) {
            number_.is_negative = false;
            return;
        }
        std::int64_t bounded = std::clamp<std::int64_t>(point_, -kExponentBound, kExponentBound);
        number_.exponent = static_cast<int>(bounded);
        if (number_.flaw != Decimal::Flaw::none) {
            return;
        }
        if (number_.exponent > kMaxExponent) {
            number_.flaw = Decimal::Flaw::overflow;
        } else if (number_.exponent < kMinExponent) {
            number_.flaw = Decimal::Flaw::underflow;
        }
    }

    std::string_view text_;
    std::size_t at_ = 0;
    Decimal number_;
    bool has_started_ = false;
    std::int64_t pending_zeros_ = 0;
    std::int64_t point_ = 0;
};

}  // namespace

Decimal Decimal::parse(std::string_view text) noexcept { return Scanner(text).scan(); }

std::string Decimal::to_string() const {
    if (count == 0) {
        return "0";
    }
    std::string out(is_negative ? "-" : "");
    if (exponent <= 0) {
        out.append("0.").append(static_cast<std::size_t>(-exponent), '0').append(text());
    } else if (exponent >= count) {
        out.append(text()).append(static_cast<std::size_t>(exponent - count), '0');
    } else {
        auto point = static_cast<std::size_t>(exponent);
        out.append(text().substr(0, point)).append(".").append(text().substr(point));
    }
    return out;
}

}  // namespace dynamigrate::dynamodb
