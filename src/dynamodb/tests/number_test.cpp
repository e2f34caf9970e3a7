#include <dynamigrate/dynamodb/number.hpp>

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

const std::string kNines(38, '9');

TEST(Number, AcceptsEverySpelling) {
    for (const char* text : {"0", "-0", "+1000", "1e3", "1E+3", "0.10", ".5", "5.", "007",
                             "-1.5e-7", "1E-130", "1E125", "0e999999999999"}) {
        EXPECT_EQ(check_number(text), "") << text;
    }
    EXPECT_EQ(check_number(kNines), "");
    EXPECT_EQ(check_number(kNines + "E88"), "");
    EXPECT_EQ(check_number("0000" + kNines + "0000"), "");
    EXPECT_EQ(check_number(std::string(500, '0') + "1" + std::string(100, '0')), "");
}

TEST(Number, RefusesWhatIsNoNumber) {
    for (const char* text : {"", "-", "+", ".", "abc", "1a", "1e", "1e+", "1 ", " 1", "--1", "+-1",
                             "1.2.3", "NaN", "Infinity", "0x10", "1,000"}) {
        EXPECT_EQ(check_number(text), "The parameter cannot be converted to a numeric value")
            << text;
    }
    EXPECT_EQ(number_error("abc"), "The parameter cannot be converted to a numeric value: abc");
    EXPECT_EQ(number_error("12"), "");
}

TEST(Number, RefusesMoreThan38Digits) {
    constexpr std::string_view kMessage =
        "Attempting to store more than 38 significant digits in a Number";
    EXPECT_EQ(check_number("1" + kNines), kMessage);
    EXPECT_EQ(check_number("0.1" + kNines), kMessage);
    EXPECT_EQ(check_number("1" + std::string(37, '0') + "1"), kMessage);
    EXPECT_EQ(check_number("1" + std::string(300, '0') + "1"), kMessage);
    EXPECT_EQ(number_error("1" + kNines), kMessage);
}

TEST(Number, RefusesWhatIsOutOfRange) {
    constexpr std::string_view kOverflow =
        "Number overflow. Attempting to store a number with magnitude larger than supported range";
    constexpr std::string_view kUnderflow =
        "Number underflow. Attempting to store a number with magnitude smaller than supported "
        "range";
    EXPECT_EQ(check_number("1E126"), kOverflow);
    EXPECT_EQ(check_number("-1E126"), kOverflow);
    EXPECT_EQ(check_number("1E999999999999999999"), kOverflow);
    EXPECT_EQ(check_number("1E-131"), kUnderflow);
    EXPECT_EQ(check_number("0.9E-130"), kUnderflow);
    EXPECT_EQ(check_number("-1E-999999999999999999"), kUnderflow);
    EXPECT_EQ(check_number("9.9999E125"), "");
}

TEST(Number, HasACanonicalSpelling) {
    static const std::vector<std::pair<std::string, std::string>> kCases{{"0", "0"},
                                                                         {"-0", "0"},
                                                                         {"0.000", "0"},
                                                                         {"+1000", "1000"},
                                                                         {"1e3", "1000"},
                                                                         {"1E+3", "1000"},
                                                                         {"0.10", "0.1"},
                                                                         {"-0.10", "-0.1"},
                                                                         {".5", "0.5"},
                                                                         {"5.", "5"},
                                                                         {"007", "7"},
                                                                         {"1.50e1", "15"},
                                                                         {"12.5e-3", "0.0125"},
                                                                         {"123.456", "123.456"},
                                                                         {"1200e-2", "12"},
                                                                         {"-1e-3", "-0.001"},
                                                                         {"100", "100"},
                                                                         {"1E2", "100"},
                                                                         {"0e5", "0"}};
    for (const auto& [text, expected] : kCases) {
        EXPECT_EQ(canonical_number(text), expected) << text;
    }
    EXPECT_EQ(canonical_number("1E-130"), "0." + std::string(129, '0') + "1");
    EXPECT_EQ(canonical_number("1E125"), "1" + std::string(125, '0'));
    EXPECT_EQ(canonical_number(kNines), kNines);
}

TEST(Number, IsOrderedByValue) {
    static const std::vector<std::string> kAscending{"-9.9E125",
                                                     "-" + kNines,
                                                     "-1000",
                                                     "-999.5",
                                                     "-10",
                                                     "-9",
                                                     "-1.01",
                                                     "-1",
                                                     "-1e-130",
                                                     "0",
                                                     "1E-130",
                                                     "0.001",
                                                     "0.01",
                                                     "0.011",
                                                     "0.1",
                                                     "1",
                                                     "1.0000000001",
                                                     "2",
                                                     "10",
                                                     "11",
                                                     "123456789012345678",
                                                     "123456789012345679",
                                                     "1234567890123456789",
                                                     kNines,
                                                     "1E38",
                                                     "9.9E125"};
    for (std::size_t i = 0; i < kAscending.size(); ++i) {
        for (std::size_t j = 0; j < kAscending.size(); ++j) {
            EXPECT_EQ(compare_numbers(kAscending[i], kAscending[j]), i <=> j)
                << kAscending[i] << " and " << kAscending[j];
        }
    }
}

