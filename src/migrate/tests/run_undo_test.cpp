#include "../journals.hpp"
#include "counters.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/testing/failing_service.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Project;

constexpr int kItems = 8;

struct RunUndoCase : testing::CountersCase {
    RunUndoCase() : CountersCase(kItems) {}
    UndoneRun undo(const std::string& run, const backfill::UndoSelection& selection = {}) {
        return project.migrator().undo(run, selection, project.listener, {}, {});
    }
    HistoryRow row(const std::string& run) { return project.migrator().find_run(run); }
    std::vector<std::string> applied() {
        std::vector<std::string> ids;
        for (const HistoryRow& each : project.migrator().applied()) {
            ids.push_back(each.id);
        }
        return ids;
    }
};

TEST_F(RunUndoCase, TakesAllOfARunBackAndItsMigrationCountsAsRolledBack) {
    const std::string run = project.up().rows.at(0).run;
    const UndoneRun undone = undo(run.substr(0, 8));
    EXPECT_EQ(project.memory.items("app"), before);
    EXPECT_EQ(undone.result.restored, static_cast<std::uint64_t>(kItems));
    EXPECT_EQ(undone.row.status, Status::rolled_back);
    EXPECT_EQ(undone.row.action, "undo");
    EXPECT_EQ(undone.row.undoes, run);
    EXPECT_EQ(row(run).undone, "wholly");
    EXPECT_EQ(row(run).status, Status::applied);
    EXPECT_THAT(applied(), IsEmpty());
    EXPECT_EQ(project.migrator().outstanding().size(), 1u);
    EXPECT_EQ(undo(run).result.already, static_cast<std::uint64_t>(kItems));
    project.up();
    EXPECT_THAT(applied(), ElementsAre("1.0.0"));
    EXPECT_THAT(item(3), HasSubstr(R"("N":"4")"));
}

TEST_F(RunUndoCase, OfSomeKeysLeavesTheMigrationAppliedAndSaysSo) {
    const std::string run = project.up().rows.at(0).run;
    const UndoneRun undone = undo(run, {{key(3)}, {}, {}});
    EXPECT_EQ(undone.result.restored, 1u);
    EXPECT_THAT(item(3), HasSubstr(R"("N":"3")"));
    EXPECT_THAT(item(4), HasSubstr(R"("N":"5")"));
    EXPECT_EQ(row(run).undone, "partly");
    EXPECT_EQ(undone.row.status, Status::applied);
    EXPECT_THAT(applied(), ElementsAre("1.0.0"));
    Migrator migrator = project.migrator();
    migrator.run(migrator.plan_down({}), project.listener, {}, {});
    EXPECT_EQ(project.memory.items("app"), before);
}

TEST_F(RunUndoCase, OfAKeyThatTheRunDidNotTouchChangesNothing) {
    const std::string run = project.up().rows.at(0).run;
    EXPECT_EQ(undo(run, {{R"({"pk":{"S":"other"}})"}, {}, {}}).result.selected, 0u);
    EXPECT_EQ(row(run).undone, "");
}

TEST_F(RunUndoCase, LeavesAloneWhatWasChangedSinceAndTellsIt) {
    const std::string run = project.up().rows.at(0).run;
    project.memory.put("app", R"({"pk":{"S":"7"},"n":{"N":"100"}})");
    const UndoneRun undone = undo(run);
    EXPECT_EQ(undone.result.conflicts, 1u);
    EXPECT_EQ(undone.result.restored, static_cast<std::uint64_t>(kItems - 1));
    EXPECT_THAT(project.listener.lines, Contains(HasSubstr(key(7))));
    EXPECT_EQ(row(run).undone, "partly");
    EXPECT_THAT(applied(), ElementsAre("1.0.0"));
    project.memory.put("app", R"({"pk":{"S":"7"},"n":{"N":"7"}})");
    EXPECT_EQ(undo(run).row.status, Status::rolled_back);
}

