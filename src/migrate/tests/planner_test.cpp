#include "../planner.hpp"
#include "../rollback.hpp"
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

/// A registry and rows, from which plans are written as "action id".
struct Case {
    Registry registry;
    std::vector<HistoryRow> rows;
    PlanPolicy policy;

    explicit Case(const std::vector<std::string>& ids) {
        for (const std::string& id : ids) {
            registry.add(simple(id));
        }
    }
    Case& row(const std::string& id, Status status, const std::string& action = "up") {
        rows.push_back(row_of(*registry.find(id), status, action));
        return *this;
    }
    Case& applied(const std::vector<std::string>& ids) {
        for (const std::string& id : ids) {
            row(id, Status::applied);
        }
        return *this;
    }

    template <class Function>
    std::vector<std::string> plan(Function&& function) const {
        HistoryView view(rows);
        Planner planner(registry, view, policy);
        std::vector<std::string> lines;
        for (const PlannedMigration& planned : function(planner)) {
            lines.push_back(planned.action + (planned.rolls_back ? "- " : " ") +
                            planned.migration->id());
        }
        return lines;
    }
    std::vector<std::string> up(std::optional<std::string> target = {}, bool all = false) const {
        return plan([&](const Planner& planner) { return planner.up(target, all); });
    }
    std::vector<std::string> down(std::optional<std::string> target = {}) const {
        return plan([&](const Planner& planner) { return planner.down(target); });
    }
    std::vector<std::string> to(const std::string& version) const {
        return plan([&](const Planner& planner) { return planner.to(version); });
    }
};

TEST(PlanUp, TakesTheNextAllOrAllUpToTheTarget) {
    Case c({"1.0.0", "1.1.0", "1.2.0", "1.10.0", "cleanup"});
    c.applied({"1.0.0"});
    EXPECT_THAT(c.up(), ElementsAre("up 1.1.0"));
    EXPECT_THAT(c.up({}, true), ElementsAre("up 1.1.0", "up 1.2.0", "up 1.10.0"));
    EXPECT_THAT(c.up("1.2.0"), ElementsAre("up 1.1.0", "up 1.2.0"));
    EXPECT_THAT(c.up("1.0.0"), IsEmpty());
    auto error = error_of([&] { c.up("9.0.0"); });
    EXPECT_EQ(error.kind(), base::ErrorKind::not_found);
    EXPECT_EQ(error.message(),
              "Cannot find migration 9.0.0 in outstanding migrations: 1.1.0, 1.2.0, 1.10.0");
}

TEST(PlanUp, HasNothingToDoWhenAllIsApplied) {
    Case c({"1.0.0"});
    c.applied({"1.0.0"});
    EXPECT_THAT(c.up(), IsEmpty());
}

