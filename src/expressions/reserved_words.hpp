#pragma once

#include <string_view>

namespace dynamigrate::expressions {

/// Whether DynamoDB refuses the word as an attribute name in an expression, in any case of letters.
bool is_reserved_word(std::string_view word) noexcept;

}  // namespace dynamigrate::expressions
