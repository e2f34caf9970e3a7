#include <dynamigrate/dynamodb/wire.hpp>

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

std::string nested_lists(int levels) {
    std::string text = R"({"S":"x"})";
    for (int i = 0; i < levels; ++i) {
        text = R"({"L":[)" + text + "]}";
    }
    return text;
}

std::string nested_maps(int levels) {
    std::string text = R"({"S":"x"})";
    for (int i = 0; i < levels; ++i) {
        text = R"({"M":{"m":)" + text + "}}";
    }
    return text;
}

void expect_refused(std::string_view text, std::string_view reason) {
    base::Arena arena;
    try {
        parse_value(text, arena);
        ADD_FAILURE() << "accepted " << text;
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument) << text;
        EXPECT_NE(error.message().find(reason), std::string::npos)
            << text << " was refused with " << error.message();
    }
}

TEST(Wire, RoundTripsEveryType) {
    base::Arena arena;
    for (const char* text :
         {R"({"S":"text"})", R"({"S":""})", R"({"N":"-12.50"})", R"({"N":"0"})",
          R"({"B":"AAEC/w=="})", R"({"B":""})", R"({"BOOL":true})", R"({"BOOL":false})",
          R"({"NULL":true})", R"({"SS":["a","","c"]})", R"({"NS":["1","2.5"]})",
          R"({"BS":["AAEC","/w=="]})", R"({"L":[]})", R"({"L":[{"S":"a"},{"L":[{"NULL":true}]}]})",
          R"({"M":{}})", R"({"M":{"a":{"M":{"b":{"N":"1"}}},"c":{"BOOL":false}}})"}) {
        EXPECT_EQ(to_wire_json(parse_value(text, arena)), text);
    }
}

TEST(Wire, RefusesWhatFollowsATextWithinItsValue) {
    for (const char* text :
         {R"({"S":"":"x"})", R"({"B":"":"x"=})", R"({"SS":["a":"b"]})", R"({"N":"1" "2"})"}) {
        expect_refused(text, "");
    }
}

TEST(Wire, KeepsTheLastOfAttributesWithTheSameName) {
    base::Arena arena;
    EXPECT_EQ(to_wire_json(parse_item(R"({"a":{"N":"1"},"b":{"N":"2"},"a":{"N":"3"}})", arena)),
              R"({"b":{"N":"2"},"a":{"N":"3"}})");
    EXPECT_EQ(to_wire_json(parse_value(R"({"M":{"a":{"S":"x"},"a":{"S":"y"}}})", arena)),
              R"({"M":{"a":{"S":"y"}}})");
}

TEST(Wire, RoundTripsEscapesAndUnicode) {
    base::Arena arena;
    AttributeValue value = parse_value(
        R"({"S":"quote \" slash \\ \/ line\n tab\t nul\u0000 \u00e4 \ud83d\ude00 ü"})", arena);
    using namespace std::string_view_literals;
    EXPECT_EQ(value.text(), "quote \" slash \\ / line\n tab\t nul\0 ä 😀 ü"sv);
    EXPECT_EQ(parse_value(to_wire_json(value), arena), value);
}

TEST(Wire, ResolvesEscapesInNames) {
    base::Arena arena;
    Item item = parse_item(R"({"a\"b":{"S":"1"},"\u00e4":{"S":"2"},"":{"S":"3"}})", arena);
    EXPECT_EQ(item.text("a\"b"), "1");
    EXPECT_EQ(item.text("ä"), "2");
    EXPECT_EQ(item.text(""), "3");
    EXPECT_EQ(parse_item(to_wire_json(item), arena), item);
}

TEST(Wire, ReadsEscapedBase64AndNumbers) {
    base::Arena arena;
    EXPECT_EQ(parse_value(R"({"B":"\/w=="})", arena).text(), "\xff");
    EXPECT_EQ(parse_value(R"({"N":"\u0031"})", arena).text(), "1");
}

TEST(Wire, KeepsNamesApartThatShareASlot) {
    base::Arena arena;
    std::string text = "{";
    for (int i = 0; i < 300; ++i) {
        text += (i == 0 ? "" : ",") + ("\"name" + std::to_string(i)) + R"(":{"N":")" +
                std::to_string(i) + "\"}";
    }
    Item item = parse_item(text + "}", arena);
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(item.text("name" + std::to_string(i)), std::to_string(i));
    }
}

TEST(Wire, KeepsOrderAndIgnoresWhiteSpace) {
    base::Arena arena;
    Item item =
        parse_item(" { \"b\" : { \"S\" : \"x\" } ,\n \"a\" :\t{ \"N\" : \"1\"  } } ", arena);
    EXPECT_EQ(to_wire_json(item), R"({"b":{"S":"x"},"a":{"N":"1"}})");
    EXPECT_EQ(to_wire_json(Item()), "{}");
}

