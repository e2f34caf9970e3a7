#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/reader.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::json {
namespace {

TEST(Members, TextIsEmptyWhereNoneIsSaid) {
    Value answer = parse_json(R"({"Name":"people","Count":3})", "answer");
    EXPECT_EQ(text_of(answer, "Name"), "people");
    EXPECT_EQ(text_of(answer, "Count"), "");
    EXPECT_EQ(text_of(answer, "Other"), "");
    EXPECT_EQ(text_of(&answer, "Name"), "people");
    EXPECT_EQ(text_of(answer.find("Other"), "Name"), "");
    EXPECT_EQ(text_of(*answer.find("Name"), "Name"), "");
}

}  // namespace
}  // namespace dynamigrate::json
