#include "../run_records.hpp"
#include "fixtures.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/testing/cut_services.hpp>
#include <dynamigrate/expressions/testing/failing_service.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>

namespace dynamigrate::migrate {
namespace {

using dynamodb::testing::DyingService;
using testing::dead_identity;
using ::testing::ElementsAre;
using testing::error_of;
using testing::fake_step;
using testing::FakeStep;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kLease;
using testing::Project;
using testing::simple;
using ::testing::UnorderedElementsAre;

base::Error broken() { return base::Error(base::ErrorKind::failed_precondition, "it broke"); }

std::vector<std::string> ids(const std::vector<HistoryRow>& rows) {
    std::vector<std::string> ids;
    for (const HistoryRow& row : rows) {
        ids.push_back(row.id + " " + std::string(to_string(row.status)));
    }
    return ids;
}

TEST(Migrator, AppliesAllInOrderAndKeepsTheHistory) {
    Project project;
    project.registry.add(simple("1.1.0"));
    project.registry.add(simple("1.0.0"));
    project.settings.tool_version = "0.1.0";
    Migrator migrator = project.migrator();
    EXPECT_EQ(migrator.current_version(), "0.0.0");
    EXPECT_EQ(project.memory.request_count("CreateTable"), 0);
    RunResult result = project.up();
    EXPECT_FALSE(result.interrupted);
    EXPECT_THAT(ids(result.rows), ElementsAre("1.0.0 applied", "1.1.0 applied"));
    EXPECT_EQ(migrator.current_version(), "1.1.0");
    EXPECT_THAT(migrator.outstanding(), IsEmpty());
    EXPECT_THAT(ids(migrator.history()), ElementsAre("1.0.0 applied", "1.1.0 applied"));
    HistoryRow row = migrator.applied()[0];
    EXPECT_EQ(row.action, "up");
    EXPECT_EQ(row.by, project.identity.user + "@" + project.identity.host);
    EXPECT_EQ(row.tool_version, "0.1.0");
    EXPECT_EQ(row.checksum, project.registry.find("1.0.0")->checksum());
    EXPECT_THAT(row.journal, HasSubstr(row.run));
    EXPECT_EQ(row.attempt, 1u);
    EXPECT_EQ(row.steps_done, 1u);
    EXPECT_FALSE(migrator.lock_owner());
    EXPECT_THAT(project.listener.lines,
                ElementsAre("begin up 1.0.0", "step step of 1.0.0", "end applied", "begin up 1.1.0",
                            "step step of 1.1.0", "end applied"));
}

TEST(Migrator, HasNothingToDoForAnEmptyPlan) {
    Project project;
    EXPECT_TRUE(project.migrator().run({}, project.listener, {}, {}).rows.empty());
    EXPECT_EQ(project.memory.request_count(), 0);
}

TEST(Migrator, GivesStepsWhatTheyNeed) {
    Project project;
    project.settings.tables = {{"app", "shop-prod"}};
    project.settings.backfill.max_wcu = 40;
    layers::Pace pace(project.clock, {});
    StepRun seen;
    std::string table;
    project.registry.add(Migration("1.0.0").step(fake_step("a", [&](const StepRun& run) {
        seen = run;
        table = run.table("app") + " " + run.table("") + " " + run.table("other");
        run.set_pace(10, 50);
        run.tell("at work");
        return StepResult{};
    })));
    World world = project.world();
    world.pace = &pace;
    Migrator migrator(project.registry, project.settings, world);
    HistoryRow row = migrator.run(migrator.plan_up({}, true), project.listener, {}, {}).rows.at(0);
    EXPECT_EQ(table, "shop-prod shop-prod other");
    EXPECT_EQ(seen.run, row.run);
    EXPECT_EQ(seen.started_at, row.started_at);
    EXPECT_EQ(seen.surroundings.fence, row.fence);
    EXPECT_EQ(pace.limits().read_units_per_second, 10);
    EXPECT_EQ(pace.limits().write_units_per_second, 40);
    EXPECT_THAT(project.listener.lines, ::testing::Contains("at work"));
}

TEST(Migrator, RecordsAFailureWhichNeverCountsAsCurrent) {
    Project project;
    bool breaks = true;
    int first_step_runs = 0;
    project.registry.add(simple("1.0.0"));
    project.registry.add(Migration("1.1.0")
                             .step(fake_step("a",
                                             [&](const StepRun&) {
                                                 ++first_step_runs;
                                                 return StepResult{};
                                             }))
                             .step(fake_step("b", [&](const StepRun&) {
                                 return breaks ? throw broken() : StepResult{};
                             })));
    auto error = error_of([&] { project.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("migration 1.1.0, step 2 (b)"));
    EXPECT_THAT(error.what(), HasSubstr("it broke"));
    Migrator migrator = project.migrator();
    EXPECT_EQ(migrator.current_version(), "1.0.0");
    EXPECT_THAT(ids(migrator.history()), ElementsAre("1.0.0 applied", "1.1.0 failed"));
    EXPECT_THAT(migrator.history()[1].error, HasSubstr("it broke"));
    EXPECT_FALSE(migrator.lock_owner());
    ASSERT_EQ(migrator.unfinished().size(), 1u);
    EXPECT_TRUE(migrator.unfinished()[0].owner_is_dead);

    breaks = false;
    RunResult result = project.up();
    EXPECT_EQ(first_step_runs, 1);
    ASSERT_EQ(result.rows.size(), 1u);
    EXPECT_EQ(result.rows[0].attempt, 2u);
    EXPECT_EQ(result.rows[0].error, "");
    EXPECT_EQ(migrator.current_version(), "1.1.0");
    EXPECT_THAT(ids(migrator.history()), ElementsAre("1.0.0 applied", "1.1.0 applied"));
}

TEST(Migrator, EndsGracefullyAndResumes) {
    Project project;
    std::stop_source stop;
    int runs = 0;
    project.registry.add(Migration("1.0.0").step(fake_step("a", [&](const StepRun& run) {
        StepResult result;
        result.counts.changed = 10 * ++runs;
        if (runs == 1) {
            stop.request_stop();
            EXPECT_TRUE(run.stop.stop_requested());
            EXPECT_FALSE(run.stop_now.stop_requested());
            result.stopped = true;
        }
        return result;
    })));
    project.registry.add(simple("1.1.0"));
    Migrator migrator = project.migrator();
    RunResult result =
        migrator.run(migrator.plan_up({}, true), project.listener, stop.get_token(), {});
    EXPECT_TRUE(result.interrupted);
    EXPECT_EQ(result.resume_command, "dynamigrate resume");
    EXPECT_THAT(ids(migrator.history()), ElementsAre("1.0.0 running"));
    EXPECT_TRUE(migrator.history()[0].interrupted);
    EXPECT_EQ(migrator.history()[0].counts.changed, 10u);
    EXPECT_EQ(migrator.current_version(), "0.0.0");

    result = migrator.resume("", project.listener, {}, {});
    ASSERT_THAT(ids(result.rows), ElementsAre("1.0.0 applied"));
    EXPECT_EQ(result.rows[0].counts.changed, 20u);
    EXPECT_FALSE(result.rows[0].interrupted);
    EXPECT_EQ(error_of([&] { migrator.resume("", project.listener, {}, {}); }).kind(),
              base::ErrorKind::not_found);
}

TEST(Migrator, TreatsACancelledStepAsInterrupted) {
    Project project;
    std::stop_source stop_now;
    project.registry.add(Migration("1.0.0").step(fake_step("a", [&](const StepRun& run) {
        stop_now.request_stop();
        base::throw_if_stopped(run.stop_now);
        return StepResult{};
    })));
    Migrator migrator = project.migrator();
    RunResult result =
        migrator.run(migrator.plan_up({}, true), project.listener, {}, stop_now.get_token());
    EXPECT_TRUE(result.interrupted);
    EXPECT_THAT(ids(migrator.history()), ElementsAre("1.0.0 running"));
}

TEST(Migrator, RollsBackAndAppliesAgain) {
    Project project;
    std::vector<std::string> done;
    auto step = [&](const std::string& name) {
        auto made = std::make_shared<FakeStep>(name, [&done, name](const StepRun&) {
            done.push_back(name);
            return StepResult{};
        });
        made->undo = [&done, name](const StepRun&) {
            done.push_back("undo " + name);
            return StepResult{};
        };
        return made;
    };
    project.registry.add(Migration("1.0.0").step(step("a")).step(step("b")).down_auto());
    project.up();
    Migrator migrator = project.migrator();
    auto plan = migrator.plan_down({});
    ASSERT_EQ(plan.size(), 1u);
    EXPECT_THAT(plan[0].lines, ElementsAre("inverse of b", "inverse of a"));
    RunResult result = migrator.run(plan, project.listener, {}, {});
    EXPECT_THAT(ids(result.rows), ElementsAre("1.0.0 rolled_back"));
    EXPECT_EQ(result.rows[0].action, "down");
    EXPECT_THAT(done, ElementsAre("a", "b", "undo b", "undo a"));
    EXPECT_EQ(migrator.current_version(), "0.0.0");
    EXPECT_EQ(migrator.outstanding().size(), 1u);
    project.up();
    EXPECT_EQ(migrator.current_version(), "1.0.0");
    EXPECT_EQ(migrator.history().size(), 3u);
}

TEST(Migrator, ContinuesAFailedRollback) {
    Project project;
    bool breaks = true;
    int first = 0;
    Migration migration("1.0.0");
    migration.step(fake_step("a")).down();
    migration.step(fake_step("x", [&](const StepRun&) {
        ++first;
        return StepResult{};
    }));
    migration.step(
        fake_step("y", [&](const StepRun&) { return breaks ? throw broken() : StepResult{}; }));
    project.registry.add(migration);
    project.up();
    Migrator migrator = project.migrator();
    error_of([&] { migrator.run(migrator.plan_down({}), project.listener, {}, {}); });
    EXPECT_EQ(migrator.current_version(), "0.0.0");
    breaks = false;
    RunResult result = migrator.resume("", project.listener, {}, {});
    EXPECT_THAT(ids(result.rows), ElementsAre("1.0.0 rolled_back"));
    EXPECT_EQ(first, 1);
}

TEST(Migrator, CountsAllVersionsAsAppliedAfterAReset) {
    Project project;
    project.registry.add(simple("1.0.0"));
    project.registry.add(simple("1.1.0"));
    project.registry.add(simple("reset"));
    project.registry.add(simple("cleanup"));
    Migrator migrator = project.migrator();
    migrator.run(migrator.plan_reset(), project.listener, {}, {});
    EXPECT_EQ(migrator.current_version(), "1.1.0");
    EXPECT_THAT(ids(migrator.applied()),
                ElementsAre("1.0.0 applied", "1.1.0 applied", "reset applied"));
    EXPECT_THAT(migrator.outstanding(), IsEmpty());
}

TEST(Migrator, RepeatsTheLastAndRunsNamedOnes) {
    Project project;
    project.registry.add(simple("1.0.0"));
    project.registry.add(simple("cleanup"));
    project.up();
    Migrator migrator = project.migrator();
    migrator.run(migrator.plan_named("cleanup"), project.listener, {}, {});
    EXPECT_EQ(migrator.current_version(), "1.0.0");
    migrator.run(migrator.plan_repeat(), project.listener, {}, {});
    auto rows = migrator.history();
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[1].action, "named");
    EXPECT_EQ(rows[2].action, "repeat");
    EXPECT_EQ(rows[2].id, "cleanup");
}

TEST(Migrator, RefusesAPlanMadeFromAnotherHistory) {
    Project project;
    project.registry.add(simple("1.0.0"));
    Migrator migrator = project.migrator();
    auto plan = migrator.plan_up({}, true);
    project.up();
    auto error = error_of([&] { migrator.run(plan, project.listener, {}, {}); });
    EXPECT_EQ(error.kind(), base::ErrorKind::aborted);
    EXPECT_THAT(error.what(), HasSubstr("history changed"));
    EXPECT_FALSE(migrator.lock_owner());
}

TEST(Migrator, OneOfTwoRunnersWins) {
    Project project;
    std::latch began(1);
    std::latch other_failed(1);
    int runs = 0;
    project.registry.add(Migration("1.0.0").step(fake_step("a", [&](const StepRun&) {
        ++runs;
        began.count_down();
        other_failed.wait();
        return StepResult{};
    })));
    testing::RecordingListener other_listener;
    Migrator second = project.migrator();
    auto plan = second.plan_up({}, true);
    std::jthread first([&] { project.up(); });
    began.wait();
    auto error = error_of([&] { second.run(plan, other_listener, {}, {}); });
    other_failed.count_down();
    first.join();
    EXPECT_EQ(error.kind(), base::ErrorKind::aborted);
    EXPECT_THAT(error.what(), HasSubstr("locked by "));
    EXPECT_EQ(runs, 1);
    EXPECT_EQ(second.current_version(), "1.0.0");
}

TEST(Migrator, StopsWhenTheLockIsLost) {
    Project project;
    project.registry.add(Migration("1.0.0").step(fake_step("a", [&](const StepRun& run) {
        project.migrator().unlock();
        std::promise<void> stopped;
        std::stop_callback callback(run.stop_now, [&] { stopped.set_value(); });
        project.clock.beat();
        stopped.get_future().wait();
        base::throw_if_stopped(run.stop_now);
        return StepResult{};
    })));
    auto error = error_of([&] { project.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::aborted);
    EXPECT_THAT(error.what(), HasSubstr("lost the lock"));
    Migrator migrator = project.migrator();
    EXPECT_THAT(ids(migrator.history()), ElementsAre("1.0.0 running"));
    EXPECT_TRUE(migrator.unfinished().at(0).owner_is_dead);
}

TEST(Migrator, RefusesToGoOnWhereTheJournalIsNotReachable) {
    Project project;
    bool breaks = true;
    project.registry.add(Migration("1.0.0").step(fake_step("a", [&](const StepRun& run) {
        run.surroundings.records->begin_step(0, 1);
        return breaks ? throw broken() : StepResult{};
    })));
    error_of([&] { project.up(); });
    breaks = false;
    std::string where = project.migrator().history()[0].journal;
    std::filesystem::remove_all(project.settings.journal_directory);
    auto error = error_of([&] { project.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr(where));
    project.settings.force = true;
    EXPECT_THAT(ids(project.up().rows), ElementsAre("1.0.0 applied"));
}

void create_app(Project& project) {
    project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    project.memory.put("app", R"({"pk":{"S":"a"},"n":{"N":"1"}})");
}

UpdateStep raise_n() {
    UpdateStep step;
    step.table = "app";
    step.expression.text = "ADD n :one";
    auto values = std::make_shared<dynamodb::OwnedItem>();
    values->item = dynamodb::ItemBuilder(values->arena).number(":one", 1).build();
    step.expression.values = std::move(values);
    return step;
}

/// Runs the step and then says that it failed.
StepPtr failing_after(StepPtr step, bool& fails, bool is_repeatable) {
    class FailingStep final : public Step {
    public:
        FailingStep(StepPtr step, bool& fails, bool is_repeatable)
            : step_(std::move(step)),
              fails_(fails),
              is_repeatable_(is_repeatable) {}
        std::string kind() const override { return step_->kind(); }
        std::string summary() const override { return step_->summary(); }
        std::vector<std::string> tables() const override { return step_->tables(); }
        Reversal reversal() const override { return step_->reversal(); }
        bool is_repeatable() const override { return is_repeatable_; }
        StepResult run(const StepRun& run) const override {
            StepResult result = step_->run(run);
            return fails_ ? throw broken() : result;
        }

    private:
        StepPtr step_;
        bool& fails_;
        bool is_repeatable_;
    };
    return std::make_shared<FailingStep>(std::move(step), fails, is_repeatable);
}

TEST(Migrator, RefusesToRepeatWithoutAJournal) {
    Project project;
    create_app(project);
    project.settings.journal = false;
    bool fails = true;
    project.registry.add(Migration("1.0.0").step(
        failing_after(make_update(raise_n()), fails, make_update(raise_n())->is_repeatable())));
    error_of([&] { project.up(); });
    fails = false;
    auto error = error_of([&] { project.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr("--force"));
    EXPECT_THAT(error.what(), HasSubstr("step 1 (update app"));
    EXPECT_EQ(project.migrator().history()[0].attempt, 1u);
    project.settings.force = true;
    EXPECT_THAT(ids(project.up().rows), ElementsAre("1.0.0 applied"));
}

TEST(Migrator, RepeatsWithoutAJournalWhatIsIdempotent) {
    UpdateStep marked = raise_n();
    marked.options.marker = true;
    EXPECT_TRUE(make_update(marked)->is_repeatable());
    EXPECT_TRUE(make_rename_attribute("app", "a", "b", {})->is_repeatable());
    TransformStep set;
    set.transformation.set.emplace_back("a", json::parse_json(R"("free")", "set"));
    EXPECT_TRUE(make_transform(set)->is_repeatable());
    set.transformation.set.emplace_back("b", json::parse_json(R"("${a}${b}")", "set"));
    EXPECT_FALSE(make_transform(set)->is_repeatable());
    set.options.marker = true;
    EXPECT_TRUE(make_transform(set)->is_repeatable());
    TransformStep renames;
    renames.transformation.rename = {{"a", "b"}, {"b", "c"}};
    EXPECT_FALSE(make_transform(renames)->is_repeatable());

    Project project;
    project.settings.journal = false;
    bool fails = true;
    auto begin = [](const StepRun& run) {
        run.surroundings.records->begin_step(run.index, 1);
        return StepResult{};
    };
    project.registry.add(
        Migration("1.0.0").step(failing_after(fake_step("a", begin), fails, true)));
    error_of([&] { project.up(); });
    fails = false;
    EXPECT_THAT(ids(project.up().rows), ElementsAre("1.0.0 applied"));
}

TEST(Migrator, NotesThePartsOfAFailedAttempt) {
    Project project;
    create_app(project);
    bool fails = true;
    project.registry.add(
        Migration("1.0.0").step(failing_after(make_update(raise_n()), fails, false)).down_auto());
    error_of([&] { project.up(); });
    HistoryRow row = project.migrator().history()[0];
    ASSERT_EQ(row.parts.size(), 1u);
    std::filesystem::path part = std::filesystem::path(row.journal) / row.parts[0].name;
    std::string bytes = base::read_file(part);

    auto refused = [&] {
        Migrator down = project.migrator();
        return error_of([&] { down.run(down.plan_down("0.0.0"), project.listener, {}, {}); });
    };
    std::filesystem::resize_file(part, bytes.size() - 1);
    auto error = refused();
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr(row.parts[0].name));
    std::filesystem::remove(part);
    EXPECT_THAT(refused().what(), HasSubstr(row.parts[0].name));
    EXPECT_EQ(project.memory.items("app").size(), 1u);
    base::write_file_atomically(part, bytes, 0600);
    EXPECT_NE(refused().kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(project.memory.item("app", R"({"pk":{"S":"a"}})"), HasSubstr(R"("n":{"N":"1"})"));
}

TEST(Migrator, UndoesNothingAfterAStallOfALease) {
    Project project;
    create_app(project);
    project.registry.add(Migration("1.0.0").step(make_update(raise_n())).down_auto());
    project.up();
    bool stalls = true;
    project.memory.before_call = [&](const dynamodb::Call& call) {
        if (stalls && call.operation == "DescribeTimeToLive") {
            project.clock.wait(kLease, {});
        }
    };
    Migrator down = project.migrator();
    auto roll_back = [&] { down.run(down.plan_down("0.0.0"), project.listener, {}, {}); };
    auto error = error_of(roll_back);
    EXPECT_EQ(error.kind(), base::ErrorKind::aborted);
    EXPECT_THAT(error.what(), HasSubstr("lost the lock"));
    EXPECT_THAT(project.memory.item("app", R"({"pk":{"S":"a"}})"), HasSubstr(R"("n":{"N":"2"})"));
    stalls = false;
    down.unlock();
    roll_back();
    EXPECT_THAT(project.memory.item("app", R"({"pk":{"S":"a"}})"), HasSubstr(R"("n":{"N":"1"})"));
}

TEST(Migrator, NotesThePartsOfAKilledAttemptAndFencesIt) {
    Project project;
    project.identity = dead_identity();
    std::uint32_t attempt = 0;
    layers::Journal* journal = nullptr;
    base::Error late(base::ErrorKind::internal, "was not refused");
    project.registry.add(Migration("1.0.0").step(fake_step("a", [&](const StepRun& run) {
        journal = run.surroundings.journal;
        attempt = run.surroundings.attempt;
        if (attempt == 1) {
            throw std::runtime_error("killed");
        }
        late = error_of([&] { journal->create_part({run.run, 1, 0, 0, ""}); });
        if (attempt == 2) {
            journal->create_part({run.run, 2, 0, 0, ""});
            throw std::runtime_error("killed");
        }
        return StepResult{};
    })));
    EXPECT_THROW(project.up(), std::runtime_error);
    EXPECT_THROW(project.up(), std::runtime_error);
    EXPECT_EQ(attempt, 2u);
    EXPECT_EQ(late.kind(), base::ErrorKind::aborted);
    HistoryRow row = project.up().rows.at(0);
    EXPECT_EQ(attempt, 3u);
    ASSERT_EQ(row.parts.size(), 1u);
    EXPECT_EQ(row.parts[0].name, "part-000002-0000.dmj");
}

TEST(Migrator, RefusesWhatValidationFinds) {
    class WrongStep final : public Step {
    public:
        std::string kind() const override { return "wrong"; }
        std::string summary() const override { return "wrong"; }
        std::vector<std::string> tables() const override { return {}; }
        Reversal reversal() const override { return {}; }
        void validate(const std::string& place, std::vector<Finding>& findings) const override {
            findings.push_back({Finding::Severity::error, "wrong", place, "it is wrong", "fix it"});
        }
        StepResult run(const StepRun&) const override { return {}; }
    };
    Project project;
    project.registry.add(Migration("1.0.0").step(std::make_shared<WrongStep>()));
    auto error = error_of([&] { project.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
    EXPECT_THAT(error.what(), HasSubstr("it is wrong; fix it"));
    EXPECT_EQ(project.memory.request_count("CreateTable"), 0);
    EXPECT_EQ(project.migrator().validate().at(0).code, "wrong");
}

/// Three segments, each put and then recorded; what is recorded is not put again.
StepResult fill(const StepRun& run) {
    backfill::RunRecords& records = *run.surroundings.records;
    std::uint32_t total = records.total_segments(run.index).value_or(3);
    records.begin_step(run.index, total);
    std::vector<bool> done(total);
    for (const backfill::SegmentState& state : records.load_segments(run.index)) {
        done.at(state.segment) = state.is_done;
    }
    StepResult result;
    for (std::uint32_t segment = 0; segment < total; ++segment) {
        ++result.counts.changed;
        if (done[segment]) {
            continue;
        }
        base::Arena arena;
        dynamodb::ItemBuilder item(arena);
        item.string("pk", std::to_string(run.index) + "/" + std::to_string(segment));
        item.string("by", run.started_at);
        dynamodb::put_item(*run.surroundings.service, "app", item.build());
        backfill::SegmentState state;
        state.segment = segment;
        state.is_done = true;
        records.save_segment(run.index, state);
    }
    return result;
}

struct FailureCase {
    bool is_kill;  ///< else one lost answer
    bool applies_last;
    bool with_transactions;
    bool with_journal;
};

struct Broken {
    std::unique_ptr<dynamodb::Service> service;
    std::function<bool()> has_happened;
};

Broken break_at(dynamodb::Service& service, int n, const FailureCase& failure) {
    if (failure.is_kill) {
        auto killed = std::make_unique<DyingService>(service, n, failure.applies_last);
        DyingService* raw = killed.get();
        return {std::move(killed), [raw] { return raw->is_dead(); }};
    }
    auto kind =
        failure.applies_last ? expressions::Failure::lost_answer : expressions::Failure::reset;
    auto failing = std::make_unique<expressions::FailingService>(service, n, kind);
    expressions::FailingService* raw = failing.get();
    return {std::move(failing), [raw] { return raw->fired(); }};
}

class MigratorFailures : public ::testing::TestWithParam<FailureCase> {};

INSTANTIATE_TEST_SUITE_P(All, MigratorFailures,
                         ::testing::Values(FailureCase{true, true, true, true},
                                           FailureCase{true, false, false, false},
                                           FailureCase{false, true, false, false}));

void prepare(Project& project) {
    project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    Migration first("1.0.0");
    first.step(fake_step("a", fill)).step(fake_step("b", fill));
    Migration second("1.1.0");
    second.step(fake_step("c", fill));
    project.registry.add(first);
    project.registry.add(second);
    project.identity = dead_identity();
}

TEST_P(MigratorFailures, EndInTheSameStateAtWhicheverRequestTheyHappen) {
    bool has_fired = true;
    int n = 1;
    for (; has_fired && n < 200; ++n) {
        Project project(GetParam().with_transactions);
        prepare(project);
        project.settings.journal = GetParam().with_journal;
        Broken broken = break_at(project.memory, n, GetParam());
        try {
            project.up(broken.service.get());
        } catch (const base::Error&) {
            EXPECT_TRUE(broken.has_happened());
        }
        has_fired = broken.has_happened();
        project.up();
        Migrator migrator = project.migrator();
        EXPECT_THAT(ids(migrator.history()), ElementsAre("1.0.0 applied", "1.1.0 applied")) << n;
        EXPECT_THAT(migrator.unfinished(), IsEmpty()) << n;
        EXPECT_EQ(migrator.history()[0].counts.changed, 6u) << n;
        EXPECT_EQ(project.memory.items("app").size(), 6u) << n;
        EXPECT_FALSE(migrator.lock_owner() && !migrator.lock_owner()->identity.is_dead_here());
    }
    EXPECT_LT(n, 200);
    EXPECT_GT(n, 20);
}

TEST_P(MigratorFailures, OfARollbackEndInTheSameState) {
    bool has_fired = true;
    for (int n = 1; has_fired && n < 200; ++n) {
        Project project(GetParam().with_transactions);
        int undone = 0;
        auto step = std::make_shared<FakeStep>("a", fill);
        step->undo = [&undone](const StepRun&) {
            ++undone;
            return StepResult{};
        };
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        project.registry.add(Migration("1.0.0").step(step).down_auto());
        project.identity = dead_identity();
        project.settings.journal = GetParam().with_journal;
        project.up();
        Broken broken = break_at(project.memory, n, GetParam());
        try {
            Migrator down = project.migrator(broken.service.get());
            down.run(down.plan_down("0.0.0"), project.listener, {}, {});
        } catch (const base::Error&) {
            EXPECT_TRUE(broken.has_happened());
        }
        has_fired = broken.has_happened();
        Migrator down = project.migrator();
        down.run(down.plan_down("0.0.0"), project.listener, {}, {});
        EXPECT_THAT(ids(down.history()), ElementsAre("1.0.0 applied", "1.0.0 rolled_back")) << n;
        EXPECT_GE(undone, 1);
    }
}

}  // namespace
}  // namespace dynamigrate::migrate
