#include "syntax.hpp"

#include <algorithm>
#include <array>

namespace dynamigrate::expressions {
namespace {

constexpr std::size_t kMaxExpressionBytes = 4096;
constexpr auto kKeywords = std::to_array<std::string_view>(
    {"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"});

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

char to_upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool is_same_word(std::string_view word, std::string_view keyword) {
    return std::equal(word.begin(), word.end(), keyword.begin(), keyword.end(),
                      [](char a, char b) { return to_upper(a) == b; });
}

bool is_keyword(std::string_view word) {
    return std::any_of(kKeywords.begin(), kKeywords.end(),
                       [&](std::string_view keyword) { return is_same_word(word, keyword); });
}

std::size_t word_end(std::string_view text, std::size_t at) {
    while (at < text.size() && is_word(text[at])) {
        ++at;
    }
    return at;
}

std::size_t integer_end(std::string_view text, std::size_t at) {
    if (text[at] == '0') {
        return at + 1;
    }
    while (at < text.size() && is_digit(text[at])) {
        ++at;
    }
    return at;
}

std::size_t symbol_end(std::string_view text, std::size_t at) {
    std::string_view two = text.substr(at, 2);
    if (two == "<>" || two == "<=" || two == ">=") {
        return at + 2;
    }
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) {
        ++at;  // the rest of a UTF-8 character
    }
    return at;
}

Token next_token(std::string_view text, std::size_t at) {
    auto token = [&](TokenKind kind, std::size_t end) {
        return Token{kind, text.substr(at, end - at), at};
    };
    char c = text[at];
    if (is_letter(c)) {
        Token word = token(TokenKind::name, word_end(text, at));
        if (is_keyword(word.text)) {
            word.kind = TokenKind::keyword;
        }
        return word;
    }
    if ((c == '#' || c == ':') && word_end(text, at + 1) > at + 1) {
        return token(c == '#' ? TokenKind::placeholder_name : TokenKind::placeholder_value,
                     word_end(text, at + 1));
    }
    if (is_digit(c)) {
        return token(TokenKind::integer, integer_end(text, at));
    }
    return token(TokenKind::symbol, symbol_end(text, at));
}

}  // namespace

void Source::fail(std::size_t offset, const std::string& message) const {
    const std::string name(what.empty() ? "statement" : what);
    throw base::Error(base::ErrorKind::invalid_argument,
                      what.empty() ? message : "Invalid " + name + ": " + message)
        .at("column " + std::to_string(offset + 1) + " of the " + name)
        .service_code("ValidationException");
}

TokenCursor::TokenCursor(const Source& source) : source_(source) {
    std::string_view text = source_.text;
    if (text.empty()) {
        source_.fail(0, "The expression can not be empty;");
    }
    if (text.size() > kMaxExpressionBytes) {
        source_.fail(0, "Expression size has exceeded the maximum allowed size; expression size: " +
                            std::to_string(text.size()));
    }
    for (std::size_t at = 0; at < text.size();) {
        if (is_space(text[at])) {
            ++at;
            continue;
        }
        tokens_.push_back(next_token(text, at));
        at += tokens_.back().text.size();
    }
    tokens_.push_back({TokenKind::end, {}, text.size()});
}

const Token& TokenCursor::peek(std::size_t ahead) const noexcept {
    return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

const Token& TokenCursor::take() noexcept {
    const Token& token = peek();
    position_ = std::min(position_ + 1, tokens_.size() - 1);
    return token;
}

bool TokenCursor::at_symbol(std::string_view symbol) const noexcept {
    return peek().kind == TokenKind::symbol && peek().text == symbol;
}

bool TokenCursor::at_keyword(std::string_view keyword) const noexcept {
    return peek().kind == TokenKind::keyword && is_same_word(peek().text, keyword);
}

bool TokenCursor::accept_symbol(std::string_view symbol) noexcept {
    if (!at_symbol(symbol)) {
        return false;
    }
    take();
    return true;
}

bool TokenCursor::accept_keyword(std::string_view keyword) noexcept {
    if (!at_keyword(keyword)) {
        return false;
    }
    take();
    return true;
}

void TokenCursor::expect_symbol(std::string_view symbol) {
    if (!accept_symbol(symbol)) {
        unexpected();
    }
}

void TokenCursor::expect_end() {
    if (peek().kind != TokenKind::end) {
        unexpected();
    }
}

std::size_t TokenCursor::last_end() const noexcept {
    if (position_ == 0) {
        return 0;
    }
    const Token& last = tokens_[position_ - 1];
    return last.offset + last.text.size();
}

void TokenCursor::unexpected() const {
    const Token& token = peek();
    const Token& next = peek(1);
    std::size_t begin = position_ == 0 ? token.offset : tokens_[position_ - 1].offset;
    if (token.kind == TokenKind::end && position_ == 0) {
        begin = 0;
    }
    std::size_t end = next.offset + next.text.size();
    if (next.kind == TokenKind::end && token.kind != TokenKind::end) {
        end = token.offset + token.text.size();
    }
    std::string text(token.kind == TokenKind::end ? "<EOF>" : token.text);
    source_.fail(token.offset, "Syntax error; token: \"" + text + "\", near: \"" +
                                   std::string(source_.text.substr(begin, end - begin)) + "\"");
}

}  // namespace dynamigrate::expressions
