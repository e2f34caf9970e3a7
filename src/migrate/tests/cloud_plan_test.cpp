#include "fixtures.hpp"

#include <dynamigrate/migrate/cloud_plan.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::HasSubstr;
using testing::Project;

constexpr int kItems = 40;

StepPtr set_seen(const std::string& table, std::uint32_t passes = 1) {
    TransformStep step;
    step.table = table;
    step.transformation.set.emplace_back("seen", json::Value::boolean(true));
    step.options.passes = passes;
    return make_transform(step);
}

struct CloudPlanCase : ::testing::Test {
    Project project;
    Migration migration{"1.0.0", "see"};
    CloudTerms terms;
    std::vector<std::string> calls;

    CloudPlanCase() {
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        for (int i = 0; i < kItems; ++i) {
            project.memory.put("app", R"({"pk":{"S":"k)" + std::to_string(i) + R"("}})");
        }
        project.settings.backfill.segments = 8;
        terms.machine.function_arn = "arn:f";
        terms.machine.concurrency = 4;
    }

    CloudMigration plan() {
        PlannedMigration planned;
        planned.migration = &migration;
        planned.action = "up";
        project.memory.before_call = [this](const dynamodb::Call& call) {
            calls.emplace_back(call.operation);
        };
        return plan_cloud(planned, project.settings, project.world(), terms);
    }
};

TEST_F(CloudPlanCase, SaysWhichStepsSegmentsWorkAndWhyNotTheOthers) {
    migration.step(set_seen("app")).step(set_seen("app", 2)).step(testing::fake_step("index"));

    const CloudMigration planned = plan();

    ASSERT_EQ(planned.steps.size(), 3U);
    EXPECT_EQ(planned.steps[0].why_turns, "");
    EXPECT_EQ(planned.steps[0].segments, 8U);
    EXPECT_EQ(planned.steps[0].table, "app");
    EXPECT_THAT(planned.steps[1].why_turns, HasSubstr("several passes"));
    EXPECT_EQ(planned.steps[1].segments, 0U);
    EXPECT_NE(planned.steps[2].why_turns, "");
    EXPECT_FALSE(has_error(planned.findings));
}

TEST_F(CloudPlanCase, TakesEveryItemToChangeAndAsksForDescriptionsOnly) {
    migration.step(set_seen("app"));

    const CloudMigration planned = plan();

    EXPECT_EQ(planned.steps[0].items, kItems);
    EXPECT_EQ(planned.steps[0].write_units.value, kItems);
    EXPECT_GT(planned.cost.tables.value, 0);
    EXPECT_GT(planned.cost.total.value, planned.cost.tables.value);
    EXPECT_EQ(planned.cost.calls.value, 8 + 2);
    EXPECT_THAT(calls, ::testing::Each("DescribeTable"));
}

TEST_F(CloudPlanCase, EstimatesNothingOfATableThatIsNotThere) {
    migration.step(set_seen("later"));

    const CloudMigration planned = plan();

    EXPECT_TRUE(planned.steps[0].is_unknown);
    EXPECT_EQ(planned.steps[0].cost.seconds.value, 0);
}

TEST_F(CloudPlanCase, RefusesWhatTakesTooManyEvents) {
    migration.step(set_seen("app"));
    project.settings.backfill.segments = 1;
    terms.writes_per_second = 1e-5;

    const CloudMigration planned = plan();

    ASSERT_FALSE(planned.findings.empty());
    EXPECT_EQ(planned.findings[0].code, "too_many_events");
    EXPECT_TRUE(has_error(planned.findings));
    EXPECT_GT(planned.size.child_events, kMostEvents);
}

TEST_F(CloudPlanCase, RefusesMoreSegmentsThanCanShareAJournal) {
    migration.step(set_seen("app"));
    project.settings.backfill.segments = 32'769;
    const CloudMigration planned = plan();
    ASSERT_EQ(planned.findings.size(), 1U);
    EXPECT_EQ(planned.findings[0].code, "too_many_segments");
    EXPECT_LT(planned.size.payload_bytes, kMostPayloadBytes);
    project.settings.backfill.segments = 32'768;
    EXPECT_TRUE(plan().findings.empty());
}

TEST_F(CloudPlanCase, SaysWithWhichMigrationADeploymentIsTooLong) {
    std::vector<CloudMigration> migrations(3);
    migrations[0].cost.seconds = Estimate::exact(3000);
    migrations[1].cost.seconds = Estimate::exact(400);
    migrations[2].cost.seconds = Estimate::exact(400);

    check_deployment(migrations);

    EXPECT_TRUE(migrations[0].findings.empty());
    ASSERT_EQ(migrations[1].findings.size(), 1U);
    EXPECT_EQ(migrations[1].findings[0].code, "deployment_too_long");
    EXPECT_TRUE(migrations[2].findings.empty());
}

TEST_F(CloudPlanCase, CountsNoJournalWhereThereIsNone) {
    migration.step(set_seen("app"));
    terms.has_journal = false;
    EXPECT_EQ(plan().cost.journal.value, 0);
    terms.has_journal = true;
    EXPECT_GT(plan().cost.journal.value, 0);
}

}  // namespace
}  // namespace dynamigrate::migrate
