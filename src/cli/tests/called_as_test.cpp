#include "../called_as.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

TEST(CalledAs, KnowsTheToolByTheLinksName) {
    EXPECT_EQ(called_as("/usr/bin/dynamodb-migrate"), CalledAs::dynamodb_migrate);
    EXPECT_EQ(called_as("dynamodb-filter"), CalledAs::dynamodb_filter);
    EXPECT_EQ(called_as("/home/me/bin/onetable"), CalledAs::onetable);
    EXPECT_EQ(called_as("./dynamodb-migrate/dynamigrate"), CalledAs::dynamigrate);
    EXPECT_EQ(called_as(""), CalledAs::dynamigrate);
}

TEST(CalledAs, FilterNeedsNoCommand) {
    EXPECT_EQ(own_words(CalledAs::dynamodb_filter, {"a.gz", "f.js"}),
              (std::vector<std::string>{"filter", "a.gz", "f.js"}));
}

TEST(CalledAs, MigrateHasItsOwnCommandsOnly) {
    const std::vector<std::string> words{"--live", "scan", "eu-west-1/app", "a.js"};
    EXPECT_EQ(own_words(CalledAs::dynamodb_migrate, words), words);
    EXPECT_EQ(own_words(CalledAs::dynamodb_migrate, {"--help"}).size(), 1U);
    EXPECT_THROW(own_words(CalledAs::dynamodb_migrate, {"up"}), base::Error);
    EXPECT_THROW(own_words(CalledAs::dynamodb_migrate, {}), base::Error);
}

TEST(CalledAs, ToolsEndWithZeroOrOne) {
    EXPECT_EQ(tool_exit_code(0), 0);
    EXPECT_EQ(tool_exit_code(2), 1);
    EXPECT_EQ(tool_exit_code(6), 1);
    EXPECT_EQ(tool_exit_code(130), 130);
}

}  // namespace
}  // namespace dynamigrate::cli
