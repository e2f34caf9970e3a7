#include "fixtures.hpp"

#include <dynamigrate/expressions/testing/failing_service.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace dynamigrate::migrate {
namespace {

using testing::Project;

using Items = std::map<std::string, std::string>;

constexpr const char* kVersion = "20240115";

/// A project whose layout another tool reads too.
struct SharedProject {
    Project project;
    const std::string layout;
    const std::string place = layout == "onetable" ? "app" : "their-history";

    SharedProject(const std::string& the_layout, bool with_transactions)
        : project(with_transactions),
          layout(the_layout) {
        project.settings.history_layout = layout;
        project.settings.layout_table = place;
        project.settings.backfill.lanes = 1;
        project.memory.create_table(
            "app", {{"pk", dynamodb::AttributeType::string},
                    dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::string}});
        project.memory.create_table("data", {{"pk", dynamodb::AttributeType::string}, {}});
        for (const char* key : {"a", "b", "c"}) {
            project.memory.put("data",
                               std::string(R"({"pk":{"S":")") + key + R"("},"n":{"N":"1"}})");
        }
        Migration raise(kVersion, "Raise");
        raise.on("data").transform([](ItemEditor& item) { item.set("n", item.integer("n") + 1); });
        project.registry.add(raise.down_auto());
    }
    std::string up() { return project.up().rows.at(0).run; }
    UndoneRun undo(const std::string& run, const backfill::UndoSelection& selection = {},
                   dynamodb::Service* service = nullptr) {
        return project.migrator(service).undo(run, selection, project.listener, {}, {});
    }
    Items theirs() { return project.memory.items(place); }
    /// Whether their tool takes the migration for applied.
    bool is_applied_there() {
        const Items items = theirs();
        return std::any_of(items.begin(), items.end(), [&](const auto& item) {
            return layout != "dynamorm" ||
                   item.second.find(R"("status":{"S":"applied"})") != std::string::npos;
        });
    }
    bool is_applied() { return !project.migrator().applied().empty(); }
    bool has_rows_of_others() {
        const std::vector<HistoryRow> rows = project.migrator().history();
        return std::any_of(rows.begin(), rows.end(),
                           [](const HistoryRow& row) { return row.action == "elsewhere"; });
    }
};

/// With and without transactions.
struct ForeignUndoCase : ::testing::TestWithParam<std::tuple<const char*, bool>> {
    std::unique_ptr<SharedProject> make() {
        return std::make_unique<SharedProject>(std::get<0>(GetParam()), std::get<1>(GetParam()));
    }
};

INSTANTIATE_TEST_SUITE_P(Layouts, ForeignUndoCase,
                         ::testing::Combine(::testing::Values("onetable", "drift", "dynamorm",
                                                              "functionless"),
                                            ::testing::Bool()));

TEST_P(ForeignUndoCase, TellsTheOtherToolOnceAllOfItIsBack) {
    const std::unique_ptr<SharedProject> shared = make();
    const std::string run = shared->up();
    const Items told = shared->theirs();
    ASSERT_TRUE(shared->is_applied_there());
    shared->undo(run, {{R"({"pk":{"S":"b"}})"}, {}, {}});
    EXPECT_EQ(shared->theirs(), told);
    EXPECT_TRUE(shared->is_applied());
    shared->undo(run);
    EXPECT_FALSE(shared->is_applied_there());
    EXPECT_FALSE(shared->is_applied());
    shared->up();
    EXPECT_TRUE(shared->is_applied_there());
    EXPECT_TRUE(shared->is_applied());
    EXPECT_FALSE(shared->has_rows_of_others());
}

TEST_P(ForeignUndoCase, SaysNothingThereOfARunThatWasRolledBackBefore) {
    const std::unique_ptr<SharedProject> shared = make();
    const std::string run = shared->up();
    Migrator migrator = shared->project.migrator();
    migrator.run(migrator.plan_down({}), shared->project.listener, {}, {});
    const Items told = shared->theirs();
    shared->undo(run, {{R"({"pk":{"S":"b"}})"}, {}, {}});
    EXPECT_EQ(shared->theirs(), told);
    migrator.purge(migrator.purgeable(run, {}), shared->project.listener, {});
    EXPECT_EQ(shared->theirs(), told);
    EXPECT_FALSE(shared->is_applied_there());
    EXPECT_FALSE(shared->is_applied());
    EXPECT_FALSE(shared->has_rows_of_others());
}

TEST_P(ForeignUndoCase, AgreesWithTheOtherToolAtWhicheverRequestItFails) {
    for (int n = std::get<1>(GetParam()) ? 1 : 3;; n += 4) {
        const std::unique_ptr<SharedProject> shared = make();
        const Items before = shared->project.memory.items("data");
        const std::string run = shared->up();
        expressions::FailingService failing(shared->project.memory, n,
                                            expressions::Failure::lost_answer);
        try {
            shared->undo(run, {}, &failing);
        } catch (const base::Error&) {
            shared->project.migrator().unlock();
        }
        shared->undo(run);
        EXPECT_EQ(shared->project.memory.items("data"), before) << n;
        EXPECT_FALSE(shared->is_applied()) << n;
        EXPECT_FALSE(shared->is_applied_there()) << n;
        if (!failing.fired()) {
            EXPECT_GT(n, 8);
            return;
        }
    }
}

}  // namespace
}  // namespace dynamigrate::migrate
