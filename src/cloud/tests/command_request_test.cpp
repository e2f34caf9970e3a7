#include <dynamigrate/cloud/command_request.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cloud {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

CommandRequest start() {
    CommandRequest request;
    request.verb = CommandRequest::Verb::start;
    request.run = "r1";
    request.words = {"up", "--json"};
    request.answers = {{"sure?", "y"}};
    request.from = 12;
    return request;
}

TEST(CommandRequest, IsReadAsItWasSaid) {
    const CommandRequest read = read_command_request(json::parse_json(to_event(start()), "event"));
    EXPECT_EQ(read.verb, CommandRequest::Verb::start);
    EXPECT_EQ(read.run, "r1");
    EXPECT_THAT(read.words, ElementsAre("up", "--json"));
    EXPECT_THAT(read.answers, ElementsAre(GivenAnswer{"sure?", "y"}));
    EXPECT_EQ(read.from, 12U);
}

TEST(CommandRequest, NeedsWhatMakesItSafeToSendTwice) {
    for (const char* event :
         {R"({"cmd":"start","args":{"words":["up"]}})", R"({"cmd":"start","run":"r1"})",
          R"({"cmd":"poll"})", R"({"cmd":"start","run":"r1","args":{"words":[7]}})",
          R"({"cmd":"start","run":"r1","args":{"words":["up"],"answers":["y"]}})"}) {
        EXPECT_THROW(read_command_request(json::parse_json(event, "event")), base::Error) << event;
    }
    EXPECT_NO_THROW(read_command_request(json::parse_json(R"({"cmd":"hello"})", "event")));
}

TEST(CommandAnswer, IsReadAsItWasSaid) {
    CommandAnswer answer;
    answer.state = CommandAnswer::State::question;
    answer.exit_code = 3;
    answer.question = "sure?";
    answer.printed = {{false, "a\n"}, {true, "b"}};
    answer.next = 9;
    answer.digest = "d";
    const CommandAnswer read = read_command_answer(json::parse_json(to_body(answer), "body"));
    EXPECT_EQ(read.state, answer.state);
    EXPECT_EQ(read.exit_code, 3);
    EXPECT_EQ(read.question, "sure?");
    EXPECT_EQ(read.printed, answer.printed);
    EXPECT_EQ(read.next, 9U);
    EXPECT_EQ(read.digest, "d");
    EXPECT_THROW(read_command_answer(json::parse_json(R"({"state":"odd"})", "body")), base::Error);
}

std::string joined(const CommandAnswer& whole, std::size_t limit) {
    std::string text;
    std::uint64_t from = 0;
    do {
        const CommandAnswer page = page_of(whole, from, limit);
        for (const Printed& piece : page.printed) {
            text += (piece.is_error ? "<" : "") + piece.text + (piece.is_error ? ">" : "");
        }
        EXPECT_EQ(page.digest, page_of(whole, 0, limit).digest);
        EXPECT_TRUE(page.next == 0 || page.next > from);
        from = page.next;
    } while (from != 0);
    return text;
}

TEST(CommandAnswer, PagesMakeUpTheWhole) {
    CommandAnswer whole;
    whole.printed = {{false, "abcdefg"}, {true, "1"}, {false, "h\xC3\xA4i"}};
    EXPECT_EQ(joined(whole, 100), "abcdefg<1>h\xC3\xA4i");
    EXPECT_EQ(joined(whole, 7), "abcdefg<><1>h\xC3\xA4i");
    for (std::size_t limit = 4; limit < 12; ++limit) {
        std::string text = joined(whole, limit);
        text.erase(
            std::remove_if(text.begin(), text.end(), [](char c) { return c == '<' || c == '>'; }),
            text.end());
        EXPECT_EQ(text, "abcdefg1h\xC3\xA4i") << limit;
    }
}

TEST(CommandAnswer, PagesDoNotCutCharacters) {
    CommandAnswer whole;
    whole.printed = {{false, "abc\xC3\xA4"}};
    EXPECT_EQ(page_of(whole, 0, 4).printed.front().text, "abc");
    EXPECT_EQ(page_of(whole, 0, 4).next, 3U);
}

TEST(CommandAnswer, WhatWasShownIsNotShownAgain) {
    const std::vector<Printed> shown = {{true, "table t\n"}, {false, "a\nb\n"}};
    EXPECT_THAT(without_beginning({{true, "table t\n"}, {false, "a\nb\nc\na\n"}}, shown),
                ElementsAre(Printed{false, "c\n"}, Printed{false, "a\n"}));
    EXPECT_THAT(without_beginning({{true, "other\n"}, {false, "a\n"}}, shown),
                ElementsAre(Printed{true, "other\n"}, Printed{false, "a\n"}));
    EXPECT_THAT(without_beginning(shown, shown), IsEmpty());
    EXPECT_EQ(without_beginning(shown, {}), shown);
}

}  // namespace
}  // namespace dynamigrate::cloud
