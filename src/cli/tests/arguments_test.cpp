#include "argument_failure.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

using testing::failure;

TEST(Arguments, TakesOptionsBeforeAndAfterTheVerb) {
    Arguments before = parse_arguments({"--dry", "--table", "app", "migrate", "up"});
    Arguments after = parse_arguments({"up", "--table=app", "--dry"});
    for (const Arguments& arguments : {before, after}) {
        EXPECT_EQ(arguments.verb, "up");
        EXPECT_EQ(arguments.table, "app");
        EXPECT_TRUE(arguments.dry);
        EXPECT_TRUE(arguments.words.empty());
    }
}

TEST(Arguments, TakesWhateverOneTablesCommandLineTakes) {
    Arguments arguments =
        parse_arguments({"migrate", "--arn", "arn:aws:lambda:x", "--aws-profile", "dev", "-s",
                         "schema.js", "-b", "minor", "generate", "migration"});
    EXPECT_EQ(arguments.arn, "arn:aws:lambda:x");
    EXPECT_EQ(arguments.aws_profile, "dev");
    EXPECT_EQ(arguments.schema, "schema.js");
    EXPECT_EQ(arguments.bump, "minor");
    EXPECT_EQ(arguments.verb, "generate");
    EXPECT_EQ(arguments.words, std::vector<std::string>{"migration"});
}

TEST(Arguments, DoesNotTakeAnOptionsValueForAVerb) {
    Arguments arguments = parse_arguments({"--bump", "2.4.3", "generate", "-e", "http://x"});
    EXPECT_EQ(arguments.verb, "generate");
    EXPECT_EQ(arguments.bump, "2.4.3");
    EXPECT_EQ(arguments.endpoint, "http://x");
}

TEST(Arguments, TakesLettersForWhatHasOne) {
    Arguments arguments = parse_arguments({"-f", "-q", "-c", "a.yaml", "-d=b", "status"});
    EXPECT_TRUE(arguments.force && arguments.quiet);
    EXPECT_EQ(arguments.config, "a.yaml");
    EXPECT_EQ(arguments.directory, "b");
    EXPECT_TRUE(parse_arguments({"-?"}).help);
    EXPECT_TRUE(parse_arguments({"-h"}).help);
}

TEST(Arguments, SwitchesTakeTrueAndFalse) {
    EXPECT_FALSE(parse_arguments({"up", "--dry", "--dry=false"}).dry);
    EXPECT_TRUE(parse_arguments({"up", "--dry=true"}).dry);
    EXPECT_EQ(failure({"--dry=no"}), "--dry takes true or false, not \"no\"");
}

TEST(Arguments, TakesASampleForADryRunOnly) {
    EXPECT_EQ(parse_arguments({"up", "--sample", "500", "--dry"}).sample, 500U);
    EXPECT_EQ(failure({"up", "--sample", "500"}), "--sample is for dry runs; give --dry too");
}

TEST(Arguments, ReadsRatesAsUnitsOrShares) {
    Arguments arguments = parse_arguments({"--max-wcu", "40%", "--max-rcu=12.5", "up"});
    EXPECT_EQ(arguments.max_wcu->percent, 40);
    EXPECT_EQ(arguments.max_rcu->units, 12.5);
    for (const char* wrong : {"0", "-1", "101%", "x", "5x", "nan", "inf"}) {
        EXPECT_NE(failure({"--max-rcu", wrong}), "no error") << wrong;
    }
}

TEST(Arguments, CountsAreWholeNumbersFromOne) {
    EXPECT_EQ(parse_arguments({"--lanes", "16"}).lanes, 16u);
    for (const char* wrong : {"0", "-1", "1.5", "x", "99999999999"}) {
        EXPECT_NE(failure({"--segments", wrong}), "no error") << wrong;
    }
}

TEST(Arguments, KeepsAVersionOrNameAsAWord) {
    EXPECT_EQ(parse_arguments({"1.2.0"}).words, std::vector<std::string>{"1.2.0"});
    EXPECT_EQ(parse_arguments({"migrate", "cleanup"}).words, std::vector<std::string>{"cleanup"});
    EXPECT_EQ(parse_arguments({"latest"}).verb, "reset");
    EXPECT_EQ(parse_arguments({"down", "1.0.0"}).words, std::vector<std::string>{"1.0.0"});
}

TEST(Arguments, WhatFollowsTwoDashesIsNoOption) {
    EXPECT_EQ(parse_arguments({"generate", "--", "--dry"}).words,
              std::vector<std::string>{"--dry"});
}

TEST(Arguments, NamesTheNearestOption) {
    EXPECT_EQ(failure({"--retry-faild"}),
              "unknown option --retry-faild; did you mean --retry-failed?");
    EXPECT_EQ(failure({"-x"}), "unknown option -x; `dynamigrate --help` lists the options");
}

TEST(Arguments, RefusesWordsThatTheVerbDoesNotTake) {
    EXPECT_EQ(failure({"list", "x"}), "`list` takes no further word, but got \"x\"");
    EXPECT_EQ(failure({"stauts", "x"}), "unknown command stauts; did you mean status?");
}

TEST(Arguments, RefusesOptionsOfOtherCommands) {
    EXPECT_EQ(failure({"status", "--nested"}), "--nested is for deploy template only");
    EXPECT_EQ(failure({"deploy", "package", "--nested"}), "--nested is for deploy template only");
    EXPECT_EQ(failure({"up", "--output", "x"}), "--output is for filter, deploy only");
    EXPECT_EQ(failure({"1.0.0", "--memory"}), "--memory is for serve only");
    EXPECT_EQ(failure({"journal", "show", "--older-than", "3d"}),
              "--older-than is for journal purge only");
    EXPECT_TRUE(parse_arguments({"deploy", "template", "--nested"}).nested);
    EXPECT_EQ(parse_arguments({"deploy", "package", "--output", "x"}).output, "x");
    EXPECT_EQ(parse_arguments({"plan", "--cloud", "--concurrency", "3"}).concurrency, 3U);
    EXPECT_EQ(parse_arguments({"plan", "2.0.0", "--cloud", "--concurrency", "3"}).concurrency, 3U);
    EXPECT_EQ(parse_arguments({"deploy", "template", "--concurrency", "3"}).concurrency, 3U);
    EXPECT_TRUE(parse_arguments({"--help", "--nested"}).help);
}

TEST(Arguments, OneTablesCommandLineTakesABumpWithAnyCommand) {
    EXPECT_EQ(parse_arguments({"status", "--bump", "minor"}).bump, "minor");
}

TEST(Arguments, NeverRepeatsASecretInAnError) {
    EXPECT_EQ(failure({"--aws-secret-key", "hush", "--nonsense-at-all"}).find("hush"),
              std::string::npos);
}

}  // namespace

}  // namespace dynamigrate::cli
