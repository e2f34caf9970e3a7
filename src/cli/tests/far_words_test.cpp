#include "../far_words.hpp"

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> words(const std::vector<std::string>& typed) {
    return words_for_lambda(parse_arguments(typed));
}

TEST(FarWords, TakesAlongWhatTheFunctionNeeds) {
    EXPECT_THAT(words({"--arn", "f", "up", "1.2.0", "--yes", "--max-wcu=40%", "--lanes", "3"}),
                ElementsAre("up", "--yes", "--lanes=3", "--max-wcu=40%", "--", "1.2.0"));
    EXPECT_THAT(words({"cleanup", "--arn=f", "--table=app"}),
                ElementsAre("--table=app", "--", "cleanup"));
}

TEST(FarWords, KeepsWhatIsOfThisMachine) {
    EXPECT_THAT(words({"status", "--arn=f", "--config=x", "--dir=y", "--aws-access-key=k",
                       "--aws-secret-key=s", "--aws-region=r", "--lambda-endpoint=http://l",
                       "--no-color", "--debug"}),
                ElementsAre("status", "--"));
}

TEST(FarWords, WhatItTakesAlongIsReadTheSame) {
    const Arguments arguments =
        parse_arguments(words({"undo", "RUN", "--key={\"pk\":{\"S\":\"a=b\"}}"}));
    EXPECT_EQ(arguments.verb, "undo");
    EXPECT_THAT(arguments.words, ElementsAre("RUN"));
    EXPECT_EQ(arguments.key, "{\"pk\":{\"S\":\"a=b\"}}");
    EXPECT_EQ(parse_arguments(words({"journal", "show", "--limit=7"})).limit, 7U);
}

TEST(FarWords, RefusesWhatMakesNoSenseThere) {
    for (const char* option :
         {"--schema=s", "--endpoint=http://x", "--crypto=a:b", "--journal=s3://elsewhere"}) {
        EXPECT_THROW(words({"up", option}), base::Error) << option;
    }
    EXPECT_THROW(words({"undo", "RUN", "--keys=f"}), base::Error);
    EXPECT_THROW(words({"status", "--watch"}), base::Error);
}

TEST(FarWords, AFunctionChecksWhatItIsSent) {
    for (const char* option :
         {"--journal=none", "--config=x", "--aws-profile=p", "--retry-failed"}) {
        EXPECT_THROW(check_far_words(parse_arguments({"up", option})), base::Error) << option;
    }
    EXPECT_THROW(check_far_words(parse_arguments({"undo", "RUN", "--keys=f"})), base::Error);
    EXPECT_THROW(check_far_words(parse_arguments({"serve"})), base::Error);
    EXPECT_NO_THROW(check_far_words(parse_arguments({"up", "1.0.0", "--table=t", "--dry"})));
}

TEST(FarWords, OnlyWhatGoesOnIsSentAgain) {
    const auto again = [](const std::vector<std::string>& typed) {
        return may_be_sent_again(parse_arguments(typed));
    };
    for (const char* verb :
         {"up", "down", "1.0.0", "cleanup", "retry-failed", "status", "journal"}) {
        EXPECT_TRUE(again({verb})) << verb;
    }
    EXPECT_TRUE(again({"journal", "verify"}));
    EXPECT_FALSE(again({"journal", "purge", "RUN"}));
    for (const char* verb :
         {"unlock", "repair", "adopt", "undo", "pause", "rate", "abort", "mark"}) {
        EXPECT_FALSE(again({verb})) << verb;
    }
}

TEST(FarWords, JournalsAreShownUnlessSaidOtherwise) {
    EXPECT_TRUE(only_reads(parse_arguments({"journal"})));
    EXPECT_TRUE(only_reads(parse_arguments({"journal", "show", "RUN"})));
    EXPECT_FALSE(only_reads(parse_arguments({"journal", "purge"})));
    EXPECT_FALSE(only_reads(parse_arguments({"up"})));
}

TEST(FarWords, KnowsWhatStaysHere) {
    EXPECT_TRUE(is_local_verb("generate"));
    EXPECT_TRUE(is_local_verb("deploy"));
    EXPECT_FALSE(is_local_verb("up"));
    EXPECT_FALSE(is_local_verb(""));
}

}  // namespace
}  // namespace dynamigrate::cli
