#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::expressions::memory {

struct PartiqlToken {
    enum class Kind { end, word, quoted_name, string, number, symbol };

    Kind kind = Kind::end;
    std::string text;  ///< without quotes
};

/// Errors: Error invalid_argument for an unclosed quote.
std::vector<PartiqlToken> partiql_tokens(std::string_view text);

bool is_word(const PartiqlToken& token, std::string_view word);

[[noreturn]] void refuse_statement(const std::string& message);

}  // namespace dynamigrate::expressions::memory
