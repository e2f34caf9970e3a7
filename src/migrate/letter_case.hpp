#pragma once

#include <dynamigrate/base/arena.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace dynamigrate::migrate {

/// Unicode's simple (one letter to one letter) case mapping for the Latin, Greek, Cyrillic and
/// Armenian letters; every other letter, and bytes that are no UTF-8, stay as they are.
char32_t to_lower(char32_t letter) noexcept;
char32_t to_upper(char32_t letter) noexcept;

/// The text in lower or upper case, in the arena.
std::string_view to_lower(std::string_view text, base::Arena& arena);
std::string_view to_upper(std::string_view text, base::Arena& arena);

/// Reads the letter at `at` and moves behind it; a byte that begins no UTF-8 sequence is returned
/// alone with `kNoLetter`.
inline constexpr char32_t kNoLetter = 0xFFFFFFFF;
char32_t next_letter(std::string_view text, std::size_t& at) noexcept;
void append_letter(std::string& out, char32_t letter);

}  // namespace dynamigrate::migrate
