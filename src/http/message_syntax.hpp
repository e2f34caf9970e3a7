#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dynamigrate::http {

/// What requests and answers of HTTP/1.1 have in common.

/// Whether two names are the same but for the case of ASCII letters.
bool is_same_name(std::string_view a, std::string_view b) noexcept;
/// Whether the text can be a method or the name of a header.
bool is_token(std::string_view text) noexcept;
/// Whether no header may hold it.
inline bool is_control(char c) noexcept {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 127;
}
/// Without the spaces and tabs around it.
std::string_view trimmed(std::string_view text) noexcept;
/// Digits only.
std::optional<std::uint64_t> parse_number(std::string_view digits, int base) noexcept;
/// Whether a list such as "keep-alive, close" holds the word.
bool lists(std::string_view values, std::string_view wanted) noexcept;

}  // namespace dynamigrate::http
