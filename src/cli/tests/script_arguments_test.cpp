#include "argument_failure.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using testing::failure;

TEST(ScriptArguments, TakeRegionAndTableFromTheFirstWord) {
    const Arguments arguments = parse_arguments({"scan", "eu-west-1/app", "fix.js"});
    EXPECT_EQ(arguments.region, "eu-west-1");
    EXPECT_EQ(arguments.table, "app");
    EXPECT_EQ(arguments.words.at(1), "fix.js");
    EXPECT_EQ(arguments.endpoint, "");
}

TEST(ScriptArguments, LocalIsAServerOnThisMachineForAnyKey) {
    const Arguments arguments = parse_arguments({"stream", "local/app", "fix.js"});
    EXPECT_EQ(arguments.endpoint, "http://localhost:4567");
    EXPECT_EQ(arguments.access_key, "fake");
    EXPECT_EQ(arguments.secret_key, "fake");
    EXPECT_EQ(parse_arguments({"scan", "local/app", "f.js", "-e", "http://x"}).endpoint,
              "http://x");
}

TEST(ScriptArguments, NothingIsWrittenUnlessLiveAndNotDry) {
    EXPECT_TRUE(parse_arguments({"scan", "a/b", "f.js"}).dry);
    EXPECT_FALSE(parse_arguments({"--live", "scan", "a/b", "f.js"}).dry);
    EXPECT_TRUE(parse_arguments({"scan", "a/b", "f.js", "--live=false"}).dry);
    const Arguments both = parse_arguments({"scan", "a/b", "f.js", "--live", "--dry"});
    EXPECT_TRUE(both.dry && both.live);
}

TEST(ScriptArguments, FlagsBeforeWordsSwallowNone) {
    const Arguments arguments = parse_arguments(
        {"--live", "--dyno", "--rate", "--concurrency", "5", "scan", "a/b", "f.js"});
    EXPECT_EQ(arguments.verb, "scan");
    EXPECT_EQ(arguments.words.at(1), "f.js");
    EXPECT_EQ(arguments.concurrency, 5U);
    EXPECT_TRUE(arguments.live && arguments.has_plain_lines && arguments.shows_rate);
}

TEST(ScriptArguments, SayWhatIsMissing) {
    EXPECT_NE(failure({"scan"}).find("must specify region/database"), std::string::npos);
    EXPECT_NE(failure({"scan", "app", "f.js"}).find("eu-west-1/app"), std::string::npos);
    EXPECT_NE(failure({"scan", "/app", "f.js"}).find("region/database"), std::string::npos);
    EXPECT_NE(failure({"scan", "a/", "f.js"}).find("region/database"), std::string::npos);
    EXPECT_NE(failure({"stream", "a/b"}).find("migration script"), std::string::npos);
    EXPECT_EQ(failure({"scan", "--help"}), "no error");
}

}  // namespace
}  // namespace dynamigrate::cli
