#include <dynamigrate/dynamodb/document_reader.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <string>

namespace dynamigrate::dynamodb {
namespace {

/// The item as it was read, or the refusal.
std::string read(std::string_view text) {
    json::dom::parser parser;
    base::Arena arena;
    try {
        json::dom::element root = parser.parse(text.data(), text.size());
        return to_wire_json(DocumentReader(arena).item(root));
    } catch (const base::Error& error) {
        return error.service_code() + ": " + error.message();
    }
}

TEST(DocumentReader, ReadsAllTypes) {
    std::string item =
        R"({"s":{"S":"text \"quoted\""},"n":{"N":"12"},"b":{"B":"AQI="},"t":{"BOOL":true},)"
        R"("u":{"NULL":true},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AQ=="]},)"
        R"("l":{"L":[{"S":"x"},{"L":[]}]},"m":{"M":{"k":{"N":"1"}}}})";
    EXPECT_EQ(read(item), item);
}

TEST(DocumentReader, WritesNumbersInTheirCanonicalSpelling) {
    EXPECT_EQ(read(R"({"n":{"N":"+1.50"},"s":{"NS":["1e3","007"]},"z":{"N":"-0"}})"),
              R"({"n":{"N":"1.5"},"s":{"NS":["1000","7"]},"z":{"N":"0"}})");
}

TEST(DocumentReader, KeepsTheLastOfAttributesWithTheSameName) {
    EXPECT_EQ(read(R"({"a":{"N":"1"},"b":{"M":{"x":{"N":"1"},"x":{"N":"2"}}},"a":{"N":"3"}})"),
              R"({"b":{"M":{"x":{"N":"2"}}},"a":{"N":"3"}})");
    std::string many = R"({"n":{"N":"0"})";
    for (int i = 0; i < 20; ++i) {
        many += ",\"n" + std::to_string(i) + R"(":{"N":"1"})";
    }
    many += R"(,"n":{"N":"2"}})";
    EXPECT_TRUE(read(many).ends_with(R"("n":{"N":"2"}})"));
    EXPECT_TRUE(read(many).starts_with(R"({"n0")"));
}

TEST(DocumentReader, ReadsNullAsTrueWhateverItSays) {
    EXPECT_EQ(read(R"({"u":{"NULL":false}})"), R"({"u":{"NULL":true}})");
}

TEST(DocumentReader, RefusesAJsonNumberWhereANumbersTextBelongs) {
    EXPECT_EQ(read(R"({"n":{"N":1}})"),
              "SerializationException: NUMBER_VALUE cannot be converted to String");
    EXPECT_EQ(read(R"({"t":{"BOOL":"x"}})"),
              "SerializationException: STRING_VALUE cannot be converted to Boolean");
}

TEST(DocumentReader, RefusesNoTypeAndSeveralTypes) {
    EXPECT_NE(read(R"({"a":{}})").find("must contain exactly one"), std::string::npos);
    EXPECT_NE(read(R"({"a":{"X":"1"}})").find("must contain exactly one"), std::string::npos);
    EXPECT_NE(read(R"({"a":{"S":"1","N":"1"}})").find("more than one datatypes"),
              std::string::npos);
}

TEST(DocumentReader, RefusesSetsThatAreNone) {
    EXPECT_NE(read(R"({"a":{"SS":[]}})").find("ValidationException"), std::string::npos);
    EXPECT_NE(read(R"({"a":{"NS":["1","1.0"]}})").find("duplicates"), std::string::npos);
}

TEST(DocumentReader, AllowsThirtyTwoLevels) {
    auto nested = [](int levels) {
        std::string text = R"({"S":"x"})";
        for (int i = 0; i < levels; ++i) {
            text = R"({"L":[)" + text + "]}";
        }
        return R"({"a":)" + text + "}";
    };
    EXPECT_EQ(read(nested(32)), nested(32));
    EXPECT_NE(read(nested(33)).find("Nesting Levels"), std::string::npos);
}

}  // namespace
}  // namespace dynamigrate::dynamodb
