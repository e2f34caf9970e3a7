#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/value.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::json {
namespace {

Value parse(std::string_view text) { return parse_json5(text, "test"); }

TEST(Value, FindsMembersByKey) {
    Value value = parse("{a: 1, b: 'x'}");

    ASSERT_NE(value.find("b"), nullptr);
    EXPECT_EQ(value.find("b")->text(), "x");
    EXPECT_EQ(value.find("c"), nullptr);
    EXPECT_EQ(Value::string("a").find("a"), nullptr);
}

TEST(Value, SetReplacesOrAppends) {
    Value value = parse("{a: 1, b: 2}");

    value.set("a", Value::boolean(true));
    value.set("c", Value());

    EXPECT_EQ(to_json(value), R"({"a":true,"b":2,"c":null})");
}

TEST(Value, WritesPrettyJson) {
    EXPECT_EQ(to_pretty_json(parse("{a: [1, {}], b: [], c: 'q'}")),
              "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": \"q\"\n}");
}

TEST(Value, WritesNullForNumbersThatJsonHasNot) {
    EXPECT_EQ(to_json(parse("[NaN, -Infinity, 1]")), "[null,null,1]");
}

TEST(Blend, MergesObjectsAndReplacesTheRest) {
    Value base = parse("{a: {x: 1, y: 2}, b: [1], c: 3}");

    blend(base, parse("{a: {y: 5, z: 6}, b: [2, 3], d: {e: 1}}"));

    EXPECT_EQ(to_json(base), R"({"a":{"x":1,"y":5,"z":6},"b":[2,3],"c":3,"d":{"e":1}})");
}

TEST(Blend, ReplacesAValueByItsOwnPart) {
    Value base = parse("[[1, 2]]");

    blend(base, base.elements()[0]);

    EXPECT_EQ(to_json(base), "[1,2]");
}

TEST(Fail, NamesThePlaceOfTheValue) {
    const Value value = parse("\n  [1]");
    try {
        fail("m.yaml", value, "no list here");
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        EXPECT_STREQ(error.what(), "m.yaml:2:3: no list here");
    }
}

TEST(Nearest, SuggestsWordsOfFewEdits) {
    const std::vector<std::string> words = {"table", "transform", "rename", "where"};

    EXPECT_EQ(nearest("talbe", words), "table");
    EXPECT_EQ(nearest("tarnsfrom", words), "transform");
    EXPECT_EQ(nearest("wher", words), "where");
    EXPECT_EQ(nearest("zebra", words), "");
    EXPECT_EQ(nearest("--lane", {"--lang", "--lanes"}), "--lanes");
    EXPECT_EQ(nearest("x", {"y"}), "");
    EXPECT_EQ(nearest("table", {}), "");
}

}  // namespace
}  // namespace dynamigrate::json
