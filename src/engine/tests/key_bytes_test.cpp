#include "../key_bytes.hpp"

#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::engine {
namespace {

using dynamodb::AttributeValue;

std::string bytes_of(const AttributeValue& value) {
    std::string bytes;
    append_key_value(bytes, value);
    return bytes;
}

TEST(KeyBytes, OrderNumbersByValue) {
    const std::vector<std::string> numbers = {"-9.9999999999999999999999999999999999999E+125",
                                              "-1000",
                                              "-999.5",
                                              "-100",
                                              "-99",
                                              "-1.05",
                                              "-1",
                                              "-0.1",
                                              "-1E-130",
                                              "0",
                                              "1E-130",
                                              "0.01",
                                              "0.1",
                                              "0.11",
                                              "1",
                                              "1.0000000000000000000000000000000000001",
                                              "1.05",
                                              "9",
                                              "10",
                                              "99",
                                              "100",
                                              "12345678901234567890123456789012345678",
                                              "9.9999999999999999999999999999999999999E+125"};
    for (std::size_t i = 0; i + 1 < numbers.size(); ++i) {
        EXPECT_LT(bytes_of(AttributeValue::number(numbers[i])),
                  bytes_of(AttributeValue::number(numbers[i + 1])))
            << numbers[i] << " " << numbers[i + 1];
    }
}

TEST(KeyBytes, AreTheSameForEverySpellingOfANumber) {
    EXPECT_EQ(bytes_of(AttributeValue::number("1.50")), bytes_of(AttributeValue::number("+15e-1")));
    EXPECT_EQ(bytes_of(AttributeValue::number("-0")), bytes_of(AttributeValue::number("0.000")));
    EXPECT_EQ(key_hash(AttributeValue::number("100")), key_hash(AttributeValue::number("1e2")));
}

TEST(KeyBytes, OrderTextsByUnsignedBytesAndNoneBeginsWithAnother) {
    using namespace std::string_literals;
    const std::vector<std::string> texts = {"\0"s,   "\0\0"s,  "\0\xFF"s, "a",
                                            "a\0"s,  "a\0\1"s, "a\1"s,    "ab",
                                            "\x7F"s, "\x80"s,  "\xFF"s,   "\xFF\xFF"s};
    for (std::size_t i = 0; i + 1 < texts.size(); ++i) {
        std::string a = bytes_of(AttributeValue::binary(texts[i]));
        std::string b = bytes_of(AttributeValue::binary(texts[i + 1]));
        EXPECT_LT(a, b) << i;
        EXPECT_FALSE(b.starts_with(a)) << i;
    }
}

TEST(KeyBytes, OrderRandomNumbersAsTheyCompare) {
    base::SeededRandom random(7);
    auto any_number = [&] {
        std::string digits = std::to_string(random.next());
        digits.resize(1 + random.below(digits.size()));
        return (random.below(2) == 0 ? "-" : "") + digits + "E" +
               std::to_string(static_cast<int>(random.below(60)) - 30);
    };
    for (int i = 0; i < 5000; ++i) {
        std::string a = any_number();
        std::string b = any_number();
        EXPECT_EQ(dynamodb::compare_numbers(a, b),
                  bytes_of(AttributeValue::number(a)) <=> bytes_of(AttributeValue::number(b)))
            << a << " " << b;
    }
}

TEST(KeyBytes, EndWhatBeginsWithAPrefix) {
    EXPECT_EQ(after_prefix("ab"), "ac");
    EXPECT_EQ(after_prefix("a\xFF\xFF"), "b");
}

}  // namespace
}  // namespace dynamigrate::engine
