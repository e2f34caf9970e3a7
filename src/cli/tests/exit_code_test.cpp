#include "../exit_code.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

ExitCode code(ErrorKind kind, Phase phase) { return exit_code(Error(kind, "x"), phase); }

TEST(ExitCodes, WhatTheUserSetUpWrongIsUsage) {
    EXPECT_EQ(code(ErrorKind::invalid_argument, Phase::setup), ExitCode::usage);
    EXPECT_EQ(code(ErrorKind::failed_precondition, Phase::setup), ExitCode::usage);
    EXPECT_EQ(code(ErrorKind::not_found, Phase::loading), ExitCode::usage);
    EXPECT_EQ(code(ErrorKind::not_found, Phase::deciding), ExitCode::usage);
}

TEST(ExitCodes, WrongMigrationsAreInvalid) {
    EXPECT_EQ(code(ErrorKind::invalid_argument, Phase::loading), ExitCode::invalid);
    EXPECT_EQ(code(ErrorKind::already_exists, Phase::loading), ExitCode::invalid);
    EXPECT_EQ(code(ErrorKind::invalid_argument, Phase::deciding), ExitCode::invalid);
}

TEST(ExitCodes, AGuardRefusesOnlyBeforeAMigrationBegins) {
    EXPECT_EQ(code(ErrorKind::failed_precondition, Phase::deciding), ExitCode::refused);
    EXPECT_EQ(code(ErrorKind::failed_precondition, Phase::running), ExitCode::failed);
}

TEST(ExitCodes, AnotherRunnerLocks) {
    EXPECT_EQ(code(ErrorKind::aborted, Phase::deciding), ExitCode::locked);
    EXPECT_EQ(code(ErrorKind::aborted, Phase::running), ExitCode::locked);
}

TEST(ExitCodes, AStopIsAnInterruptionInEveryPhase) {
    for (Phase phase : {Phase::setup, Phase::loading, Phase::deciding, Phase::running}) {
        EXPECT_EQ(code(ErrorKind::cancelled, phase), ExitCode::interrupted);
    }
}

TEST(ExitCodes, EverythingElseFails) {
    EXPECT_EQ(code(ErrorKind::unavailable, Phase::deciding), ExitCode::failed);
    EXPECT_EQ(code(ErrorKind::already_exists, Phase::setup), ExitCode::failed);
    EXPECT_EQ(code(ErrorKind::internal, Phase::running), ExitCode::failed);
}

}  // namespace

}  // namespace dynamigrate::cli
