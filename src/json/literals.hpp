#pragma once

#include "scanner.hpp"

#include <string>

namespace dynamigrate::json {

/// Reads a string from its opening to its closing quote. Lone surrogates become U+FFFD, as when
/// JavaScript writes such a string as UTF-8.
std::string read_quoted(Scanner& scanner);

/// Reads the four hexadecimal digits behind "\u".
char32_t read_unicode_escape(Scanner& scanner);

/// Reads an unquoted key.
std::string read_identifier(Scanner& scanner);

/// Reads a number and returns it as JSON text with its digits kept, or NaN, Infinity, -Infinity.
/// Hexadecimal numbers become decimal ones.
std::string read_number(Scanner& scanner);

}  // namespace dynamigrate::json
