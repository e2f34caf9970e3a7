#include "../letter_case.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

struct Pair {
    std::string_view upper;
    std::string_view lower;
};

constexpr Pair kPairs[] = {
    {"ABC-xyz 09", "abc-xyz 09"}, {"ÀÖØÞ", "àöøþ"}, {"ŸŐŁŽ", "ÿőłž"}, {"ΑΒΓΣΩΆΈΏ", "αβγσωάέώ"},
    {"АЯЁЂҐӀ", "аяёђґӏ"},         {"ԱՖ", "աֆ"},     {"ẠỆỸ", "ạệỹ"},   {"×÷ß", "×÷ß"},
};

TEST(LetterCase, MapsLatinGreekCyrillicAndArmenian) {
    base::Arena arena;
    for (const Pair& pair : kPairs) {
        EXPECT_EQ(to_lower(pair.upper, arena).substr(0, 4), pair.lower.substr(0, 4));
        EXPECT_EQ(to_lower(to_upper(pair.lower, arena), arena), pair.lower);
    }
    EXPECT_EQ(to_lower("ÀÖØÞ ΑΣΏ АЯЁЂ ẠỆỸ", arena), "àöøþ ασώ аяёђ ạệỹ");
    EXPECT_EQ(to_upper("àöøþ ασςώ аяёђ ạệỹ ß", arena), "ÀÖØÞ ΑΣΣΏ АЯЁЂ ẠỆỸ ß");
}

TEST(LetterCase, LeavesOtherLettersAndBrokenBytes) {
    base::Arena arena;
    EXPECT_EQ(to_lower("日本 😀", arena), "日本 😀");
    EXPECT_EQ(to_lower("A\xFF\xC3", arena), "a\xFF\xC3");
    EXPECT_EQ(to_upper("", arena), "");
}

}  // namespace
}  // namespace dynamigrate::migrate
