#include "identifier_letters.hpp"
#include "literals.hpp"

#include <utility>

namespace dynamigrate::json {

namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_high_surrogate(char32_t unit) { return unit >= 0xD800 && unit <= 0xDBFF; }

bool is_low_surrogate(char32_t unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

/// Collects a string from code points and UTF-16 units, joining pairs of surrogates.
class StringBuilder {
public:
    void append(std::string_view utf8) {
        flush();
        text_.append(utf8);
    }

    void append(char32_t code) {
        if (high_ != 0 && is_low_surrogate(code)) {
            const char32_t high = std::exchange(high_, 0);
            append_utf8(text_, 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00));
            return;
        }
        flush();
        if (is_high_surrogate(code)) {
            high_ = code;
        } else {
            append_utf8(text_, is_low_surrogate(code) ? kReplacement : code);
        }
    }

    std::string finish() {
        flush();
        return std::move(text_);
    }

private:
    void flush() {
        if (high_ != 0) {
            high_ = 0;
            append_utf8(text_, kReplacement);
        }
    }

    std::string text_;
    char32_t high_ = 0;
};

char32_t read_hex(Scanner& scanner, int digits) {
    char32_t value = 0;
    for (int i = 0; i < digits; ++i) {
        const char32_t next = scanner.peek();
        if (next >= '0' && next <= '9') {
            value = value * 16 + (next - '0');
        } else if ((next | 0x20) >= 'a' && (next | 0x20) <= 'f') {
            value = value * 16 + ((next | 0x20) - 'a' + 10);
        } else {
            scanner.fail_expected("a hexadecimal digit");
        }
        scanner.take();
    }
    return value;
}

bool is_digit(char32_t code) { return code >= '0' && code <= '9'; }

/// Takes an escape that JSON has too; false when it is none.
bool take_common_escape(Scanner& scanner, StringBuilder& to) {
    static constexpr std::pair<char, char> kEscapes[] = {{'"', '"'},  {'\\', '\\'}, {'/', '/'},
                                                         {'b', '\b'}, {'f', '\f'},  {'n', '\n'},
                                                         {'r', '\r'}, {'t', '\t'}};
    for (const auto& [name, meaning] : kEscapes) {
        if (scanner.accept(name)) {
            to.append(static_cast<char32_t>(meaning));
            return true;
        }
    }
    if (scanner.accept('u')) {
        to.append(read_unicode_escape(scanner));
        return true;
    }
    return false;
}

void take_json5_escape(Scanner& scanner, StringBuilder& to) {
    if (scanner.accept('v')) {
        to.append(U'\v');
    } else if (scanner.accept('x')) {
        to.append(read_hex(scanner, 2));
    } else if (is_digit(scanner.peek())) {
        if (!scanner.accept('0') || is_digit(scanner.peek())) {
            scanner.fail_expected("an escape (there are no octal escapes; write \\x00)");
        }
        to.append(U'\0');
    } else if (scanner.accept('\r')) {
        scanner.accept('\n');
    } else if (scanner.peek() == Scanner::kEnd) {
        scanner.fail_expected("the end of the string");
    } else if (const char32_t code = scanner.take();
               code != '\n' && code != 0x2028 && code != 0x2029) {
        to.append(code);
    }
}

void take_escape(Scanner& scanner, StringBuilder& to) {
    if (take_common_escape(scanner, to)) {
        return;
    }
    if (!scanner.is_json5()) {
        scanner.fail_expected("one of \" \\ / b f n r t u behind the backslash");
    }
    take_json5_escape(scanner, to);
}

bool is_identifier_start(char32_t code) {
    if (code < 0x80) {
        return ((code | 0x20) >= 'a' && (code | 0x20) <= 'z') || code == '$' || code == '_';
    }
    return code != Scanner::kEnd && is_identifier_letter(code);
}

bool is_identifier_part(char32_t code) {
    return is_identifier_start(code) || is_digit(code) || code == 0x200C || code == 0x200D ||
           (code >= 0x80 && code != Scanner::kEnd && is_identifier_mark_or_digit(code));
}

}  // namespace

std::string read_quoted(Scanner& scanner) {
    const char quote = static_cast<char>(scanner.take());
    const bool is_json5 = scanner.is_json5();
    StringBuilder text;
    while (true) {
        const std::size_t start = scanner.offset();
        scanner.take_while([&](char c) {
            const bool is_control = static_cast<unsigned char>(c) < 0x20;
            return c != quote && c != '\\' && (!is_control || (is_json5 && c != '\n' && c != '\r'));
        });
        if (scanner.offset() > start) {
            text.append(scanner.since(start));
        }
        if (scanner.accept(quote)) {
            return text.finish();
        }
        if (!scanner.accept('\\')) {
            scanner.fail_expected(std::string("the end of the string, a ") + quote);
        }
        take_escape(scanner, text);
    }
}

char32_t read_unicode_escape(Scanner& scanner) { return read_hex(scanner, 4); }

std::string read_identifier(Scanner& scanner) {
    std::string name;
    while (true) {
        const std::size_t start = scanner.offset();
        char32_t code = scanner.peek();
        const bool is_escape = scanner.accept('\\');
        if (is_escape) {
            scanner.expect('u');
            code = read_unicode_escape(scanner);
        }
        if (!(name.empty() ? is_identifier_start(code) : is_identifier_part(code))) {
            if (is_escape) {
                scanner.fail_at(start, "this escape is no letter of a key; quote the key");
            }
            return name;
        }
        if (!is_escape) {
            scanner.take();
        }
        append_utf8(name, code);
    }
}

}  // namespace dynamigrate::json