TEST(PlanUp, TreatsAnOutOfOrderVersionByPolicy) {
    Case c({"1.0.0", "1.0.5", "1.1.0", "1.2.0"});
    c.applied({"1.0.0", "1.1.0"});
    auto error = error_of([&] { c.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("1.0.5"));
    EXPECT_THAT(error.what(), HasSubstr("out_of_order: allow"));
    c.policy.out_of_order = OutOfOrder::allow;
    EXPECT_THAT(c.up({}, true), ElementsAre("up 1.0.5", "up 1.2.0"));
    c.policy.out_of_order = OutOfOrder::ignore;
    EXPECT_THAT(c.up({}, true), ElementsAre("up 1.2.0"));
}

TEST(PlanUp, PutsDependenciesFirstAndDoesNotCallThatOutOfOrder) {
    Case c({});
    c.registry.add(simple("1.0.0", {"1.2.0"}));
    c.registry.add(simple("1.1.0"));
    c.registry.add(simple("1.2.0"));
    EXPECT_THAT(c.up({}, true), ElementsAre("up 1.1.0", "up 1.2.0", "up 1.0.0"));
    EXPECT_THAT(c.up("1.0.0"), ElementsAre("up 1.2.0", "up 1.0.0"));
    c.applied({"1.1.0"});
    c.policy.out_of_order = OutOfOrder::ignore;
    EXPECT_THAT(c.up({}, true), ElementsAre("up 1.2.0"));
    Case after({});
    after.registry.add(simple("1.0.0", {"1.2.0"}));
    after.registry.add(simple("1.2.0"));
    after.applied({"1.2.0"});
    EXPECT_THAT(after.up(), ElementsAre("up 1.0.0"));
}

TEST(PlanUp, WantsANamedDependencyToBeRunByItsName) {
    Case c({"cleanup"});
    c.registry.add(simple("1.0.0", {"cleanup"}));
    EXPECT_THAT(error_of([&] { c.up(); }).what(), HasSubstr("`dynamigrate cleanup`"));
    c.row("cleanup", Status::applied, "named");
    EXPECT_THAT(c.up(), ElementsAre("up 1.0.0"));
}

TEST(PlanUp, IsBlockedByAChangedAppliedMigration) {
    Case c({"1.0.0", "1.1.0"});
    c.applied({"1.0.0"});
    c.rows[0].checksum = "other";
    auto error = error_of([&] { c.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("1.0.0 changed"));
    c.policy.force = true;
    EXPECT_THAT(c.up(), ElementsAre("up 1.1.0"));
}

TEST(PlanUp, ContinuesWhatFailedOrWasInterrupted) {
    for (Status status : {Status::running, Status::failed}) {
        Case c({"1.0.0", "1.1.0"});
        c.row("1.0.0", status);
        EXPECT_THAT(c.up({}, true), ElementsAre("resume 1.0.0", "up 1.1.0"));
        HistoryView view(c.rows);
        EXPECT_EQ(Planner(c.registry, view, {}).up({}, false)[0].resumed_run, c.rows[0].run);
    }
}

TEST(PlanUp, DoesNotContinueAChangedMigration) {
    Case c({"1.0.0"});
    c.row("1.0.0", Status::failed);
    c.rows[0].checksum = "other";
    EXPECT_EQ(error_of([&] { c.up(); }).kind(), base::ErrorKind::failed_precondition);
    c.policy.force = true;
    EXPECT_THAT(c.up(), ElementsAre("resume 1.0.0"));
}

TEST(PlanUp, WantsARollbackToBeEndedFirst) {
    Case c({"1.0.0", "1.1.0"});
    c.applied({"1.0.0", "1.1.0"}).row("1.1.0", Status::failed, "down");
    EXPECT_THAT(error_of([&] { c.up(); }).what(),
                HasSubstr("`dynamigrate resume " + c.rows.back().run + "`"));
}

TEST(PlanUp, RefusesABrokenRegistry) {
    Case c({});
    c.registry.add(simple("1.0.0", {"0.9.0"}));
    EXPECT_EQ(error_of([&] { c.up(); }).kind(), base::ErrorKind::invalid_argument);
}

TEST(PlanDown, TakesTheHighestAppliedVersionNotTheLatest) {
    Case c({"1.0.0", "1.1.0", "cleanup"});
    c.applied({"1.1.0", "1.0.0"}).row("cleanup", Status::applied, "named");
    EXPECT_THAT(c.down(), ElementsAre("down- 1.1.0"));
    EXPECT_THAT(c.down("0.0.0"), ElementsAre("down- 1.1.0", "down- 1.0.0"));
    EXPECT_THAT(c.down("1.0.0"), ElementsAre("down- 1.1.0"));
    EXPECT_THAT(error_of([&] { c.down("0.9.0"); }).what(), HasSubstr("1.0.0, 1.1.0"));
}

TEST(PlanDown, HasNothingToDoWhenNothingIsApplied) {
    Case c({"1.0.0"});
    EXPECT_THAT(c.down(), IsEmpty());
    c.applied({"1.0.0"}).row("1.0.0", Status::rolled_back, "down");
    EXPECT_THAT(c.down(), IsEmpty());
}

TEST(PlanDown, UndoesWhatWasOnlyBegun) {
    Case c({"1.0.0", "1.1.0"});
    c.applied({"1.0.0"}).row("1.1.0", Status::failed);
    EXPECT_THAT(c.down(), ElementsAre("down- 1.1.0"));
}

TEST(PlanDown, ContinuesARollback) {
    Case c({"1.0.0"});
    c.applied({"1.0.0"}).row("1.0.0", Status::rolling_back, "down");
    EXPECT_THAT(c.down(), ElementsAre("resume- 1.0.0"));
}

TEST(PlanDown, RefusesWhileADependentIsApplied) {
    Case c({"1.1.0"});
    c.registry.add(simple("1.0.0", {"1.1.0"}));
    c.registry.add(simple("cleanup", {"1.1.0"}));
    c.applied({"1.1.0"}).row("cleanup", Status::applied, "named");
    EXPECT_THAT(error_of([&] { c.down(); }).what(), HasSubstr("cleanup, which depends on it"));
    c.policy.force = true;
    EXPECT_THAT(c.down(), ElementsAre("down- 1.1.0"));
}

TEST(PlanDown, RefusesAMissingFileAndAChangedOne) {
    Case c({"1.0.0"});
    c.applied({"1.0.0"});
    Case without({});
    without.rows = c.rows;
    EXPECT_THAT(error_of([&] { without.down(); }).what(),
                HasSubstr("Cannot find migration \"1.0.0\""));
    c.rows[0].checksum = "other";
    EXPECT_THAT(error_of([&] { c.down(); }).what(), HasSubstr("changed since it was applied"));
}

TEST(PlanTo, GoesUpOrDown) {
    Case c({"1.0.0", "1.1.0", "1.2.0"});
    c.applied({"1.0.0", "1.1.0"});
    EXPECT_THAT(c.to("1.2.0"), ElementsAre("up 1.2.0"));
    EXPECT_THAT(c.to("1.0.0"), ElementsAre("down- 1.1.0"));
    EXPECT_THAT(c.to("1.1.0"), IsEmpty());
    EXPECT_THAT(c.to("0.0.0"), ElementsAre("down- 1.1.0", "down- 1.0.0"));
    EXPECT_EQ(error_of([&] { c.to("3.0.0"); }).kind(), base::ErrorKind::not_found);
}

TEST(PlanOthers, NameResetRepeatAndRetry) {
    Case c({"1.0.0", "1.1.0", "1.2.0", "cleanup", "reset"});
    c.applied({"1.0.0"}).row("cleanup", Status::applied, "named");
    auto named = [](const Planner& planner) { return planner.named("cleanup"); };
    auto repeat = [](const Planner& planner) { return planner.repeat(); };
    auto reset = [](const Planner& planner) { return planner.reset(); };
    auto retry = [](const Planner& planner) { return planner.retry_failed(); };
    EXPECT_THAT(c.plan(named), ElementsAre("named cleanup"));
    EXPECT_THAT(c.plan(repeat), ElementsAre("repeat cleanup"));
    EXPECT_THAT(c.plan(reset), ElementsAre("reset reset"));
    EXPECT_THAT(c.plan(retry), IsEmpty());
    c.row("1.2.0", Status::failed).row("1.1.0", Status::failed);
    EXPECT_THAT(c.plan(retry), ElementsAre("resume 1.1.0", "resume 1.2.0"));
    EXPECT_THAT(error_of([&] {
                    c.plan([](const Planner& planner) { return planner.named("nope"); });
                }).what(),
                HasSubstr("cleanup, reset"));
    EXPECT_EQ(error_of([&] { Case({}).plan(reset); }).kind(), base::ErrorKind::not_found);
}

TEST(HistoryView, NeverCountsAFailedOrInterruptedMigrationAsCurrent) {
    Case c({"1.0.0", "1.1.0"});
    c.applied({"1.0.0"});
    for (auto [status, action] : {std::pair{Status::failed, "up"},
                                  {Status::running, "up"},
                                  {Status::failed, "repeat"},
                                  {Status::rolled_back, "down"},
                                  {Status::rolling_back, "down"}}) {
        Case d = c;
        d.applied({"1.1.0"}).row("1.1.0", status, action);
        HistoryView view(d.rows);
        EXPECT_EQ(view.current_version(), "1.0.0") << action;
        EXPECT_FALSE(view.is_applied("1.1.0"));
    }
}

std::vector<std::string> lines(const Migration& migration, const std::vector<HistoryRow>& rows) {
    HistoryView view(rows);
    std::vector<std::string> lines;
    for (const RollbackAction& action :
         plan_rollback(migration, view.standing_runs(migration.id()))) {
        lines.push_back(action.line +
                        (!action.step && action.run ? " @" + action.run->run.substr(0, 3) : ""));
    }
    return lines;
}

Migration mixed() {
    Migration migration("1.0.0");
    migration.step(fake_step("create")).step(fake_step("fill", {}, Reversal::Kind::journal));
    return migration.step(fake_step("index")).down_auto();
}

HistoryRow run_named(const std::string& run, Status status, std::uint32_t steps_done) {
    HistoryRow row = row_of(mixed(), status);
    row.run = run;
    row.steps_done = steps_done;
    return row;
}

TEST(Rollback, ReversesInReverseByInverseAndJournal) {
    EXPECT_THAT(lines(mixed(), {run_named("one", Status::applied, 3)}),
                ElementsAre("inverse of index", "undo fill @one", "inverse of create"));
}

TEST(Rollback, UndoesRepeatedRunsNewestFirstAndInvertsOnce) {
    EXPECT_THAT(
        lines(mixed(),
              {run_named("one", Status::applied, 3), run_named("two", Status::applied, 3)}),
        ElementsAre("undo fill @two", "inverse of index", "undo fill @one", "inverse of create"));
}

TEST(Rollback, DoesNotInvertAStepThatDidNotEnd) {
    EXPECT_THAT(lines(mixed(), {run_named("one", Status::failed, 0)}),
                ElementsAre("undo what was done of create @one"));
    EXPECT_THAT(lines(mixed(), {run_named("one", Status::failed, 1)}),
                ElementsAre("undo fill @one", "inverse of create"));
}

TEST(Rollback, ForgetsRunsThatWereRolledBack) {
    HistoryRow down = run_named("dwn", Status::rolled_back, 3);
    down.action = "down";
    EXPECT_THAT(lines(mixed(), {run_named("one", Status::applied, 3), down,
                                run_named("two", Status::failed, 1)}),
                ElementsAre("undo fill @two", "inverse of create"));
}

TEST(Rollback, RefusesByNameWhatCannotBeReversed) {
    Migration impossible("1.0.0");
    impossible.step(fake_step("a")).step(fake_step("drop it", {}, Reversal::Kind::impossible));
    impossible.down_auto();
    auto error = error_of([&] { lines(impossible, {run_named("one", Status::applied, 2)}); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("\"drop it\" cannot be reversed: it was made so"));
    HistoryRow without_journal = run_named("one", Status::applied, 3);
    without_journal.journal.clear();
    EXPECT_THAT(error_of([&] { lines(mixed(), {without_journal}); }).what(),
                HasSubstr("kept none"));
    Migration irreversible("1.0.0");
    irreversible.step(fake_step("a"));
    EXPECT_THAT(
        error_of([&] { lines(irreversible, {run_named("one", Status::applied, 1)}); }).what(),
        HasSubstr("irreversible"));
}

TEST(Rollback, RunsWrittenDownStepsInTheirOrder) {
    Migration written("1.0.0");
    written.step(fake_step("a")).down().step(fake_step("x")).step(fake_step("y"));
    EXPECT_THAT(lines(written, {run_named("one", Status::applied, 1)}), ElementsAre("x", "y"));
}

}  // namespace
}  // namespace dynamigrate::migrate
