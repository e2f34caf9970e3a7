#pragma once

namespace dynamigrate::json {

/// Whether a code point above ASCII may begin an ES5.1 identifier.
bool is_identifier_letter(char32_t code);

/// Whether a code point above ASCII may stand in an ES5.1 identifier after its beginning, besides
/// letters.
bool is_identifier_mark_or_digit(char32_t code);

}  // namespace dynamigrate::json
