#include <dynamigrate/dynamodb/wire.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace dynamigrate::dynamodb {
namespace {

const std::string kFile = "seed.json";

std::string from_plain(std::string_view text) {
    base::Arena arena;
    return to_wire_json(value_from_plain(json::parse_json5(text, kFile), kFile, arena));
}

std::string tagged(const std::string& tag, std::string_view text) {
    base::Arena arena;
    json::Value tree = json::parse_json5(text, kFile);
    tree.tag = tag;
    return to_wire_json(value_from_plain(tree, kFile, arena));
}

void expect_failure(const std::function<void()>& function, std::string_view place,
                    std::string_view reason) {
    try {
        function();
        ADD_FAILURE() << "accepted";
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        std::string text = error.what();
        EXPECT_NE(text.find(place), std::string::npos) << text;
        EXPECT_NE(text.find(reason), std::string::npos) << text;
    }
}

void expect_wire_failure(std::string_view text, std::string_view place, std::string_view reason) {
    expect_failure(
        [&] {
            base::Arena arena;
            item_from_wire(json::parse_json5(text, kFile), kFile, arena);
        },
        place, reason);
}

TEST(WireTree, ReadsDynamoDbJson) {
    base::Arena arena;
    static const std::string kText =
        R"({"s":{"S":"t"},"n":{"N":"1.50"},"b":{"B":"AAEC"},"t":{"BOOL":true},"z":{"NULL":true},)"
        R"("ss":{"SS":["a","b"]},"ns":{"NS":["1"]},"bs":{"BS":["AA=="]},)"
        R"("l":{"L":[{"S":"x"}]},"m":{"M":{"k":{"N":"1"}}}})";
    EXPECT_EQ(to_wire_json(item_from_wire(json::parse_json(kText, kFile), kFile, arena)), kText);
}

TEST(WireTree, NamesThePlaceOfAFlaw) {
    expect_wire_failure("{a:\n  {X: 'x'}}", "seed.json:2:3", "no DynamoDB type");
    expect_wire_failure("{a:\n  {N: 'x'}}", "seed.json:2:", "numeric value: x");
    expect_wire_failure("{a: 5}", "seed.json:1:", "DynamoDB JSON");
    expect_wire_failure("{a: {}}", "seed.json:1:", "DynamoDB JSON");
    expect_wire_failure("{a: {S: 'x', N: '1'}}", "seed.json:1:", "DynamoDB JSON");
    expect_wire_failure("{a: {S: 5}}", "seed.json:1:", "S takes a string, found number");
    expect_wire_failure("{a: {BOOL: 5}}", "seed.json:1:", "true or false");
    expect_wire_failure("{a: {L: 5}}", "seed.json:1:", "an array");
    expect_wire_failure("{a: {M: []}}", "seed.json:1:", "object");
    expect_wire_failure("{a: {SS: []}}", "seed.json:1:", "may not be empty");
    expect_wire_failure("{a: {SS: ['x', 'x']}}", "seed.json:1:", "duplicates");
    expect_wire_failure("{a: {B: '?'}}", "seed.json:1:", "base64");
    expect_wire_failure("[]", "seed.json:1:", "attributes");
}

TEST(WireTree, RefusesMoreThan32Levels) {
    auto nested = [](int levels) {
        std::string text = "1";
        for (int i = 0; i < levels; ++i) {
            text = "[" + text + "]";
        }
        return text;
    };
    EXPECT_NO_THROW(from_plain(nested(32)));
    expect_failure([&] { from_plain(nested(33)); }, "seed.json:1:", "Nesting");
}

TEST(WireTree, ReadsPlainValues) {
    EXPECT_EQ(from_plain("null"), R"({"NULL":true})");
    EXPECT_EQ(from_plain("true"), R"({"BOOL":true})");
    EXPECT_EQ(from_plain("'x'"), R"({"S":"x"})");
    EXPECT_EQ(from_plain("12345678901234567890123.5"), R"({"N":"12345678901234567890123.5"})");
    EXPECT_EQ(from_plain("[1, 'a', []]"), R"({"L":[{"N":"1"},{"S":"a"},{"L":[]}]})");
    EXPECT_EQ(from_plain("{a: {b: 1}}"), R"({"M":{"a":{"M":{"b":{"N":"1"}}}}})");
    EXPECT_EQ(from_plain("{$dynamodb: {SS: ['a']}}"), R"({"SS":["a"]})");
    EXPECT_EQ(from_plain("{a: {$dynamodb: {B: 'AA=='}}}"), R"({"M":{"a":{"B":"AA=="}}})");
}

TEST(WireTree, ReadsTaggedValues) {
    EXPECT_EQ(tagged("!ss", "['a', 'b']"), R"({"SS":["a","b"]})");
    EXPECT_EQ(tagged("!ns", "[1, '2']"), R"({"NS":["1","2"]})");
    EXPECT_EQ(tagged("!bs", "['AA==']"), R"({"BS":["AA=="]})");
    EXPECT_EQ(tagged("!b", "'AAEC'"), R"({"B":"AAEC"})");
    expect_failure([] { tagged("!ss", "'a'"); }, "seed.json", "!ss takes a list");
    expect_failure([] { tagged("!ss", "[1]"); }, "seed.json", "written as a string");
    expect_failure([] { tagged("!b", "[1]"); }, "seed.json", "base64 text");
}

TEST(WireTree, RefusesNumbersThatDynamoDbCannotHold) {
    expect_failure([] { from_plain("1e200"); }, "seed.json:1:", "Number overflow");
    expect_failure([] { from_plain("NaN"); }, "seed.json:1:", "numeric value");
}

TEST(WireTree, WritesPlainJsonForPeople) {
    base::Arena arena;
    auto plain = [&](std::string_view text) {
        return json::to_json(to_plain(parse_value(text, arena)));
    };
    EXPECT_EQ(plain(R"({"N":"1.50"})"), "1.50");
    EXPECT_EQ(plain(R"({"N":"+1000"})"), "1000");
    EXPECT_EQ(plain(R"({"N":".5"})"), "0.5");
    EXPECT_EQ(plain(R"({"N":"5."})"), "5");
    EXPECT_EQ(plain(R"({"N":"-007"})"), "-7");
    EXPECT_EQ(plain(R"({"B":"AAEC"})"), R"("AAEC")");
    EXPECT_EQ(plain(R"({"NS":["1","2"]})"), "[1,2]");
    EXPECT_EQ(plain(R"({"NULL":true})"), "null");
    Item item = parse_item(R"({"a":{"L":[{"BOOL":true}]},"m":{"M":{"x":{"S":"y"}}}})", arena);
    EXPECT_EQ(json::to_json(to_plain(item)), R"({"a":[true],"m":{"x":"y"}})");
}

}  // namespace
}  // namespace dynamigrate::dynamodb
