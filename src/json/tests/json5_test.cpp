#include <dynamigrate/json/json5.hpp>

#include <gmock/gmock.h>

#include <algorithm>
#include <string>

namespace dynamigrate::json {
namespace {

using ::testing::HasSubstr;

struct Row {
    std::string text;
    std::string wanted;  // compact JSON, or the error's text
};

std::string read(std::string_view text, Value (*parse)(std::string_view, const std::string&)) {
    try {
        return to_json(parse(text, "a.json5"));
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        return error.what();
    }
}

TEST(Json5, ReadsWhatTheSpecificationAllows) {
    const Row rows[] = {
        {"{}", "{}"},
        {"[]", "[]"},
        {"[1,2,]", "[1,2]"},
        {"{a:1,}", R"({"a":1})"},
        {"{'a':'b\"c'}", R"({"a":"b\"c"})"},
        {"{$_a1: 1, \xC3\xA4\xE2\x80\x8C: 2, \\u0061b: 3}",
         "{\"$_a1\":1,\"\xC3\xA4\xE2\x80\x8C\":2,\"ab\":3}"},
        {"{null: true, NaN: false, __proto__: null}",
         R"({"null":true,"NaN":false,"__proto__":null})"},
        {"// c\n[/* d\n */1]// e", "[1]"},
        {"\xEF\xBB\xBF\xC2\xA0\xE2\x80\xA8\v\f\xE3\x80\x80 1", "1"},
        {"'a\\\nb\\\r\nc\\\xE2\x80\xA9' ", R"("abc")"},
        {"'\xE2\x80\xA8'", "\"\xE2\x80\xA8\""},
        {R"('\x41\v\0\a\'\u00e4')", "\"A\\u000b\\u0000a'\xC3\xA4\""},
        {R"('\uD83D\uDE00')", "\"\xF0\x9F\x98\x80\""},
        {"'\\uD83D\\\n\\uDE00'", "\"\xF0\x9F\x98\x80\""},
        {R"(['\uD83D', '\uDE00', '\uD83Dx', '\uD83D\uD83D\uDE00'])",
         "[\"\xEF\xBF\xBD\",\"\xEF\xBF\xBD\",\"\xEF\xBF\xBDx\",\"\xEF\xBF\xBD\xF0\x9F\x98\x80\"]"},
        {"[Infinity, -Infinity, +NaN]", "[null,null,null]"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(read(row.text, parse_json5), row.wanted) << row.text;
    }
}

TEST(Json5, KeepsTheDigitsOfNumbers) {
    const Row rows[] = {
        {"0x10", "16"},
        {"-0XfF", "-255"},
        {".5", "0.5"},
        {"5.", "5"},
        {"5.e3", "5e3"},
        {"+1", "1"},
        {"1e3", "1e3"},
        {"1E+3", "1e+3"},
        {"-0", "-0"},
        {"1.10", "1.10"},
        {"12345678901234567890123456789012345678", "12345678901234567890123456789012345678"},
        {"0xffffffffffffffffffffffff", "79228162514264337593543950335"},
        {"0x3b9aca00", "1000000000"},
        {"-Infinity", "-Infinity"},
        {"+Infinity", "Infinity"},
        {"-NaN", "NaN"},
    };
    for (const Row& row : rows) {
        const Value value = parse_json5(row.text, "n");
        EXPECT_TRUE(value.is_number());
        EXPECT_EQ(value.text(), row.wanted) << row.text;
    }
}

TEST(Json5, SaysWhereWhatWasFoundAndExpected) {
    const Row rows[] = {
        {"", "a.json5:1:1: expected a value but found the end of the text"},
        {"{\n  a: }", "a.json5:2:6: expected a value but found '}'"},
        {"[1 2]", "a.json5:1:4: expected ',' or ']' but found '2'"},
        {"[1,,2]", "a.json5:1:4: expected a value but found ','"},
        {"{,}", "a.json5:1:2: expected a key or '}' but found ','"},
        {"{a 1}", "a.json5:1:4: expected ':' but found '1'"},
        {"{1a: 1}", "a.json5:1:2: expected a key or '}' but found '1'"},
        {"{\\u0031: 1}", "a.json5:1:2: this escape is no letter of a key; quote the key"},
        {"01", "a.json5:1:2: expected nothing more but found '1'"},
        {"0x", "a.json5:1:3: expected a hexadecimal digit but found the end of the text"},
        {".", "a.json5:1:2: expected a digit but found the end of the text"},
        {"1e", "a.json5:1:3: expected a digit but found the end of the text"},
        {"- 1", "a.json5:1:2: expected a digit but found U+0020"},
        {"'a\nb'",
         "a.json5:1:3: expected the end of the string, a ' but found the end of the line"},
        {"'\\01'",
         "a.json5:1:4: expected an escape (there are no octal escapes; write \\x00) but found '1'"},
        {"'\\xg0'", "a.json5:1:4: expected a hexadecimal digit but found 'g'"},
        {"\n\n/* ", "a.json5:3:1: the comment that begins here has no end; write */ behind it"},
        {"\r\n\r\rnul", "a.json5:4:1: expected null but found 'n'"},
        {"'\xC3\xA4' x", "a.json5:1:6: expected nothing more but found 'x'"},
        {"'ab\xFF'", "a.json5:1:4: the text is not UTF-8; save the file as UTF-8"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(read(row.text, parse_json5), row.wanted) << row.text;
    }
}

TEST(Json5, RemembersThePlaceOfEachValueAndKey) {
    const Value root = parse_json5("// first\n{\n  a: [1,\n    'b'],\n}", "x");

    const Value::Member& member = root.members().at(0);
    EXPECT_EQ(root.line, 2);
    EXPECT_EQ(root.column, 1);
    EXPECT_EQ(member.line, 3);
    EXPECT_EQ(member.column, 3);
    EXPECT_EQ(member.value.column, 6);
    EXPECT_EQ(member.value.elements().at(1).line, 4);
    EXPECT_EQ(member.value.elements().at(1).column, 5);
}

TEST(Json5, KeepsTheLastValueOfARepeatedKey) {
    EXPECT_EQ(read("{a: 1, b: 2, 'a': 3}", parse_json5), R"({"a":3,"b":2})");
    EXPECT_EQ(read(R"({"a": 1, "a": [2]})", parse_json), R"({"a":[2]})");
}

TEST(Json5, LimitsNestingTo512Levels) {
    const std::string deepest = std::string(512, '[') + std::string(512, ']');

    EXPECT_EQ(read(deepest, parse_json5), deepest);
    EXPECT_THAT(read("[" + deepest + "]", parse_json5), HasSubstr("512 levels"));
}

TEST(Json, RefusesWhatOnlyJson5Allows) {
    const std::string texts[] = {
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "/**/1",
        "+1",
        ".5",
        "5.",
        "0x1",
        "NaN",
        "Infinity",
        "\"\\x41\"",
        "\"\\\n\"",
        "\"\t\"",
        "\v1",
        ("\xC2\xA0"
         "1"),
        ("\xEF\xBB\xBF"
         "1"),
        "\"\\v\"",
        "\"\\0\"",
        "01",
        "-",
        "{'a':1}",
        "-Infinity",
        "[1,,2]",
        "\"\\'\"",
        "",
        "1e",
        "tru",
    };
    for (const std::string& text : texts) {
        EXPECT_THAT(read(text, parse_json), ::testing::StartsWith("a.json5:")) << text;
    }
}

TEST(Json, ReadsEveryKindOfValue) {
    EXPECT_EQ(read(R"( {"a": [1, -2.50e-3, true, false, null, "x\u00e4\/"]} )", parse_json),
              "{\"a\":[1,-2.50e-3,true,false,null,\"x\xC3\xA4/\"]}");
    EXPECT_EQ(read("\"\xE2\x80\xA8\"", parse_json), "\"\xE2\x80\xA8\"");
}

}  // namespace
}  // namespace dynamigrate::json
