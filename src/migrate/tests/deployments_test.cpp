#include "fixtures.hpp"

#include <dynamigrate/migrate/deployments.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::ElementsAre;
using testing::error_of;
using testing::Project;

Deployment made(const std::string& request, const std::string& began_at) {
    Deployment deployment;
    deployment.request = request;
    deployment.stack = "stack-1";
    deployment.resource = "Migrations";
    deployment.began_at = began_at;
    return deployment;
}

struct DeploymentRecords : ::testing::Test {
    Project project;
    Deployments deployments{project.world(), project.settings};

    DeploymentRecords() { project.migrator().init(); }
};

TEST_F(DeploymentRecords, AreReadAsTheyWereWritten) {
    Deployment written = made("r1", "2026-01-01T00:00:00.000Z");
    written.digest = "d";
    written.execution = "arn:deployment";
    written.is_rollback = true;
    written.begun = {"1.0.0", "1.1.0"};
    written.done = {"1.0.0"};
    written.current = "1.1.0";
    written.current_execution = "arn:e";
    written.current_since = "2026-01-01T00:01:00.000Z";
    written.paused = "r7";
    written.paused_at = 3;
    written.outcome = "failed";
    written.reason = "why";
    written.answer = "{}";
    deployments.save(written);
    const auto read = deployments.find("r1");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->stack, "stack-1");
    EXPECT_EQ(read->digest, "d");
    EXPECT_EQ(read->execution, "arn:deployment");
    EXPECT_TRUE(read->is_rollback);
    EXPECT_THAT(read->begun, ElementsAre("1.0.0", "1.1.0"));
    EXPECT_THAT(read->done, ElementsAre("1.0.0"));
    EXPECT_EQ(read->current, "1.1.0");
    EXPECT_EQ(read->current_execution, "arn:e");
    EXPECT_EQ(read->current_since, "2026-01-01T00:01:00.000Z");
    EXPECT_EQ(read->paused, "r7");
    EXPECT_EQ(read->paused_at, 3u);
    EXPECT_EQ(read->resource, "Migrations");
    EXPECT_EQ(read->outcome, "failed");
    EXPECT_EQ(read->reason, "why");
    EXPECT_EQ(read->answer, "{}");
    EXPECT_EQ(read->revision, 1u);
    EXPECT_TRUE(read->has_ended());
}

TEST_F(DeploymentRecords, OfAnotherRequestAreNone) { EXPECT_FALSE(deployments.find("r2")); }

TEST_F(DeploymentRecords, AreNotWrittenOverWhenSomebodyElseChangedThem) {
    Deployment first = made("r1", "2026-01-01T00:00:00.000Z");
    deployments.save(first);
    Deployment second = *deployments.find("r1");
    first.outcome = "succeeded";
    deployments.save(first);
    second.outcome = "failed";
    EXPECT_EQ(error_of([&] { deployments.save(second); }).kind(), ErrorKind::aborted);
    EXPECT_EQ(deployments.find("r1")->outcome, "succeeded");
}

TEST_F(DeploymentRecords, OfAStacksResourceAreInTheOrderInWhichTheyBegan) {
    Deployment later = made("a", "2026-01-02T00:00:00.000Z");
    Deployment earlier = made("b", "2026-01-01T00:00:00.000Z");
    Deployment other = made("c", "2026-01-01T00:00:00.000Z");
    other.stack = "stack-2";
    Deployment beside = made("d", "2026-01-01T00:00:00.000Z");
    beside.resource = "OtherMigrations";
    for (Deployment* one : {&later, &earlier, &other, &beside}) {
        deployments.save(*one);
    }
    std::vector<std::string> requests;
    for (const Deployment& one : deployments.of_resource("stack-1", "Migrations")) {
        requests.push_back(one.request);
    }
    EXPECT_THAT(requests, ElementsAre("b", "a"));
}

}  // namespace
}  // namespace dynamigrate::migrate