TEST(Number, IsEqualInEverySpelling) {
    static const std::vector<std::vector<std::string>> kEqual{
        {"0", "-0", "0.0", "0e7", "+0"},
        {"1", "1.0", "+1", "01", "1e0", "10e-1", "0.1e1"},
        {"-1000", "-1e3", "-1000.00", "-0001000"}};
    for (const auto& spellings : kEqual) {
        for (const auto& a : spellings) {
            for (const auto& b : spellings) {
                EXPECT_EQ(compare_numbers(a, b), std::strong_ordering::equal) << a << " " << b;
            }
        }
    }
}

TEST(Number, IsAddedExactly) {
    EXPECT_EQ(add_numbers("1", "2"), "3");
    EXPECT_EQ(add_numbers("0.1", "0.2"), "0.3");
    EXPECT_EQ(add_numbers("999", "1"), "1000");
    EXPECT_EQ(add_numbers("-1", "1"), "0");
    EXPECT_EQ(add_numbers("-5", "3"), "-2");
    EXPECT_EQ(add_numbers("3", "-5"), "-2");
    EXPECT_EQ(add_numbers("0", "0"), "0");
    EXPECT_EQ(add_numbers("1e3", "+1"), "1001");
    EXPECT_EQ(add_numbers("0", "-1.50"), "-1.5");
    EXPECT_EQ(add_numbers("1E-130", "1E-130"), "0." + std::string(129, '0') + "2");
}

TEST(Number, CarriesThroughAll38Digits) {
    EXPECT_EQ(add_numbers(kNines, "1"), "1" + std::string(38, '0'));
    EXPECT_EQ(subtract_numbers("1" + std::string(38, '0'), "1"), kNines);
    EXPECT_EQ(subtract_numbers("-1" + std::string(38, '0'), "-1"), "-" + kNines);
}

TEST(Number, IsSubtractedExactly) {
    EXPECT_EQ(subtract_numbers("1", "2"), "-1");
    EXPECT_EQ(subtract_numbers("0.3", "0.1"), "0.2");
    EXPECT_EQ(subtract_numbers("1000", "0.001"), "999.999");
    EXPECT_EQ(subtract_numbers("5", "0"), "5");
    EXPECT_EQ(subtract_numbers("0", "5"), "-5");
    EXPECT_EQ(subtract_numbers("-5", "-5"), "0");
}

TEST(Number, SumsAgreeWithIntegerArithmetic) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 2000; ++i) {
        auto a = static_cast<std::int64_t>(random()) >> (random() % 40 + 2);
        auto b = static_cast<std::int64_t>(random()) >> (random() % 40 + 2);
        std::string x = std::to_string(a);
        std::string y = std::to_string(b);
        EXPECT_EQ(add_numbers(x, y), std::to_string(a + b));
        EXPECT_EQ(subtract_numbers(x, y), std::to_string(a - b));
        EXPECT_EQ(compare_numbers(x, y), a <=> b);
    }
}

TEST(Number, SumThatNeedsMoreDigitsIsRefused) {
    auto expect_refused = [](const std::string& a, const std::string& b, std::string_view message) {
        try {
            add_numbers(a, b);
            ADD_FAILURE() << a << " + " << b;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
            EXPECT_EQ(error.message(), message);
        }
    };
    expect_refused("1E38", "0.1",
                   "Attempting to store more than 38 significant digits in a Number");
    expect_refused("1E125", "1E-130",
                   "Attempting to store more than 38 significant digits in a Number");
    expect_refused("9E125", "9E125",
                   "Number overflow. Attempting to store a number with magnitude larger than "
                   "supported range");
    expect_refused("1.1E-130", "-1E-130",
                   "Number underflow. Attempting to store a number with magnitude smaller than "
                   "supported range");
}

TEST(Number, HasTheSizeThatDynamoDbCounts) {
    static const std::vector<std::pair<std::string, std::size_t>> kCases{
        {"0", 1},     {"1", 2},    {"-1", 3},    {"12", 2},         {"123", 3},
        {"1000", 2},  {"1e3", 2},  {"100.5", 4}, {"-100.5", 5},     {"0.5", 2},
        {"0.001", 2}, {"0.10", 2}, {"1.5", 3},   {"123.456", 5},    {"12.34", 3},
        {"007", 2},   {"-0", 1},   {kNines, 20}, {"-" + kNines, 21}};
    for (const auto& [text, expected] : kCases) {
        EXPECT_EQ(number_size(text), expected) << text;
    }
}

}  // namespace
}  // namespace dynamigrate::dynamodb
