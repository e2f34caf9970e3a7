#include "partiql_lexer.hpp"

namespace dynamigrate::expressions {
namespace {

using Kind = PartiqlToken::Kind;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_word(char c) { return is_word_start(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

}  // namespace

PartiqlLexer::PartiqlLexer(const Source& source, base::Arena& arena)
    : source_(source),
      arena_(arena) {
    read();
}

PartiqlToken PartiqlLexer::take() {
    const PartiqlToken token = token_;
    read();
    return token;
}

bool PartiqlLexer::accept_if(bool is_there) {
    if (is_there) {
        read();
    }
    return is_there;
}

void PartiqlLexer::expect(PartiqlWord word) {
    if (!accept(word)) {
        malformed();
    }
}

void PartiqlLexer::expect(PartiqlSymbol symbol) {
    if (!accept(symbol)) {
        malformed();
    }
}

void PartiqlLexer::malformed() const {
    source_.fail(token_.offset,
                 "Statement wasn't well formed, can't be processed: " + std::string(source_.text));
}

void PartiqlLexer::read() {
    skip_blanks();
    token_ = {};
    token_.offset = static_cast<std::uint32_t>(at_);
    if (at_ == source_.text.size()) {
        return;
    }
    const char c = source_.text[at_];
    const char next = at_ + 1 < source_.text.size() ? source_.text[at_ + 1] : '\0';
    if (c == '"' || c == '\'') {
        read_quoted(c);
    } else if (c == '?') {
        finish(Kind::parameter, at_ + 1);
    } else if (is_word_start(c)) {
        read_word();
    } else if (is_digit(c) || (c == '.' && is_digit(next))) {
        read_number();
    } else {
        read_symbol();
    }
}

void PartiqlLexer::skip_blanks() {
    const std::string_view text = source_.text;
    while (at_ < text.size()) {
        const char c = text[at_];
        if (is_blank(c)) {
            ++at_;
        } else if (c != '-' && c != '/') {
            return;
        } else if (text.substr(at_, 2) == "--") {
            at_ = std::min(text.find('\n', at_), text.size());
        } else if (text.substr(at_, 2) == "/*") {
            const std::size_t end = text.find("*/", at_ + 2);
            if (end == std::string_view::npos) {
                malformed();
            }
            at_ = end + 2;
        } else {
            return;
        }
    }
}

void PartiqlLexer::finish(Kind kind, std::size_t end) {
    token_.kind = kind;
    token_.text = source_.text.substr(at_, end - at_);
    token_.length = static_cast<std::uint32_t>(end - at_);
    at_ = end;
}

void PartiqlLexer::read_word() {
    std::size_t end = at_;
    while (end < source_.text.size() && is_word(source_.text[end])) {
        ++end;
    }
    finish(Kind::name, end);
    token_.word = find_partiql_word(token_.text);
    if (token_.word != PartiqlWord::none) {
        token_.kind = Kind::word;
    }
}

void PartiqlLexer::read_number() {
    const std::string_view text = source_.text;
    std::size_t end = at_;
    const auto digits = [&] {
        while (end < text.size() && is_digit(text[end])) {
            ++end;
        }
    };
    digits();
    if (end < text.size() && text[end] == '.') {
        ++end;
        digits();
    }
    if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
        ++end;
        if (end < text.size() && (text[end] == '+' || text[end] == '-')) {
            ++end;
        }
        const std::size_t exponent = end;
        digits();
        if (end == exponent) {
            malformed();
        }
    }
    if (end < text.size() && is_word(text[end])) {
        malformed();
    }
    finish(Kind::number, end);
}

void PartiqlLexer::read_quoted(char quote) {
    const std::string_view text = source_.text;
    const std::size_t begin = at_ + 1;
    std::size_t end = begin;
    std::size_t doubled = 0;
    while (true) {
        end = text.find(quote, end);
        if (end == std::string_view::npos) {
            malformed();
        }
        if (end + 1 == text.size() || text[end + 1] != quote) {
            break;
        }
        end += 2;
        ++doubled;
    }
    finish(quote == '"' ? Kind::name : Kind::string, end + 1);
    token_.is_quoted = true;
    token_.text = text.substr(begin, end - begin);
    if (doubled != 0) {
        char* place = arena_.allocate_array<char>(token_.text.size() - doubled);
        char* to = place;
        for (std::size_t i = 0; i < token_.text.size(); ++i) {
            *to++ = token_.text[i];
            i += token_.text[i] == quote;
        }
        token_.text = {place, token_.text.size() - doubled};
    }
}

void PartiqlLexer::read_symbol() {
    static constexpr auto kPairs =
        std::to_array<PartiqlSymbol>({"<>", "<=", "<<", ">=", ">>", "!=", "||"});
    static constexpr std::string_view kSingles = "=<>()[]{},.:;*+-/%";
    const char first = source_.text[at_];
    const char second = at_ + 1 < source_.text.size() ? source_.text[at_ + 1] : '\0';
    const PartiqlSymbol pair(first, second);
    if (std::find(kPairs.begin(), kPairs.end(), pair) != kPairs.end()) {
        finish(Kind::symbol, at_ + 2);
        token_.symbol = pair;
        return;
    }
    if (kSingles.find(first) == std::string_view::npos) {
        malformed();
    }
    finish(Kind::symbol, at_ + 1);
    token_.symbol = PartiqlSymbol(first, '\0');
}

}  // namespace dynamigrate::expressions
