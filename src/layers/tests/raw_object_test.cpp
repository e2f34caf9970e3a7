#include "../raw_object.hpp"

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>

namespace dynamigrate::layers {

using testing::ElementsAre;

TEST(RawObject, KeepsWhatItDoesNotChange) {
    RawObject object(R"( { "a" : 1.50 , "b":{ "c" : [null, "\u00e9"] }, "d":"x" } )");
    object.set("d", "[]");
    object.set("e", "true");
    object.remove("a");
    EXPECT_EQ(object.to_json(), R"({"b":{ "c" : [null, "\u00e9"] },"d":[],"e":true})");
}

TEST(RawObject, FindsMembersByTheirName) {
    const RawObject object(R"({"n\u0061me":"a \"text\"","gone":null,"other":5})");
    EXPECT_EQ(object.text("name"), "a \"text\"");
    EXPECT_EQ(object.find("gone"), "");
    EXPECT_EQ(object.find("none"), "");
    EXPECT_EQ(object.text("none"), "");
    EXPECT_EQ(object.find("other"), "5");
    EXPECT_THROW(object.text("other"), base::Error);
}

TEST(RawObject, RefusesWhatReadersCouldReadDifferently) {
    for (const char* text : {"", "[]", "{", R"({"a":1,"\u0061":2})", R"({"a" 1})"}) {
        try {
            const RawObject object(text);
            FAIL() << text;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
            EXPECT_EQ(error.service_code(), "SerializationException");
        }
    }
}

TEST(RawObject, SplitsArrays) {
    EXPECT_THAT(raw_elements(R"([ {"a":[1]} , "x",2.0])"),
                ElementsAre(R"({"a":[1]})", "\"x\"", "2.0"));
    EXPECT_TRUE(raw_elements("[]").empty());
    EXPECT_THROW(raw_elements("{}"), base::Error);
}

}  // namespace dynamigrate::layers
