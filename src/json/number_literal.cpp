#include "literals.hpp"

#include <vector>

namespace dynamigrate::json {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex_digit(char c) { return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

std::uint32_t hex_value(char c) {
    return static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/// Converts exactly, however many digits there are.
std::string to_decimal(std::string_view hex) {
    constexpr std::uint32_t kBase = 1'000'000'000;
    std::vector<std::uint32_t> parts{0};  // lowest first
    for (const char c : hex) {
        std::uint64_t carry = hex_value(c);
        for (std::uint32_t& part : parts) {
            carry += std::uint64_t{part} * 16;
            part = static_cast<std::uint32_t>(carry % kBase);
            carry /= kBase;
        }
        if (carry != 0) {
            parts.push_back(static_cast<std::uint32_t>(carry));
        }
    }
    std::string decimal = std::to_string(parts.back());
    for (std::size_t i = parts.size() - 1; i-- > 0;) {
        const std::string digits = std::to_string(parts[i]);
        decimal.append(9 - digits.size(), '0').append(digits);
    }
    return decimal;
}

void take_digits(Scanner& scanner, std::string& into) {
    const std::size_t start = scanner.offset();
    if (scanner.take_while(is_digit) == 0) {
        scanner.fail_expected("a digit");
    }
    into.append(scanner.since(start));
}

void take_exponent(Scanner& scanner, std::string& into) {
    if (!scanner.accept('e') && !scanner.accept('E')) {
        return;
    }
    into.push_back('e');
    if (scanner.accept('-')) {
        into.push_back('-');
    } else if (scanner.accept('+')) {
        into.push_back('+');
    }
    take_digits(scanner, into);
}

void take_fraction(Scanner& scanner, std::string& into, bool needs_digits) {
    const char32_t next = scanner.peek();
    if (needs_digits || (next >= '0' && next <= '9')) {
        into.push_back('.');
        take_digits(scanner, into);
    }
}

void take_decimal(Scanner& scanner, std::string& into) {
    const bool is_json5 = scanner.is_json5();
    if (is_json5 && scanner.accept('.')) {
        into.push_back('0');
        take_fraction(scanner, into, true);
    } else {
        if (scanner.accept('0')) {
            into.push_back('0');
        } else {
            take_digits(scanner, into);
        }
        if (scanner.accept('.')) {
            take_fraction(scanner, into, !is_json5);
        }
    }
    take_exponent(scanner, into);
}

void take_hexadecimal(Scanner& scanner, std::string& into) {
    const std::size_t start = scanner.offset();
    if (scanner.take_while(is_hex_digit) == 0) {
        scanner.fail_expected("a hexadecimal digit");
    }
    into.append(to_decimal(scanner.since(start)));
}

}  // namespace

std::string read_number(Scanner& scanner) {
    std::string text;
    if (scanner.accept('-')) {
        text.push_back('-');
    } else if (scanner.is_json5()) {
        scanner.accept('+');
    }
    if (!scanner.is_json5()) {
        take_decimal(scanner, text);
    } else if (scanner.accept("Infinity")) {
        text.append("Infinity");
    } else if (scanner.accept("NaN")) {
        text = "NaN";
    } else if (scanner.accept("0x") || scanner.accept("0X")) {
        take_hexadecimal(scanner, text);
    } else {
        take_decimal(scanner, text);
    }
    return text;
}

}  // namespace dynamigrate::json
