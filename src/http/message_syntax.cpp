#include "message_syntax.hpp"

#include <algorithm>
#include <charconv>

namespace dynamigrate::http {

namespace {

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_token_char(char c) noexcept {
    constexpr std::string_view kOther = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.find(c) != kOther.npos;
}

}  // namespace

bool is_same_name(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::ranges::equal(a, b, {}, to_lower, to_lower);
}

bool is_token(std::string_view text) noexcept {
    return !text.empty() && std::ranges::all_of(text, is_token_char);
}

std::string_view trimmed(std::string_view text) noexcept {
    std::size_t begin = text.find_first_not_of(" \t");
    if (begin == text.npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::uint64_t> parse_number(std::string_view digits, int base) noexcept {
    std::uint64_t number = 0;
    const char* end = digits.data() + digits.size();
    auto [stop, failure] = std::from_chars(digits.data(), end, number, base);
    if (digits.empty() || failure != std::errc{} || stop != end) {
        return std::nullopt;
    }
    return number;
}

bool lists(std::string_view values, std::string_view wanted) noexcept {
    while (!values.empty()) {
        std::size_t end = std::min(values.find(','), values.size());
        if (is_same_name(trimmed(values.substr(0, end)), wanted)) {
            return true;
        }
        values.remove_prefix(std::min(end + 1, values.size()));
    }
    return false;
}

}  // namespace dynamigrate::http