TEST_F(RunUndoCase, OfOneOfTwoRunsLeavesTheOtherStanding) {
    project.up();
    Migrator migrator = project.migrator();
    const std::string repeat =
        migrator.run(migrator.plan_repeat(), project.listener, {}, {}).rows.at(0).run;
    EXPECT_THAT(item(3), HasSubstr(R"("N":"5")"));
    EXPECT_EQ(undo(repeat).row.status, Status::applied);
    EXPECT_THAT(item(3), HasSubstr(R"("N":"4")"));
    EXPECT_THAT(applied(), ElementsAre("1.0.0"));
    migrator.run(migrator.plan_down({}), project.listener, {}, {});
    EXPECT_EQ(project.memory.items("app"), before);
}

TEST_F(RunUndoCase, OfAFailedRunEndsIt) {
    failing_id = 5;
    error_of([&] { project.up(); });
    const std::string run = project.migrator().history().at(0).run;
    EXPECT_THAT(error_of([&] { undo(run, {{key(1)}, {}, {}}); }).what(), HasSubstr("as a whole"));
    EXPECT_EQ(undo(run).row.status, Status::rolled_back);
    EXPECT_EQ(project.memory.items("app"), before);
    EXPECT_THAT(project.migrator().unfinished(), IsEmpty());
    failing_id = -1;
    project.up();
    EXPECT_THAT(item(5), HasSubstr(R"("N":"6")"));
    EXPECT_THAT(item(1), HasSubstr(R"("N":"2")"));
}

TEST_F(RunUndoCase, OfAFailedRunThatDidNotEndKeepsItFromBeingResumed) {
    failing_id = 5;
    error_of([&] { project.up(); });
    failing_id = -1;
    const std::string run = project.migrator().history().at(0).run;
    project.memory.put("app", R"({"pk":{"S":"1"},"n":{"N":"100"}})");
    EXPECT_EQ(undo(run).result.conflicts, 1u);
    EXPECT_THAT(error_of([&] { project.up(); }).what(), HasSubstr("undone in part"));
    project.settings.force = true;
    project.up();
    EXPECT_THAT(applied(), ElementsAre("1.0.0"));
}

/// A database that is gone once the first write of items was sent, which may still take effect.
class DyingAtWrite final : public dynamodb::Service {
public:
    DyingAtWrite(dynamodb::Service& inner, bool applies) : inner_(inner), applies_(applies) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        const bool is_write = call.operation == "BatchExecuteStatement";
        if (!is_dead_ && (!is_write || applies_)) {
            inner_.call(call, reply);
        }
        is_dead_ = is_dead_ || is_write;
        if (is_dead_) {
            throw base::Error(base::ErrorKind::unavailable, "killed").may_have_applied(true);
        }
    }
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    const bool applies_;
    std::atomic<bool> is_dead_{false};
};

struct CutShortCase : RunUndoCase {
    std::string cut_short(bool applies) {
        project.identity = testing::dead_identity();
        DyingAtWrite dying(project.memory, applies);
        error_of([&] { project.up(&dying); });
        project.identity = base::ProcessIdentity::of_process();
        return project.migrator().history().at(0).run;
    }
};

TEST_F(CutShortCase, IsResumedFirstWhereOnlyThatTellsWhatWasWritten) {
    const std::string run = cut_short(true);
    const auto written = project.memory.items("app");
    ASSERT_NE(written, before);
    EXPECT_THAT(error_of([&] { undo(run); }).what(), HasSubstr("finds out"));
    EXPECT_EQ(project.memory.items("app"), written);
    EXPECT_EQ(row(run).undone, "");
    project.migrator().resume(run, project.listener, {}, {});
    EXPECT_EQ(undo(run).row.status, Status::rolled_back);
    EXPECT_EQ(project.memory.items("app"), before);
}

TEST_F(CutShortCase, LeavesWhatMayNotHaveBeenWrittenWhenForced) {
    const std::string run = cut_short(true);
    const auto written = project.memory.items("app");
    project.settings.force = true;
    const UndoneRun undone = undo(run);
    EXPECT_EQ(undone.result.unsettled, static_cast<std::uint64_t>(kItems));
    EXPECT_EQ(project.memory.items("app"), written);
}