TEST(Wire, DoesNotPointIntoTheParsedText) {
    base::Arena arena;
    std::string text = R"({"name":{"S":"a value"},"m":{"M":{"inner":{"SS":["one"]}}}})";
    Item item = parse_item(text, arena);
    text.assign(text.size(), '#');
    EXPECT_EQ(to_wire_json(item), R"({"name":{"S":"a value"},"m":{"M":{"inner":{"SS":["one"]}}}})");
}

TEST(Wire, ReadsFalseNullAsNull) {
    base::Arena arena;
    EXPECT_EQ(parse_value(R"({"NULL":false})", arena), AttributeValue::null());
}

TEST(Wire, Accepts32LevelsAndRefuses33) {
    base::Arena arena;
    EXPECT_EQ(to_wire_json(parse_value(nested_lists(32), arena)), nested_lists(32));
    EXPECT_EQ(to_wire_json(parse_value(nested_maps(32), arena)), nested_maps(32));
    expect_refused(nested_lists(33), "Nesting Levels have exceeded supported limits");
    expect_refused(nested_maps(33), "Nesting Levels have exceeded supported limits");
    EXPECT_NO_THROW(parse_item(R"({"a":)" + nested_maps(32) + "}", arena));
    EXPECT_THROW(parse_item(R"({"a":)" + nested_maps(33) + "}", arena), base::Error);
}

TEST(Wire, RefusesWhatIsNoValue) {
    expect_refused("{}", "Supplied AttributeValue is empty");
    expect_refused(R"({"X":"a"})", "must contain exactly one of the supported datatypes");
    expect_refused(R"({"S":"a","N":"1"})", "more than one datatypes");
    expect_refused(R"({"N":"abc"})", "The parameter cannot be converted to a numeric value: abc");
    expect_refused(R"({"N":""})", "The parameter cannot be converted to a numeric value");
    expect_refused(R"({"N":"."})", "The parameter cannot be converted to a numeric value");
    expect_refused(R"({"N":"-"})", "The parameter cannot be converted to a numeric value");
    expect_refused(R"({"N":"1.2.3"})", "The parameter cannot be converted to a numeric value");
    expect_refused(R"({"N":"1e126"})", "Number overflow");
    expect_refused(R"({"B":"not base64"})", "base64");
    expect_refused(R"({"SS":[]})", "may not be empty");
    expect_refused(R"({"BS":[]})", "should not be empty");
    expect_refused(R"({"SS":["a","b","a"]})", "Input collection contains duplicates");
    expect_refused(R"({"NS":["1","2","1.0"]})", "Input collection contains duplicates");
    expect_refused(R"({"BS":["AA==","AA=="]})", "Input collection contains duplicates");
}

TEST(Wire, RefusesWrongJsonShapes) {
    for (const char* text : {R"({"N":1})",
                             R"({"S":1})",
                             R"({"BOOL":"true"})",
                             R"({"L":{}})",
                             R"({"M":[]})",
                             R"({"SS":"a"})",
                             R"({"SS":[1]})",
                             "[]",
                             "1",
                             "",
                             R"({"S":"a")",
                             R"({"S":"a"}})",
                             R"({"S":"a"} {})",
                             R"({"S" "a"})",
                             "{\"S\":\"\xff\"}",
                             "{\"S\":\"\n\"}",
                             R"({"S":"\x"})",
                             R"({"S":"\ud83d"})",
                             R"({"NULL":"x"})",
                             R"({"L":["a"]})"}) {
        expect_refused(text, "");
    }
}

TEST(Wire, WriterPutsCommas) {
    base::Arena arena;
    std::string text;
    json::Writer out(text);
    out.begin_object().key("a");
    write_value(out, AttributeValue::boolean(true));
    out.key("b");
    write_item(out, ItemBuilder(arena).string("x", "y").build());
    out.key("c").number(1).end_object();
    EXPECT_EQ(text, R"({"a":{"BOOL":true},"b":{"x":{"S":"y"}},"c":1})");
}

TEST(WireParser, IsReusedAfterARefusal) {
    base::Arena arena;
    WireParser parser;
    EXPECT_THROW(parser.item(R"({"a":{"L":[{"S":"x"},{"N":"y"}]}})", arena), base::Error);
    EXPECT_EQ(to_wire_json(parser.item(R"({"a":{"S":"x"}})", arena)), R"({"a":{"S":"x"}})");
    EXPECT_EQ(to_wire_json(parser.value(R"({"S":"longer than before"})", arena)),
              R"({"S":"longer than before"})");
}

}  // namespace
}  // namespace dynamigrate::dynamodb
