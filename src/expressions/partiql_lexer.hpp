#pragma once

#include "partiql_words.hpp"
#include "syntax.hpp"

#include <dynamigrate/base/arena.hpp>

namespace dynamigrate::expressions {

/// A symbol of one or two characters, as a number.
struct PartiqlSymbol {
    constexpr PartiqlSymbol() = default;
    consteval PartiqlSymbol(const char* text)
        : code(static_cast<std::uint16_t>(text[0] + (text[1] << 8))) {}
    constexpr PartiqlSymbol(char first, char second)
        : code(static_cast<std::uint16_t>(first + (second << 8))) {}

    std::uint16_t code = 0;
    friend bool operator==(PartiqlSymbol, PartiqlSymbol) = default;
};

struct PartiqlToken {
    enum class Kind : std::uint8_t { end, word, name, string, number, parameter, symbol };

    Kind kind = Kind::end;
    PartiqlWord word = PartiqlWord::none;  ///< of a `word`
    PartiqlSymbol symbol;                  ///< of a `symbol`
    bool is_quoted = false;                ///< of a `name`
    std::uint32_t offset = 0;
    std::uint32_t length = 0;  ///< in the statement, quotes included
    std::string_view text;     ///< without quotes; points into the statement or the arena
};

/// Walks over the tokens of a statement, skipping comments. Reads one token ahead.
/// Errors: a character or quote that begins no token, as `malformed`.
class PartiqlLexer {
public:
    PartiqlLexer(const Source& source, base::Arena& arena);

    const PartiqlToken& peek() const noexcept { return token_; }
    PartiqlToken take();
    bool at(PartiqlWord word) const noexcept { return token_.word == word; }
    bool at(PartiqlSymbol symbol) const noexcept { return token_.symbol == symbol; }
    bool accept(PartiqlWord word) { return accept_if(at(word)); }
    bool accept(PartiqlSymbol symbol) { return accept_if(at(symbol)); }
    void expect(PartiqlWord word);
    void expect(PartiqlSymbol symbol);

    /// Throws the one syntax error that there is, at the next token.
    [[noreturn]] void malformed() const;

private:
    bool accept_if(bool is_there);
    void read();
    void skip_blanks();
    void read_word();
    void read_number();
    void read_quoted(char quote);
    void read_symbol();
    void finish(PartiqlToken::Kind kind, std::size_t end);

    const Source& source_;
    base::Arena& arena_;
    std::size_t at_ = 0;
    PartiqlToken token_;
};

}  // namespace dynamigrate::expressions