TEST_F(CutShortCase, IsUndoneAtOnceWhereNothingArrived) {
    const std::string run = cut_short(false);
    ASSERT_EQ(project.memory.items("app"), before);
    const UndoneRun undone = undo(run);
    EXPECT_EQ(undone.result.already, static_cast<std::uint64_t>(kItems));
    EXPECT_EQ(undone.row.status, Status::rolled_back);
    EXPECT_THAT(project.migrator().unfinished(), IsEmpty());
}

TEST_F(RunUndoCase, DoesNotTakeTablesBack) {
    CreateTable create;
    create.name = "more";
    create.hash = {"pk", dynamodb::AttributeType::string};
    Migration both("2.0.0", "Both");
    both.on("app").create_table(create).transform(
        [](ItemEditor& item) { item.set("m", std::int64_t{1}); });
    project.registry.add(both.down_auto());
    const std::string run = project.up().rows.at(1).run;
    EXPECT_EQ(undo(run).row.status, Status::applied);
    EXPECT_THAT(item(3), ::testing::Not(HasSubstr("\"m\"")));
    EXPECT_EQ(row(run).undone, "partly");
    EXPECT_THAT(applied(), ElementsAre("1.0.0", "2.0.0"));
}

TEST_F(RunUndoCase, RefusesWhatCannotBeUndone) {
    const std::string run = project.up().rows.at(0).run;
    EXPECT_EQ(error_of([&] { undo("nothing"); }).kind(), base::ErrorKind::not_found);
    const std::string undo_run = undo(run).row.run;
    EXPECT_THAT(error_of([&] { undo(undo_run); }).what(), HasSubstr("is itself an undo"));
    project.settings.journal = false;
    project.settings.force = true;
    const std::string bare = project.up().rows.at(0).run;
    EXPECT_THAT(error_of([&] { undo(bare); }).what(), HasSubstr("kept no journal"));
}

TEST_F(RunUndoCase, EndsInTheSameStateAtWhicheverRequestItFails) {
    const std::string run = project.up().rows.at(0).run;
    for (int n = 1;; ++n) {
        expressions::FailingService failing(project.memory, n, expressions::Failure::lost_answer);
        try {
            project.migrator(&failing).undo(run, {}, project.listener, {}, {});
        } catch (const base::Error&) {
            project.migrator().unlock();
            EXPECT_THAT(row(run).undone, ::testing::AnyOf("", "partly", "wholly"));
        }
        undo(run);
        EXPECT_EQ(project.memory.items("app"), before) << n;
        EXPECT_EQ(row(run).undone, "wholly");
        EXPECT_THAT(applied(), IsEmpty());
        if (!failing.fired()) {
            EXPECT_GT(n, 8);
            return;
        }
        for (int i = 0; i < kItems; ++i) {  // as after the run again
            project.memory.put("app", R"({"pk":{"S":")" + std::to_string(i) + R"("},"n":{"N":")" +
                                          std::to_string(i + 1) + R"("}})");
        }
    }
}

TEST_F(RunUndoCase, ReadsAndChecksTheJournalOfARun) {
    const std::string run = project.up().rows.at(0).run;
    Migrator migrator = project.migrator();
    int seen = 0;
    base::WallTime time{};
    migrator.read_journal(run, [&](const layers::JournalPage& page, const auto&, auto outcome) {
        time = page.time;
        EXPECT_EQ(outcome, layers::EntryOutcome::applied);
        return ++seen < 3;
    });
    EXPECT_EQ(seen, 3);
    EXPECT_EQ(time, project.clock.now());
    EXPECT_THAT(migrator.check_journal(run).damages, IsEmpty());
    EXPECT_EQ(migrator.check_journal(run).entries, static_cast<std::uint64_t>(kItems));
    const std::filesystem::path part =
        project.settings.journal_directory / run / row(run).parts.at(0).name;
    std::filesystem::resize_file(part, std::filesystem::file_size(part) - 3);
    const JournalCheck check = migrator.check_journal(run);
    EXPECT_THAT(check.damages, ElementsAre(HasSubstr("shortened")));
    EXPECT_THAT(check.torn, ElementsAre(row(run).parts.at(0).name));
    EXPECT_EQ(error_of([&] { undo(run); }).kind(), base::ErrorKind::failed_precondition);
}

