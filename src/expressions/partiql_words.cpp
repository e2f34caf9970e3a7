#include "partiql_words.hpp"

namespace dynamigrate::expressions {
namespace {

/// Where the words with each first letter begin; the last entry is the end.
constexpr auto kFirstByLetter = [] {
    std::array<std::uint8_t, 27> first{};
    std::size_t at = 0;
    for (std::size_t letter = 0; letter < 26; ++letter) {
        first[letter] = static_cast<std::uint8_t>(at);
        while (at < kPartiqlWords.size() &&
               kPartiqlWords[at].front() == static_cast<char>('a' + letter)) {
            ++at;
        }
    }
    first[26] = static_cast<std::uint8_t>(at);
    return first;
}();

static_assert(kFirstByLetter[26] == kPartiqlWords.size());

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same(std::string_view text, std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(),
                      [](char a, char b) { return to_lower(a) == b; });
}

}  // namespace

PartiqlWord find_partiql_word(std::string_view text) noexcept {
    const char first = text.empty() ? '_' : to_lower(text.front());
    if (first < 'a' || first > 'z') {
        return PartiqlWord::none;
    }
    const auto letter = static_cast<std::size_t>(first - 'a');
    for (std::size_t i = kFirstByLetter[letter]; i < kFirstByLetter[letter + 1]; ++i) {
        if (kPartiqlWords[i].size() == text.size() && is_same(text, kPartiqlWords[i])) {
            return static_cast<PartiqlWord>(i);
        }
    }
    return PartiqlWord::none;
}

}  // namespace dynamigrate::expressions
