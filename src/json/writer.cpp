#include <dynamigrate/json/writer.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>

namespace dynamigrate::json {

namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighBits = 0x8080808080808080ULL;

bool must_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

/// Not 0 when any byte is zero.
std::uint64_t has_zero(std::uint64_t word) { return (word - kOnes) & ~word & kHighBits; }

/// Not 0 when any byte must be escaped.
std::uint64_t has_escape(std::uint64_t word) {
    const std::uint64_t controls = (word - kOnes * 0x20) & ~word & kHighBits;
    return controls | has_zero(word ^ kOnes * '"') | has_zero(word ^ kOnes * '\\');
}

/// Length of the longest beginning that needs no escape.
std::size_t plain_length(const char* text, std::size_t size) {
    std::size_t at = 0;
    for (; at + 8 <= size; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, text + at, 8);
        if (has_escape(word) != 0) {
            break;
        }
    }
    while (at < size && !must_escape(text[at])) {
        ++at;
    }
    return at;
}

void append_escape(std::string& out, char c) {
    static constexpr char kDigits[] = "0123456789abcdef";
    switch (c) {
        case '"':
            out.append("\\\"");
            return;
        case '\\':
            out.append("\\\\");
            return;
        case '\b':
            out.append("\\b");
            return;
        case '\f':
            out.append("\\f");
            return;
        case '\n':
            out.append("\\n");
            return;
        case '\r':
            out.append("\\r");
            return;
        case '\t':
            out.append("\\t");
            return;
        default:
            out.append("\\u00");
            out.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
            out.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
    }
}

}  // namespace

void Writer::append_quoted(std::string& out, std::string_view text) {
    out.push_back('"');
    while (true) {
        const std::size_t plain = plain_length(text.data(), text.size());
        out.append(text.data(), plain);
        if (plain == text.size()) {
            break;
        }
        append_escape(out, text[plain]);
        text.remove_prefix(plain + 1);
    }
    out.push_back('"');
}

Writer& Writer::number(double value) {
    if (!std::isfinite(value)) {
        return null();
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
}

}  // namespace dynamigrate::json
