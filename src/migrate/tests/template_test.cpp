#include "../template.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

constexpr const char* kItem = R"({
  "id": {"S": "7"}, "email": {"S": "Ann@Example.ORG"}, "age": {"N": "042"}, "ok": {"BOOL": true},
  "none": {"NULL": true}, "name": {"M": {"first": {"S": " Ann "}, "nick": {"L": [{"S": "A"}, {"N": "2"}]}}},
  "tags": {"SS": ["x", "y"]}, "a.b": {"L": [{"S": "odd"}]}, "city": {"S": "Zürich"}, "raw": {"B": "AAEC"},
  "text": {"S": "12.50"}
})";

class TemplateTest : public testing::Test {
protected:
    std::string evaluate(std::string_view text) {
        templates_.push_back(std::make_unique<Template>(Template::parse(text)));
        return dynamodb::to_wire_json(templates_.back()->evaluate(item_, run_, arena_));
    }
    std::string error_of(std::string_view text) {
        try {
            evaluate(text);
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
            return error.what();
        }
        return "no error";
    }

    base::Arena arena_;
    dynamodb::Item item_ = dynamodb::parse_item(kItem, arena_);
    RunValues run_{"run-1", "2026-01-31T00:00:00.000Z"};
    std::vector<std::unique_ptr<Template>> templates_;
};

struct Row {
    const char* text;
    const char* value;
};

TEST_F(TemplateTest, EvaluatesEveryFilter) {
    const Row rows[] = {
        {"plain", R"({"S":"plain"})"},
        {"", R"({"S":""})"},
        {"${age}", R"({"N":"042"})"},
        {"${ok}", R"({"BOOL":true})"},
        {"${none}", R"({"NULL":true})"},
        {"${tags}", R"({"SS":["x","y"]})"},
        {"${name.nick[1]}", R"({"N":"2"})"},
        {"${'a.b'[0]}", R"({"S":"odd"})"},
        {"USER#${email|lower}", R"({"S":"USER#ann@example.org"})"},
        {"${id}-${age}-${ok}", R"({"S":"7-042-true"})"},
        {"${{literal} ${id}", R"({"S":"${literal} 7"})"},
        {"$5 and {x}", R"({"S":"$5 and {x}"})"},
        {"${ email | upper }", R"({"S":"ANN@EXAMPLE.ORG"})"},
        {"${name.first | trim}", R"({"S":"Ann"})"},
        {"${age | string}", R"({"S":"042"})"},
        {"${text | number}", R"({"N":"12.5"})"},
        {"${age | number}", R"({"N":"042"})"},
        {"${city | length}", R"({"N":"6"})"},
        {"${tags | length}", R"({"N":"2"})"},
        {"${raw | length}", R"({"N":"3"})"},
        {"${name | length}", R"({"N":"2"})"},
        {"${gone | default('x')}", R"({"S":"x"})"},
        {"${gone | lower | default(0)}", R"({"N":"0"})"},
        {"${gone | default(true)}", R"({"BOOL":true})"},
        {"${gone | default(null)}", R"({"NULL":true})"},
        {"${id | default('x')}", R"({"S":"7"})"},
        {"${gone | default('it''s | }')}", R"({"S":"it's | }"})"},
        {"${email | split('@', 0)}", R"({"S":"Ann"})"},
        {"${email | split('@', -1)}", R"({"S":"Example.ORG"})"},
        {"${email | split('@')}", R"({"L":[{"S":"Ann"},{"S":"Example.ORG"}]})"},
        {"${email | split('@', 5) | default('-')}", R"({"S":"-"})"},
        {"${tags | join(', ')}", R"({"S":"x, y"})"},
        {"${name.nick | join('')}", R"({"S":"A2"})"},
        {"${email | replace('Ann', 'B')}", R"({"S":"B@Example.ORG"})"},
        {"${city | slice(1, 3)}", R"({"S":"ür"})"},
        {"${city | slice(-2)}", R"({"S":"ch"})"},
        {"${city | slice(4, 2)}", R"({"S":""})"},
        {"${id | pad(3, '0')}", R"({"S":"007"})"},
        {"${id | pad(-3, '.')}", R"({"S":"7.."})"},
        {"${city | pad(2, '0')}", R"({"S":"Zürich"})"},
        {"${id | sha256 | slice(0, 8)}", R"({"S":"7902699b"})"},
        {"${id | uuid5('dns')}", R"({"S":"a9f96b98-dd44-5216-ab0d-dbfc6b262edf"})"},
        {"${$run.id} ${$run.started_at}", R"({"S":"run-1 2026-01-31T00:00:00.000Z"})"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(evaluate(row.text), row.value) << row.text;
    }
}

TEST_F(TemplateTest, NamesTheMissingAttribute) {
    EXPECT_NE(error_of("x ${gone.deep}").find("attribute gone.deep is missing"), std::string::npos);
    EXPECT_NE(error_of("${email | split('@', 7)}").find("email"), std::string::npos);
}

TEST_F(TemplateTest, KeepsValuesOutOfErrors) {
    EXPECT_EQ(error_of("${email | number}").find("Ann"), std::string::npos);
    EXPECT_NE(error_of("${email | number}").find("no number"), std::string::npos);
    EXPECT_NE(error_of("${tags | lower}").find("type SS"), std::string::npos);
    EXPECT_NE(error_of("a ${name}").find("type M cannot be part of a text"), std::string::npos);
}

TEST_F(TemplateTest, RefusesWhatItDoesNotKnow) {
    EXPECT_NE(error_of("${email | lowr}").find("did you mean lower?"), std::string::npos);
    EXPECT_NE(error_of("ab ${email").find("character 4"), std::string::npos);
    EXPECT_NE(error_of("${}").find("a path is missing"), std::string::npos);
    EXPECT_NE(error_of("${a | }").find("a filter is missing"), std::string::npos);
    EXPECT_NE(error_of("${a | default(b)}").find("single quotes"), std::string::npos);
    EXPECT_NE(error_of("${a | pad}").find("takes 1 to 2 arguments, not 0"), std::string::npos);
    EXPECT_NE(error_of("${a | split('')}").find("must not be empty"), std::string::npos);
    EXPECT_NE(error_of("${a | slice('x')}").find("must be an integer"), std::string::npos);
    EXPECT_NE(error_of("${a | uuid5('x')}").find("not a UUID"), std::string::npos);
    EXPECT_NE(error_of("${$run.nothing}").find("$run.started_at"), std::string::npos);
    EXPECT_NE(error_of("${a b}").find("character 3"), std::string::npos);
}

TEST_F(TemplateTest, SaysWhereInTheFile) {
    try {
        Template::parse("${x | nope}", {"m.yaml", 7, 12});
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.where(), "m.yaml:7:12");
    }
}

TEST_F(TemplateTest, ListsWhatItReads) {
    Template compiled = Template::parse("${a.b} ${c | lower} ${a} ${$run.id}");

    EXPECT_EQ(compiled.attributes(), (std::vector<std::string>{"a", "c"}));
    EXPECT_FALSE(compiled.is_constant());
    EXPECT_TRUE(Template::parse("${{x}").is_constant());
}

}  // namespace
}  // namespace dynamigrate::migrate
