#include <dynamigrate/authoring/yaml.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::authoring {

namespace {

TEST(YamlWriter, WritesWhatTheParserReads) {
    for (
        const char* text :
        {R"({"a":1,"b":[true,null,"x"],"c":{},"d":[],"e":1.50,"f":-7})",
         R"(["yes","No","on","null","~","","55","2012-10-17","1.0.0","0x1f","a: b","#c","!Ref x"])",
         R"(["${App}-x","{\"a\":\"b\\n\"}","tab\there","line\nbreak","ü € 😀","*","&a","- a"])",
         R"({"1.0.0":"v","true":"t","":"empty","Fn::Sub":["a",{"b":{"Ref":"c"}}]})",
         R"([[[]],[{}],{"a":{"b":[{"c":[1]}]}}])"}) {
        const json::Value value = json::parse_json(text, "test");
        const std::string yaml = to_yaml(value);
        EXPECT_EQ(json::to_json(parse_yaml(yaml, "test")), json::to_json(value)) << yaml;
    }
}

TEST(YamlWriter, QuotesWhatAnyYamlReadsOtherwise) {
    EXPECT_EQ(to_yaml(json::parse_json(R"({"Type":"AWS::Lambda::Version","n":"55","y":"on"})", "")),
              "Type: \"AWS::Lambda::Version\"\n\"n\": \"55\"\n\"y\": \"on\"\n");
}

}  // namespace

}  // namespace dynamigrate::authoring
