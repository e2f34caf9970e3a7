#include "letter_case.hpp"

#include <array>

namespace dynamigrate::migrate {

namespace {

/// Capitals in [first, last], every `step`-th; each one's small letter lies `distance` above.
struct CaseRange {
    char32_t first;
    char32_t last;
    char32_t step;
    std::int32_t distance;
};

constexpr std::array kRanges{
    CaseRange{0x0041, 0x005A, 1, 32}, CaseRange{0x00C0, 0x00D6, 1, 32},
    CaseRange{0x00D8, 0x00DE, 1, 32}, CaseRange{0x0100, 0x012E, 2, 1},
    CaseRange{0x0132, 0x0136, 2, 1},  CaseRange{0x0139, 0x0147, 2, 1},
    CaseRange{0x014A, 0x0176, 2, 1},  CaseRange{0x0178, 0x0178, 1, -121},
    CaseRange{0x0179, 0x017D, 2, 1},  CaseRange{0x01A0, 0x01A4, 2, 1},
    CaseRange{0x01AF, 0x01AF, 1, 1},  CaseRange{0x01CD, 0x01DB, 2, 1},
    CaseRange{0x01DE, 0x01EE, 2, 1},  CaseRange{0x01F8, 0x021E, 2, 1},
    CaseRange{0x0222, 0x0232, 2, 1},  CaseRange{0x0386, 0x0386, 1, 38},
    CaseRange{0x0388, 0x038A, 1, 37}, CaseRange{0x038C, 0x038C, 1, 64},
    CaseRange{0x038E, 0x038F, 1, 63}, CaseRange{0x0391, 0x03A1, 1, 32},
    CaseRange{0x03A3, 0x03AB, 1, 32}, CaseRange{0x0400, 0x040F, 1, 80},
    CaseRange{0x0410, 0x042F, 1, 32}, CaseRange{0x0460, 0x0480, 2, 1},
    CaseRange{0x048A, 0x04BE, 2, 1},  CaseRange{0x04C0, 0x04C0, 1, 15},
    CaseRange{0x04C1, 0x04CD, 2, 1},  CaseRange{0x04D0, 0x052E, 2, 1},
    CaseRange{0x0531, 0x0556, 1, 48}, CaseRange{0x1E00, 0x1E94, 2, 1},
    CaseRange{0x1EA0, 0x1EFE, 2, 1},
};

bool is_ascii(std::string_view text) noexcept {
    unsigned char bits = 0;
    for (char c : text) {
        bits = static_cast<unsigned char>(bits | static_cast<unsigned char>(c));
    }
    return bits < 0x80;
}

template <char First>
std::string_view map_ascii(std::string_view text, base::Arena& arena) {
    char* out = static_cast<char*>(arena.allocate(text.size(), 1));
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto c = static_cast<unsigned char>(text[i]);
        bool is_letter = static_cast<unsigned char>(c - First) < 26;
        out[i] = static_cast<char>(c ^ (is_letter ? 0x20 : 0));
    }
    return {out, text.size()};
}

std::string_view map_letters(std::string_view text, base::Arena& arena,
                             char32_t (*map)(char32_t) noexcept) {
    std::string out;
    out.reserve(text.size() + 8);
    for (std::size_t at = 0; at < text.size();) {
        std::size_t begin = at;
        char32_t letter = next_letter(text, at);
        char32_t mapped = letter == kNoLetter ? letter : map(letter);
        if (mapped == letter) {
            out.append(text, begin, at - begin);
        } else {
            append_letter(out, mapped);
        }
    }
    return arena.copy(out);
}

}  // namespace

char32_t to_lower(char32_t letter) noexcept {
    if (letter == 0x0130) {
        return U'i';
    }
    if (letter == 0x1E9E) {
        return 0x00DF;
    }
    for (const CaseRange& range : kRanges) {
        if (letter >= range.first && letter <= range.last &&
            (letter - range.first) % range.step == 0) {
            return static_cast<char32_t>(static_cast<std::int32_t>(letter) + range.distance);
        }
    }
    return letter;
}

char32_t to_upper(char32_t letter) noexcept {
    switch (letter) {
        case 0x00B5:
            return 0x039C;
        case 0x0131:
            return U'I';
        case 0x017F:
            return U'S';
        case 0x03C2:
            return 0x03A3;
        default:
            break;
    }
    for (const CaseRange& range : kRanges) {
        auto capital = static_cast<char32_t>(static_cast<std::int32_t>(letter) - range.distance);
        if (capital >= range.first && capital <= range.last &&
            (capital - range.first) % range.step == 0) {
            return capital;
        }
    }
    return letter;
}

std::string_view to_lower(std::string_view text, base::Arena& arena) {
    if (is_ascii(text)) {
        return map_ascii<'A'>(text, arena);
    }
    return map_letters(text, arena, [](char32_t letter) noexcept { return to_lower(letter); });
}

std::string_view to_upper(std::string_view text, base::Arena& arena) {
    if (is_ascii(text)) {
        return map_ascii<'a'>(text, arena);
    }
    return map_letters(text, arena, [](char32_t letter) noexcept { return to_upper(letter); });
}

char32_t next_letter(std::string_view text, std::size_t& at) noexcept {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char first = byte(at);
    std::size_t length = first < 0x80                    ? 1
                         : first >= 0xF0 && first < 0xF8 ? 4
                         : first >= 0xE0 && first < 0xF0 ? 3
                         : first >= 0xC2 && first < 0xE0 ? 2
                                                         : 0;
    if (length == 1) {
        ++at;
        return first;
    }
    if (length == 0 || at + length > text.size()) {
        ++at;
        return kNoLetter;
    }
    char32_t letter = first & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) {
            ++at;
            return kNoLetter;
        }
        letter = (letter << 6) | (byte(at + i) & 0x3F);
    }
    at += length;
    return letter;
}

void append_letter(std::string& out, char32_t letter) {
    auto put = [&](char32_t bits) { out.push_back(static_cast<char>(bits)); };
    if (letter < 0x80) {
        put(letter);
    } else if (letter < 0x800) {
        put(0xC0 | (letter >> 6));
        put(0x80 | (letter & 0x3F));
    } else if (letter < 0x10000) {
        put(0xE0 | (letter >> 12));
        put(0x80 | ((letter >> 6) & 0x3F));
        put(0x80 | (letter & 0x3F));
    } else {
        put(0xF0 | (letter >> 18));
        put(0x80 | ((letter >> 12) & 0x3F));
        put(0x80 | ((letter >> 6) & 0x3F));
        put(0x80 | (letter & 0x3F));
    }
}

}  // namespace dynamigrate::migrate