TEST_F(RunUndoCase, PurgesJournalsOfEndedRunsOnly) {
    const std::string run = project.up().rows.at(0).run;
    Migrator migrator = project.migrator();
    EXPECT_THAT(migrator.purgeable("", project.clock.now()), IsEmpty());
    project.clock.wait(std::chrono::hours(48), {});
    failing_id = 5;
    error_of([&] { migrator.run(migrator.plan_repeat(), project.listener, {}, {}); });
    const std::string failed = migrator.history().back().run;
    EXPECT_THAT(error_of([&] { migrator.purgeable(failed, {}); }).what(),
                HasSubstr("not finished"));
    const auto old = migrator.purgeable("", project.clock.now() - std::chrono::hours(24));
    ASSERT_EQ(old.size(), 1u);
    EXPECT_EQ(old[0].row.run, run);
    EXPECT_GT(old[0].bytes, 100u);
    migrator.purge(old, project.listener, {});
    EXPECT_FALSE(std::filesystem::exists(project.settings.journal_directory / run));
    EXPECT_NE(row(run).journal_purged_at, "");
    EXPECT_THAT(error_of([&] { undo(run); }).what(), HasSubstr("was removed at"));
    EXPECT_THAT(migrator.purgeable("", {}), IsEmpty());
    EXPECT_THAT(error_of([&] { migrator.purgeable(run, {}); }).what(), HasSubstr("was removed at"));
}

TEST_F(RunUndoCase, FinishesARemovalThatWasCutShort) {
    const std::string run = project.up().rows.at(0).run;
    const std::filesystem::path journal = project.settings.journal_directory / run;
    const std::filesystem::path copy = project.directory.path() / "copy";
    std::filesystem::copy(journal, copy);
    Migrator migrator = project.migrator();
    migrator.purge(migrator.purgeable(run, {}), project.listener, {});
    std::filesystem::copy(copy, journal);
    migrator.purge(migrator.purgeable(run, {}), project.listener, {});
    EXPECT_FALSE(std::filesystem::exists(journal));
}

TEST_F(RunUndoCase, APurgeKeepsWhatWasUndoneMeanwhile) {
    const std::string run = project.up().rows.at(0).run;
    Migrator migrator = project.migrator();
    const std::vector<PurgedJournal> old = migrator.purgeable(run, {});
    undo(run);
    migrator.purge(old, project.listener, {});
    EXPECT_EQ(row(run).undone, "wholly");
    EXPECT_THAT(applied(), IsEmpty());
}

TEST_F(RunUndoCase, RemovesJournalsBeyondTheirRetentionWhenARunBegins) {
    const std::string run = project.up().rows.at(0).run;
    project.settings.journal_retention = std::chrono::hours(24);
    project.clock.wait(std::chrono::hours(48), {});
    project.registry.add(testing::simple("2.0.0"));
    project.up();
    EXPECT_NE(row(run).journal_purged_at, "");
    EXPECT_THAT(project.listener.lines, Contains(HasSubstr("removed the journal of run " + run)));
}

TEST_F(RunUndoCase, ARunStopsAtTheBytesAllowedAndGoesOnWithMore) {
    project.settings.journal_max_bytes = 10;
    const base::Error error = error_of([&] { project.up(); });
    EXPECT_THAT(error.what(), HasSubstr("max_bytes"));
    EXPECT_EQ(project.memory.items("app"), before);
    project.settings.journal_max_bytes = 1'000'000;
    project.up();
    EXPECT_THAT(item(3), HasSubstr(R"("N":"4")"));
    EXPECT_THAT(item(0), HasSubstr(R"("N":"1")"));
}

}  // namespace
}  // namespace dynamigrate::migrate
