#include "scanner.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <simdjson.h>

namespace dynamigrate::json {

namespace {

struct Decoded {
    char32_t code;
    std::size_t length;
};

/// Decodes the first code point of valid UTF-8.
Decoded decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto tail = [&](std::size_t i) { return static_cast<char32_t>(byte(i) & 0x3F); };
    const char32_t lead = byte(0);
    if (lead < 0x80) {
        return {lead, 1};
    }
    if (lead < 0xE0) {
        return {(lead & 0x1F) << 6 | tail(1), 2};
    }
    if (lead < 0xF0) {
        return {(lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3};
    }
    return {(lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4};
}

bool is_line_end(char32_t code) {
    return code == '\n' || code == '\r' || code == 0x2028 || code == 0x2029;
}

bool is_json_blank(char32_t code) {
    return code == ' ' || code == '\t' || code == '\n' || code == '\r';
}

bool is_json5_blank(char32_t code) {
    if (code < 0x80) {
        return is_json_blank(code) || code == '\v' || code == '\f';
    }
    return code == 0xA0 || code == 0xFEFF || is_line_end(code) || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200A) || code == 0x202F || code == 0x205F || code == 0x3000;
}

std::string describe(char32_t code) {
    if (code == Scanner::kEnd) {
        return "the end of the text";
    }
    if (code == '\n' || code == '\r') {
        return "the end of the line";
    }
    if (code < 0x20 || code == 0x7F || is_json5_blank(code)) {
        return fmt::format("U+{:04X}", static_cast<std::uint32_t>(code));
    }
    std::string text = "'";
    append_utf8(text, code);
    return text + "'";
}

}  // namespace

Scanner::Scanner(std::string_view text, const std::string& file, Dialect dialect)
    : text_(text),
      file_(file),
      dialect_(dialect) {
    require_utf8();
}

void Scanner::require_utf8() {
    if (simdjson::validate_utf8(text_)) {
        return;
    }
    std::size_t low = 0;  // the longest valid beginning ends in [low, high)
    std::size_t high = text_.size();
    while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        std::size_t whole = middle;
        while (whole < text_.size() && whole < middle + 3 &&
               (static_cast<unsigned char>(text_[whole]) & 0xC0) == 0x80) {
            ++whole;
        }
        (simdjson::validate_utf8(text_.substr(0, whole)) ? low : high) = middle;
    }
    fail_at(low, "the text is not UTF-8; save the file as UTF-8");
}

char32_t Scanner::peek() const {
    return at_ < text_.size() ? decode(text_.substr(at_)).code : kEnd;
}

char32_t Scanner::take() {
    if (at_ >= text_.size()) {
        return kEnd;
    }
    const Decoded next = decode(text_.substr(at_));
    at_ += next.length;
    return next.code;
}

bool Scanner::accept(char wanted) {
    if (at_ >= text_.size() || text_[at_] != wanted) {
        return false;
    }
    ++at_;
    return true;
}

bool Scanner::accept(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) {
        return false;
    }
    at_ += word.size();
    return true;
}

void Scanner::expect(char wanted) {
    if (!accept(wanted)) {
        fail_expected(fmt::format("'{}'", wanted));
    }
}

void Scanner::skip_blanks() {
    while (true) {
        const char32_t next = peek();
        if (next == '/' && is_json5() && skip_comment()) {
            continue;
        }
        if (next == kEnd || !(is_json5() ? is_json5_blank(next) : is_json_blank(next))) {
            return;
        }
        take();
    }
}

bool Scanner::skip_comment() {
    const std::size_t start = at_;
    if (accept("//")) {
        while (peek() != kEnd && !is_line_end(peek())) {
            take();
        }
        return true;
    }
    if (accept("/*")) {
        const std::size_t end = text_.find("*/", at_);
        if (end == std::string_view::npos) {
            fail_at(start, "the comment that begins here has no end; write */ behind it");
        }
        at_ = end + 2;
        return true;
    }
    return false;
}

Scanner::Place Scanner::place_of(std::size_t offset) {
    if (offset < placed_) {
        placed_ = 0;
        line_ = 1;
        line_start_ = 0;
    }
    for (; placed_ < offset; ++placed_) {
        const bool ends_line =
            text_[placed_] == '\n' ||
            (text_[placed_] == '\r' && placed_ + 1 < text_.size() && text_[placed_ + 1] != '\n');
        if (ends_line) {
            ++line_;
            line_start_ = placed_ + 1;
        }
    }
    return {line_, static_cast<int>(offset - line_start_) + 1};
}

void Scanner::fail_expected(std::string_view wanted) {
    fail_at(at_, fmt::format("expected {} but found {}", wanted, describe(peek())));
}

void Scanner::fail_at(std::size_t offset, const std::string& message) {
    const Place place = place_of(offset);
    throw base::Error(base::ErrorKind::invalid_argument, message)
        .at(base::TextPosition{file_, place.line, place.column}.to_string());
}

void append_utf8(std::string& out, char32_t code) {
    const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) {
        put(code);
    } else if (code < 0x800) {
        put(0xC0 | code >> 6);
        put(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        put(0xE0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    } else {
        put(0xF0 | code >> 18);
        put(0x80 | (code >> 12 & 0x3F));
        put(0x80 | (code >> 6 & 0x3F));
        put(0x80 | (code & 0x3F));
    }
}

}  // namespace dynamigrate::json
