#include <dynamigrate/base/hash.hpp>

namespace dynamigrate::base {

namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint32_t kInvalid = 0xFF;

constexpr std::array<unsigned char, 256> make_values() {
    std::array<unsigned char, 256> values{};
    values.fill(kInvalid);
    for (unsigned char i = 0; i < 64; ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = i;
    }
    return values;
}

constexpr std::array<unsigned char, 256> kValues = make_values();

std::uint32_t value_of(char c) { return kValues[static_cast<unsigned char>(c)]; }

std::uint32_t byte_of(char c) { return static_cast<unsigned char>(c); }

/// Decodes the last four characters, which may be padded; false when they are not canonical.
bool decode_last(char*& to, const char* from) {
    const std::size_t padding = from[3] != '=' ? 0 : from[2] != '=' ? 1 : 2;
    const std::uint32_t a = value_of(from[0]);
    const std::uint32_t b = value_of(from[1]);
    const std::uint32_t c = padding == 2 ? 0 : value_of(from[2]);
    const std::uint32_t d = padding >= 1 ? 0 : value_of(from[3]);
    if ((a | b | c | d) > 63) {
        return false;
    }
    const std::uint32_t bits = a << 18 | b << 12 | c << 6 | d;
    const std::uint32_t unused = padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0;
    if ((bits & unused) != 0) {
        return false;
    }
    for (std::size_t i = 0; i < 3 - padding; ++i) {
        *to++ = static_cast<char>(bits >> (16 - 8 * i));
    }
    return true;
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
    const std::size_t start = out.size();
    out.resize(start + (bytes.size() + 2) / 3 * 4);
    char* to = out.data() + start;
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t bits =
            byte_of(bytes[i]) << 16 | byte_of(bytes[i + 1]) << 8 | byte_of(bytes[i + 2]);
        *to++ = kAlphabet[bits >> 18];
        *to++ = kAlphabet[bits >> 12 & 63];
        *to++ = kAlphabet[bits >> 6 & 63];
        *to++ = kAlphabet[bits & 63];
    }
    const std::size_t left = bytes.size() - i;
    if (left == 0) {
        return;
    }
    const std::uint32_t bits =
        byte_of(bytes[i]) << 16 | (left == 2 ? byte_of(bytes[i + 1]) << 8 : 0);
    *to++ = kAlphabet[bits >> 18];
    *to++ = kAlphabet[bits >> 12 & 63];
    *to++ = left == 2 ? kAlphabet[bits >> 6 & 63] : '=';
    *to++ = '=';
}

bool append_base64_decoded(std::string& out, std::string_view text) {
    if (text.empty()) {
        return true;
    }
    if (text.size() % 4 != 0) {
        return false;
    }
    const std::size_t start = out.size();
    out.resize(start + text.size() / 4 * 3);
    char* to = out.data() + start;
    std::uint32_t seen = 0;
    for (std::size_t i = 0; i + 4 < text.size(); i += 4) {
        const std::uint32_t a = value_of(text[i]);
        const std::uint32_t b = value_of(text[i + 1]);
        const std::uint32_t c = value_of(text[i + 2]);
        const std::uint32_t d = value_of(text[i + 3]);
        seen |= a | b | c | d;
        const std::uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        *to++ = static_cast<char>(bits >> 16);
        *to++ = static_cast<char>(bits >> 8);
        *to++ = static_cast<char>(bits);
    }
    const bool canonical = seen <= 63 && decode_last(to, text.data() + text.size() - 4);
    out.resize(canonical ? static_cast<std::size_t>(to - out.data()) : start);
    return canonical;
}

}  // namespace dynamigrate::base
