#include <dynamigrate/authoring/yaml.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::authoring {
namespace {

std::string canonical(std::string_view text) { return json::to_json(parse_yaml(text, "f.yaml")); }

std::string error_of(std::string_view text) {
    try {
        parse_yaml(text, "f.yaml");
    } catch (const base::Error& error) {
        return error.what();
    }
    return "no error";
}

TEST(Yaml, ReadsTheCoreSchema) {
    EXPECT_EQ(canonical("a: 1\nb: -0.50\nc: 1e3\n"), R"({"a":1,"b":-0.50,"c":1e3})");
    EXPECT_EQ(canonical("a: true\nb: False\nc: null\nd: ~\ne:\n"),
              R"({"a":true,"b":false,"c":null,"d":null,"e":null})");
    EXPECT_EQ(canonical("a: text here\nb: '1'\nc: \"yes\"\n"),
              R"({"a":"text here","b":"1","c":"yes"})");
    EXPECT_EQ(canonical("[1.2.0, createdAt:N, a-b, .name, '', -, 1-2]"),
              R"(["1.2.0","createdAt:N","a-b",".name","","-","1-2"])");
}

TEST(Yaml, KeepsDigitsOfNumbers) {
    EXPECT_EQ(parse_yaml("version: 1.10", "f").find("version")->text(), "1.10");
    EXPECT_EQ(parse_yaml("n: 12345678901234567890123456789012345678", "f").find("n")->text(),
              "12345678901234567890123456789012345678");
}

TEST(Yaml, KeepsTagsAndPlaces) {
    const json::Value tree = parse_yaml("a: !ss [x, y]\nb:\n  - !b aGk=\n", "f");

    EXPECT_EQ(tree.find("a")->tag, "!ss");
    EXPECT_EQ(tree.find("b")->elements()[0].tag, "!b");
    EXPECT_EQ(tree.find("b")->elements()[0].line, 3);
    EXPECT_EQ(tree.find("b")->elements()[0].column, 5);
}

TEST(Yaml, RefusesWhatOtherYamlsReadDifferently) {
    for (const char* word :
         {"yes", "No", "ON", "off", "0x1F", "0o17", "0b11", "1_000", ".inf", "-.INF", ".nan", "012",
          "+5", ".5", "5.", "1_0.5", "1.e3", "2024-01-15", "2024-01-15T10:00:00Z"}) {
        const std::string error = error_of(std::string("a: ") + word);
        EXPECT_EQ(error.find("f.yaml:1:4: `" + std::string(word)), 0U) << word << ": " << error;
        EXPECT_NE(error.find("quote it"), std::string::npos) << word;
    }
}

TEST(Yaml, NamesThePlaceOfEveryFault) {
    EXPECT_EQ(error_of("a: 1\na: 2\n"), "f.yaml:2:1: the key `a` stands here twice");
    EXPECT_EQ(error_of("[x]: 1\n").find("f.yaml:1:1: a key must be a text"), 0U);
    EXPECT_EQ(error_of("a: 1\n---\nb: 2\n").find("f.yaml:3:1: a second YAML document"), 0U);
    EXPECT_EQ(error_of("a: 1\n...\n---\n").find("f.yaml:4:1: a second YAML document"), 0U);
    EXPECT_EQ(error_of(", up: [{a: {b"),
              "f.yaml:1:1: this does not belong to what stands before it: indent it, or quote it");
    EXPECT_EQ(error_of("a: [1, 2\n").find("f.yaml:"), 0U);
    EXPECT_EQ(error_of(""), "f.yaml: the file is empty");
    EXPECT_EQ(error_of("a: *nowhere\n").find("f.yaml:1:"), 0U);
    EXPECT_EQ(error_of("a: \xff\n"), "f.yaml:1:4: the text is not UTF-8; save the file as UTF-8");
    EXPECT_EQ(error_of("a: !set [x]\n"),
              "f.yaml:1:4: unknown tag `!set`; known are !ss, !ns, !bs and !b");
    EXPECT_EQ(error_of("a: !!str 1\n"), "no error");
}

TEST(Yaml, BoundsExpansionOfAliases) {
    std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string before = std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int j = 0; j < 10; ++j) {
            text += (j > 0 ? ",*a" : "*a") + before;
        }
        text += "]\n";
    }
    EXPECT_NE(error_of(text).find("expands too far"), std::string::npos);
}

}  // namespace
}  // namespace dynamigrate::authoring
