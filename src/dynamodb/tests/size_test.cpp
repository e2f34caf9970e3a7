#include <dynamigrate/dynamodb/size.hpp>

#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

TEST(Size, FollowsTheDocumentedRules) {
    static const std::vector<std::pair<std::string, std::uint64_t>> kCases{
        {R"({"S":""})", 0},
        {R"({"S":"abc"})", 3},
        {R"({"S":"äö"})", 4},
        {R"({"N":"123"})", 3},
        {R"({"B":"AAEC"})", 3},
        {R"({"BOOL":false})", 1},
        {R"({"NULL":true})", 1},
        {R"({"SS":["a","bc"]})", 3},
        {R"({"NS":["1","-2"]})", 5},
        {R"({"BS":["AAEC","AA=="]})", 4},
        {R"({"L":[]})", 3},
        {R"({"L":[{"S":"a"},{"BOOL":true}]})", 7},
        {R"({"M":{}})", 3},
        {R"({"M":{"ab":{"S":"c"}}})", 7},
        {R"({"M":{"l":{"L":[{"N":"1"}]}}})", 11},
    };
    base::Arena arena;
    for (const auto& [text, expected] : kCases) {
        EXPECT_EQ(value_size(parse_value(text, arena)).value, expected) << text;
    }
}

TEST(Size, OfAnItemCountsNames) {
    base::Arena arena;
    EXPECT_EQ(item_size(Item()).value, 0U);
    // "shirt-color": "R", "shirt-size": "M" is 23 bytes in AWS's developer guide.
    Item shirt = parse_item(R"({"shirt-color":{"S":"R"},"shirt-size":{"S":"M"}})", arena);
    EXPECT_EQ(item_size(shirt).value, 23U);
}

TEST(Size, WritesCostAUnitPerStartedKilobyte) {
    EXPECT_EQ(write_units({0}).value, 1);
    EXPECT_EQ(write_units({1024}).value, 1);
    EXPECT_EQ(write_units({1025}).value, 2);
    EXPECT_EQ(write_units({1025}, true).value, 4);
    EXPECT_EQ(write_units(kMaxItemBytes).value, 400);
}

TEST(Size, ReadsCostAUnitPerStartedFourKilobytes) {
    EXPECT_EQ(read_units({0}, true).value, 1);
    EXPECT_EQ(read_units({0}, false).value, 0.5);
    EXPECT_EQ(read_units({4096}, true).value, 1);
    EXPECT_EQ(read_units({4097}, true).value, 2);
    EXPECT_EQ(read_units({4097}, false).value, 1);
    EXPECT_EQ(read_units({4097}, true, true).value, 4);
    EXPECT_EQ(read_units({1}, false, true).value, 2);
}

}  // namespace
}  // namespace dynamigrate::dynamodb
