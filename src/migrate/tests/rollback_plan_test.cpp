#include "../planner.hpp"
#include "fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using testing::fake_step;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::row_of;
using testing::simple;
using Kind = PlannedReversal::Kind;

/// 1.0.0 <- 1.1.0 <- 1.2.0 and the named "report", which needs 1.1.0; all versions are applied.
struct RollbackPlanCase : ::testing::Test {
    Registry registry;
    std::vector<HistoryRow> rows;
    PlanPolicy policy;

    RollbackPlanCase() {
        registry.add(simple("1.0.0"));
        registry.add(simple("1.1.0", {"1.0.0"}));
        registry.add(simple("1.2.0", {"1.1.0"}));
        registry.add(simple("report", {"1.1.0"}));
        for (const char* id : {"1.0.0", "1.1.0", "1.2.0"}) {
            apply(id);
        }
    }
    void apply(const char* id) { rows.push_back(row_of(*registry.find(id), Status::applied)); }
    RollbackPlan explain(const std::optional<std::string>& target) {
        HistoryView view(rows);
        return Planner(registry, view, policy).explain_down(target);
    }
    std::vector<std::string> ids(const std::optional<std::string>& target) {
        std::vector<std::string> ids;
        for (const PlannedRollback& planned : explain(target).migrations) {
            ids.push_back(planned.migration->id());
        }
        return ids;
    }
};

TEST_F(RollbackPlanCase, TellsTheOrderNewestFirst) {
    EXPECT_THAT(ids(std::nullopt), ElementsAre("1.2.0"));
    EXPECT_THAT(ids("1.0.0"), ElementsAre("1.2.0", "1.1.0"));
    EXPECT_THAT(ids("0.0.0"), ElementsAre("1.2.0", "1.1.0", "1.0.0"));
    EXPECT_TRUE(explain("0.0.0").is_possible());
    EXPECT_EQ(error_of([&] { explain("9.9.9"); }).kind(), base::ErrorKind::not_found);
}

TEST_F(RollbackPlanCase, NamesEveryAppliedDependent) {
    apply("report");
    registry.add(simple("audit", {"1.1.0"}));
    apply("audit");
    RollbackPlan plan = explain("1.0.0");
    EXPECT_FALSE(plan.is_possible());
    ASSERT_EQ(plan.migrations.size(), 2u);
    EXPECT_THAT(plan.migrations[0].refusals, IsEmpty());
    EXPECT_THAT(plan.migrations[1].refusals,
                ElementsAre("cannot roll back 1.1.0: audit, report, which depend on it, are "
                            "applied; roll those back first, or use --force"));
    auto error = error_of([&] {
        HistoryView view(rows);
        Planner(registry, view, policy).down("1.0.0");
    });
    EXPECT_THAT(error.what(), HasSubstr("audit, report, which depend on it, are applied"));
    policy.force = true;
    EXPECT_TRUE(explain("1.0.0").is_possible());
}

TEST_F(RollbackPlanCase, TellsWhatComesFromTheJournalAndWhatIsIrreversible) {
    Migration mixed("1.3.0");
    mixed.step(fake_step("create"))
        .step(fake_step("drop", {}, Reversal::Kind::impossible))
        .step(fake_step("fill", {}, Reversal::Kind::journal))
        .down_auto();
    registry.add(std::move(mixed));
    rows.push_back(row_of(*registry.find("1.3.0"), Status::applied));
    RollbackPlan plan = explain(std::nullopt);
    ASSERT_EQ(plan.migrations.size(), 1u);
    const auto& reversals = plan.migrations[0].reversals;
    ASSERT_EQ(reversals.size(), 3u);
    EXPECT_EQ(reversals[0].kind, Kind::journal);
    EXPECT_EQ(reversals[0].line, "undo fill");
    EXPECT_EQ(reversals[0].run, rows.back().run);
    EXPECT_EQ(reversals[0].journal, "/journal");
    EXPECT_EQ(reversals[1].kind, Kind::impossible);
    EXPECT_EQ(reversals[1].line, "drop");
    EXPECT_THAT(reversals[1].reason, HasSubstr("write the down steps yourself"));
    EXPECT_EQ(reversals[2].kind, Kind::inverse);
    EXPECT_FALSE(plan.is_possible());
}

TEST_F(RollbackPlanCase, TellsOfIrreversibleAndOfChangedMigrations) {
    Migration last("1.3.0");
    last.step(fake_step("a"));
    registry.add(std::move(last));
    rows.push_back(row_of(*registry.find("1.3.0"), Status::applied));
    rows.back().checksum = "another";
    RollbackPlan plan = explain(std::nullopt);
    ASSERT_EQ(plan.migrations.size(), 1u);
    EXPECT_THAT(plan.migrations[0].refusals, ElementsAre(HasSubstr("changed since")));
    ASSERT_EQ(plan.migrations[0].reversals.size(), 1u);
    EXPECT_THAT(plan.migrations[0].reversals[0].reason, HasSubstr("irreversible"));
}

TEST_F(RollbackPlanCase, NamedMigrationsNeedWhatTheyDependOn) {
    rows.erase(rows.begin() + 1, rows.end());
    HistoryView view(rows);
    auto error = error_of([&] { Planner(registry, view, policy).named("report"); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("report depends on 1.1.0, which is not applied"));
}

}  // namespace
}  // namespace dynamigrate::migrate
