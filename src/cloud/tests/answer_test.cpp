#include <dynamigrate/cloud/answer.hpp>

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::StrEq;

json::Value body(const std::string& payload, const std::string& function_error = "") {
    return body_of({200, function_error, payload}, "apply");
}

std::string refusal(const FunctionAnswer& answer) {
    try {
        body_of(answer, "apply");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(Answer, GoodOneIsReadAgain) {
    EXPECT_EQ(body(good_answer("\"0.0.3\"")).text(), "0.0.3");
    EXPECT_EQ(body(good_answer("[1,2]")).elements().size(), 2U);
}

TEST(Answer, BadOneSaysItForBothGenerations) {
    const json::Value answer =
        json::parse_json(bad_answer(Error(ErrorKind::not_found, "no such version")), "answer");
    EXPECT_EQ(json::text_of(answer, "error"), "no such version");
    EXPECT_EQ(json::text_of(answer, "errorMessage"), "no such version");
    EXPECT_EQ(answer.find("statusCode")->text(), "404");
    EXPECT_TRUE(answer.find("body")->is_null());
}

TEST(Answer, UnfinishedWorkIsNoSuccess) {
    EXPECT_THAT(refusal({200, "", unfinished_answer("once more")}),
                StrEq("Cannot invoke apply: once more"));
}

TEST(Answer, BodyMayBeATextOfJson) {
    EXPECT_EQ(body(R"({"statusCode":200,"body":"[\"0.0.1\"]"})").elements().size(), 1U);
    EXPECT_EQ(body(R"({"statusCode":200,"body":"0.0.1"})").text(), "0.0.1");
    EXPECT_EQ(body(R"({"version":"7"})").find("version")->text(), "7");
    EXPECT_TRUE(body(R"({"statusCode":200})").is_null());
}

TEST(Answer, IsOfABrokenFunctionWhereNoHandlerGaveIt) {
    const auto is_broken = [](const char* payload, const char* error = "Unhandled") {
        return is_of_broken_function({200, error, payload});
    };
    EXPECT_TRUE(is_broken(R"({"errorMessage":"a","errorType":"InitError"})"));
    EXPECT_TRUE(is_broken(R"({"errorMessage":"a","errorType":"Runtime.ExitError"})"));
    EXPECT_TRUE(is_broken(R"({"errorMessage":"a","errorType":"Sandbox.Timedout"})"));
    EXPECT_TRUE(is_broken(""));
    EXPECT_FALSE(is_broken("", ""));
    EXPECT_TRUE(is_of_broken_function({502, "", "{}"}));
    EXPECT_FALSE(is_broken(R"({"errorMessage":"unknown action","errorType":"Error"})"));
    EXPECT_FALSE(is_broken(R"({"body":1})", ""));
}

TEST(Answer, EveryWayOfFailingIsUnderstood) {
    EXPECT_THAT(refusal({200, "", R"({"error":"a"})"}), StrEq("Cannot invoke apply: a"));
    EXPECT_THAT(refusal({200, "", R"({"errorMessage":"b"})"}), StrEq("Cannot invoke apply: b"));
    EXPECT_THAT(refusal({200, "Unhandled", R"({"errorMessage":"c","trace":[]})"}),
                StrEq("Cannot invoke apply: c"));
    EXPECT_THAT(refusal({200, "Unhandled", "7"}), StrEq("Cannot invoke apply: Unhandled: 7"));
    EXPECT_THAT(refusal({200, "", R"({"error":{"code":3}})"}),
                StrEq("Cannot invoke apply: {\"code\":3}"));
    EXPECT_THAT(refusal({202, "", ""}), StrEq("Cannot invoke apply: bad status code 202"));
    EXPECT_THAT(refusal({200, "", ""}), StrEq("Cannot invoke apply: no result"));
    EXPECT_EQ(refusal({200, "", R"({"error":"","body":1})"}), "");
}

}  // namespace
}  // namespace dynamigrate::cloud
