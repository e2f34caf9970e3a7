#include "partiql_tokens.hpp"

#include <dynamigrate/base/error.hpp>

#include <algorithm>
#include <cctype>

namespace dynamigrate::expressions::memory {
namespace {

bool is_word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_digit(char c) { return c >= '0' && c <= '9'; }

class PartiqlLexer {
public:
    explicit PartiqlLexer(std::string_view text) : text_(text) {}

    std::vector<PartiqlToken> all() {
        std::vector<PartiqlToken> tokens;
        while (true) {
            while (at_ < text_.size() &&
                   std::isspace(static_cast<unsigned char>(text_[at_])) != 0) {
                ++at_;
            }
            if (at_ == text_.size()) {
                tokens.push_back({});
                return tokens;
            }
            tokens.push_back(next());
        }
    }

private:
    PartiqlToken next() {
        char c = text_[at_];
        if (c == '"' || c == '\'') {
            return quoted(c);
        }
        if (is_digit(c) ||
            ((c == '-' || c == '.') && at_ + 1 < text_.size() && is_digit(text_[at_ + 1]))) {
            return take(PartiqlToken::Kind::number, [](char d) {
                return is_digit(d) || d == '.' || d == 'e' || d == 'E' || d == '+' || d == '-';
            });
        }
        if (is_word_character(c)) {
            return take(PartiqlToken::Kind::word, is_word_character);
        }
        for (std::string_view two : {"<>", "<=", ">=", "!=", "<<", ">>"}) {
            if (text_.substr(at_, 2) == two) {
                at_ += 2;
                return {PartiqlToken::Kind::symbol, std::string(two)};
            }
        }
        ++at_;
        return {PartiqlToken::Kind::symbol, std::string(1, c)};
    }

    template <class Predicate>
    PartiqlToken take(PartiqlToken::Kind kind, Predicate belongs) {
        std::size_t begin = at_++;
        while (at_ < text_.size() && belongs(text_[at_])) {
            ++at_;
        }
        return {kind, std::string(text_.substr(begin, at_ - begin))};
    }

    PartiqlToken quoted(char quote) {
        PartiqlToken token{
            quote == '"' ? PartiqlToken::Kind::quoted_name : PartiqlToken::Kind::string, {}};
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] != quote) {
                token.text += text_[at_];
            } else if (at_ + 1 < text_.size() && text_[at_ + 1] == quote) {
                token.text += quote;
                ++at_;
            } else {
                ++at_;
                return token;
            }
        }
        refuse_statement("Statement wasn't well formed, can't be processed: unclosed quote");
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::vector<PartiqlToken> partiql_tokens(std::string_view text) { return PartiqlLexer(text).all(); }

bool is_word(const PartiqlToken& token, std::string_view word) {
    return token.kind == PartiqlToken::Kind::word &&
           std::equal(
               token.text.begin(), token.text.end(), word.begin(), word.end(),
               [](char a, char b) { return std::toupper(static_cast<unsigned char>(a)) == b; });
}

void refuse_statement(const std::string& message) {
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .service_code("ValidationException");
}

}  // namespace dynamigrate::expressions::memory
