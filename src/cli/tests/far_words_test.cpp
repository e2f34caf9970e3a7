#include "../far_command.hpp"

#include <dynamigrate/base/error.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> words(const std::vector<std::string>& typed) {
    return words_for_lambda(parse_arguments(typed));
}

TEST(FarCommand, TakesAlongWhatTheFunctionNeeds) {
    EXPECT_THAT(words({"--arn", "f", "up", "1.2.0", "--yes", "--max-wcu=40%", "--lanes", "3"}),
                ElementsAre("up", "--yes", "--lanes=3", "--max-wcu=40%", "--", "1.2.0"));
    EXPECT_THAT(words({"cleanup", "--arn=f", "--table=app"}),
                ElementsAre("--table=app", "--", "cleanup"));
}

TEST(FarCommand, KeepsWhatIsOfThisMachine) {
    EXPECT_THAT(words({"status", "--arn=f", "--config=x", "--dir=y", "--aws-access-key=k",
                       "--aws-secret-key=s", "--aws-region=r", "--lambda-endpoint=http://l",
                       "--no-color", "--debug"}),
                ElementsAre("status", "--"));
}

TEST(FarCommand, WhatItTakesAlongIsReadTheSame) {
    const Arguments arguments =
        parse_arguments(words({"undo", "RUN", "--key={\"pk\":{\"S\":\"a=b\"}}", "--limit=7"}));
    EXPECT_EQ(arguments.verb, "undo");
    EXPECT_THAT(arguments.words, ElementsAre("RUN"));
    EXPECT_EQ(arguments.key, "{\"pk\":{\"S\":\"a=b\"}}");
    EXPECT_EQ(arguments.limit, 7U);
}

TEST(FarCommand, RefusesWhatMakesNoSenseThere) {
    for (const char* option : {"--keys=f", "--schema=s", "--endpoint=http://x", "--crypto=a:b"}) {
        EXPECT_THROW(words({"up", option}), base::Error) << option;
    }
}

TEST(FarCommand, KnowsWhatStaysHere) {
    EXPECT_TRUE(is_local_verb("generate"));
    EXPECT_TRUE(is_local_verb("deploy"));
    EXPECT_FALSE(is_local_verb("up"));
    EXPECT_FALSE(is_local_verb(""));
}

}  // namespace
}  // namespace dynamigrate::cli
