#include "fleet_case.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/testing/cut_services.hpp>
#include <dynamigrate/migrate/migration_machine.hpp>
#include <dynamigrate/migrate/owed_capacity.hpp>
#include <dynamigrate/migrate/run_progress.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace dynamigrate::migrate {
namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::Throughput;
using dynamodb::testing::DyingService;
using testing::error_of;
using testing::FleetCase;
using ::testing::HasSubstr;
using testing::kDead;
using testing::kItems;
using Next = FleetTurn::Next;

struct FleetUsage : FleetCase {
    using FleetCase::FleetCase;
    Throughput capacity() { return dynamodb::describe_table(project.memory, "app")->provisioned; }
    void provision(const std::string& read, const std::string& write) {
        dynamodb::Reply reply;
        project.memory.call({"UpdateTable",
                             R"({"TableName":"app","BillingMode":"PROVISIONED",)"
                             R"("ProvisionedThroughput":{"ReadCapacityUnits":)" +
                                 read + R"(,"WriteCapacityUnits":)" + write + "}}",
                             {},
                             0},
                            reply);
    }
    void expect_capacity(double read, double write, const std::string& when = "") {
        EXPECT_EQ(capacity().read, read) << when;
        EXPECT_EQ(capacity().write, write) << when;
    }
};

TEST_F(FleetUsage, RaisesTheCapacityOfATableForItsSegmentsAndGivesItBack) {
    provision("5", "200");
    project.settings.cloud.prewarm = Throughput{100, 100};

    const FleetTurn first = turn();
    expect_capacity(100, 200);
    work(first, 0);
    EXPECT_EQ(turn().next, Next::segments);
    expect_capacity(100, 200);
    work(first, 1);
    EXPECT_EQ(turn().next, Next::done);

    expect_capacity(5, 200);
    expect_counted(1);
}

TEST_F(FleetUsage, GivesCapacityBackWhenItFailsOrIsEnded) {
    for (const bool is_interruption : {false, true}) {
        struct Here : FleetUsage {
            void TestBody() override {}
        } fleet;
        fleet.provision("5", "5");
        fleet.project.settings.cloud.prewarm = Throughput{100, 100};
        fleet.turn();
        fleet.expect_capacity(100, 100);
        fleet.fail("States.Timeout", is_interruption);
        fleet.expect_capacity(5, 5);
    }
}

TEST_F(FleetUsage, GivesCapacityBackWhenALaptopResumes) {
    provision("5", "5");
    project.settings.cloud.prewarm = Throughput{100, 100};
    turn();
    executions.running.clear();

    on_laptop([&](Migrator& migrator) { return migrator.resume("", project.listener, {}, {}); });

    expect_capacity(5, 5);
    expect_counted(1);
}

TEST_F(FleetUsage, LeavesACapacityThatSomebodySetMeanwhile) {
    provision("5", "5");
    project.settings.cloud.prewarm = Throughput{100, 100};
    const FleetTurn first = turn();
    provision("300", "300");
    work(first, 0);
    work(first, 1);
    turn();

    expect_capacity(300, 300);
}

TEST_F(FleetUsage, GoesOnWhereTheServiceKnowsNoWarming) {
    project.settings.cloud.prewarm = Throughput{50'000, 50'000};
    project.memory.before_call = [](const dynamodb::Call& call) {
        if (call.operation == "UpdateTable") {
            throw Error(ErrorKind::invalid_argument, "unknown WarmThroughput");
        }
    };
    run_to_the_end();
    expect_counted(1);
    EXPECT_THAT(project.listener.lines, ::testing::Contains(HasSubstr("WarmThroughput")));
}

/// A turn that dies at any request, before the segments and at the end.
TEST_F(FleetUsage, GivesCapacityBackWhereverATurnDies) {
    for (const bool is_last : {false, true}) {
        for (const bool is_applied : {false, true}) {
            bool has_died = true;
            int n = (is_applied ? 1 : 5) + (is_last ? 3 : 0);
            for (; has_died && n < 200; n += 11) {
                struct Here : FleetUsage {
                    void TestBody() override {}
                } fleet;
                fleet.provision("5", "5");
                fleet.project.settings.cloud.prewarm = Throughput{100, 70};
                if (is_last) {
                    const FleetTurn first = fleet.turn();
                    fleet.work(first, 0);
                    fleet.work(first, 1);
                }
                DyingService dying(fleet.project.memory, n, is_applied, kDead);
                try {
                    fleet.turn(&dying);
                } catch (const Error&) {}
                has_died = dying.is_dead();
                fleet.run_to_the_end();
                fleet.expect_capacity(5, 5, std::to_string(n));
                fleet.expect_counted(1, std::to_string(n));
            }
            EXPECT_GT(n, 10);
        }
    }
}

/// DynamoDB lowers a capacity a few times a day only.
TEST_F(FleetUsage, OwesACapacityThatCannotBeLoweredToTheNextRun) {
    provision("5", "5");
    project.settings.cloud.prewarm = Throughput{100, 100};
    const FleetTurn first = turn();
    work(first, 0);
    EXPECT_TRUE(owed_capacities(project.world(), project.settings).empty());
    work(first, 1);
    project.memory.before_call = [](const dynamodb::Call& call) {
        if (call.operation == "UpdateTable") {
            throw Error(ErrorKind::throttled, "too many decreases")
                .service_code("LimitExceededException");
        }
    };
    EXPECT_EQ(turn().next, Next::done);
    project.memory.before_call = {};
    EXPECT_EQ(row().status, Status::applied);
    expect_capacity(100, 100);
    const auto owed = owed_capacities(project.world(), project.settings);
    ASSERT_EQ(owed.size(), 1U);
    EXPECT_EQ(owed[0].run, row().run);
    EXPECT_EQ(owed[0].table, "app");
    EXPECT_THAT(owed[0].before, HasSubstr("5"));

    project.registry.add(testing::simple("2.0.0"));
    on_laptop([&](Migrator& migrator) {
        return migrator.run(migrator.plan_up({}, true), project.listener, {}, {});
    });

    expect_capacity(5, 5);
    EXPECT_TRUE(owed_capacities(project.world(), project.settings).empty());
}

TEST_F(FleetUsage, GivesCapacityBackWhenALaptopRollsItBackOrUndoesIt) {
    for (const bool is_undo : {false, true}) {
        struct Here : FleetUsage {
            void TestBody() override {}
        } fleet;
        fleet.provision("5", "5");
        fleet.project.settings.cloud.prewarm = Throughput{100, 100};
        const FleetTurn first = fleet.turn();
        fleet.work(first, 0);
        fleet.executions.running.clear();
        fleet.on_laptop([&](Migrator& migrator) {
            if (is_undo) {
                migrator.undo(first.run, {}, fleet.project.listener, {}, {});
            } else {
                migrator.run(migrator.plan_down({}), fleet.project.listener, {}, {});
            }
            return 0;
        });
        fleet.expect_capacity(5, 5, is_undo ? "undo" : "down");
        fleet.expect_counted(0);
    }
}

/// The run is done whatever becomes of the capacity.
TEST_F(FleetUsage, IsAppliedThoughItsNotesCannotBeReadAtTheEnd) {
    provision("5", "5");
    project.settings.cloud.prewarm = Throughput{100, 100};
    const FleetTurn first = turn();
    work(first, 0);
    work(first, 1);
    project.memory.before_call = [](const dynamodb::Call& call) {
        if (call.operation == "Query" && call.body.find("capacity#") != std::string_view::npos) {
            throw kDead;
        }
    };
    EXPECT_EQ(turn().next, Next::done);
    EXPECT_EQ(row().status, Status::applied);
    project.memory.before_call = {};
    EXPECT_EQ(owed_capacities(project.world(), project.settings).size(), 1U);
}

/// A stop while the table changes: the steps are done, and a further turn gives back.
TEST_F(FleetUsage, TakesAFurtherTurnWhereItIsStoppedBeforeCapacityIsGivenBack) {
    provision("5", "5");
    project.settings.cloud.prewarm = Throughput{100, 100};
    const FleetTurn first = turn();
    work(first, 0);
    work(first, 1);
    std::stop_source stops;
    project.memory.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "UpdateTable") {
            stops.request_stop();
            throw Error(ErrorKind::throttled, "changing").service_code("ResourceInUseException");
        }
    };
    EXPECT_EQ(turn(nullptr, stops.get_token()).next, Next::turn);
    project.memory.before_call = {};
    EXPECT_EQ(row().steps_done, 2U);
    EXPECT_EQ(row().status, Status::running);
    const int before = befores;
    run_to_the_end();
    expect_capacity(5, 5);
    expect_counted(1);
    EXPECT_EQ(befores, before);
    EXPECT_EQ(row().status, Status::applied);
}

TEST_F(FleetUsage, FailsTheRunAtOnceWhenTheFailureBudgetIsExceeded) {
    project.memory.put("app", R"({"pk":{"S":"bad"},"n":{"S":"no number"}})");
    const FleetTurn first = turn();
    std::optional<Error> failure;
    std::uint32_t failed = 0;
    for (const std::uint32_t segment : first.segments) {
        try {
            work(first, segment);
        } catch (const Error& error) {
            failure = error;
            failed = segment;
        }
    }
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->kind(), ErrorKind::failed_precondition);

    EXPECT_THAT(error_of([&] { work(first, 1 - failed); }).what(), HasSubstr("failure_budget"));
    EXPECT_THAT(error_of([&] { turn(); }).what(), HasSubstr("failure_budget"));
    EXPECT_EQ(row().status, Status::failed);
    EXPECT_FALSE(project.migrator().lock_owner());

    project.memory.put("app", R"({"pk":{"S":"bad"},"n":{"N":"1"}})");
    execution = "arn:later";
    executions.running = {execution};
    request.action = "retry-failed";
    run_to_the_end();
    EXPECT_EQ(row().status, Status::applied);
    EXPECT_THAT(project.memory.item("app", R"({"pk":{"S":"bad"}})"), HasSubstr(R"("N":"2")"));
    expect_counted(1);
}

TEST_F(FleetUsage, TriesAgainWhatAnAppliedRunQuarantined) {
    project.settings.backfill.failure_budget = backfill::FailureBudget{5, 0};
    project.memory.put("app", R"({"pk":{"S":"bad"},"n":{"S":"no number"}})");
    run_to_the_end();
    ASSERT_EQ(row().status, Status::applied);
    ASSERT_EQ(row().counts.quarantined, 1U);
    project.memory.put("app", R"({"pk":{"S":"bad"},"n":{"N":"1"}})");
    execution = "arn:later";
    executions.running = {execution};
    request.action = "retry-failed";

    run_to_the_end();

    EXPECT_EQ(row().status, Status::applied);
    EXPECT_EQ(project.migrator().history().size(), 1U);
    EXPECT_THAT(project.memory.item("app", R"({"pk":{"S":"bad"}})"), HasSubstr(R"("N":"2")"));
    EXPECT_TRUE(project.migrator().quarantined(row().run).empty());
    expect_counted(1);
    execution = "arn:again";
    executions.running = {execution};
    EXPECT_EQ(turn().next, Next::done);
}

/// Steps after the retried one change what later migrations set anew.
TEST_F(FleetUsage, TriesAgainTheQuarantinedAloneHoweverManyTurnsThatTakes) {
    for (const bool is_laptop : {false, true}) {
        struct Here : FleetUsage {
            using FleetUsage::FleetUsage;
            void TestBody() override {}
        };
        int afters = 0;
        Here fleet(1, [&] { ++afters; });
        fleet.project.settings.backfill.failure_budget = backfill::FailureBudget{5, 0};
        fleet.project.memory.put("app", R"({"pk":{"S":"bad"},"n":{"S":"no number"}})");
        fleet.run_to_the_end();
        ASSERT_EQ(fleet.row().counts.quarantined, 1U);
        ASSERT_EQ(afters, 1);
        const std::uint64_t changed = fleet.row().counts.changed;
        fleet.project.memory.put("app", R"({"pk":{"S":"bad"},"n":{"N":"1"}})");
        fleet.execution = "arn:later";
        fleet.executions.running = {fleet.execution};
        fleet.request.action = "retry-failed";

        std::stop_source stops;
        fleet.project.memory.before_call = [&](const dynamodb::Call& call) {
            if (call.operation == "BatchExecuteStatement") {
                stops.request_stop();
            }
        };
        EXPECT_EQ(fleet.turn(nullptr, stops.get_token()).next, Next::turn);
        fleet.project.memory.before_call = {};
        if (is_laptop) {
            fleet.executions.running.clear();
            fleet.on_laptop([&](Migrator& migrator) {
                return migrator.resume("", fleet.project.listener, {}, {});
            });
        } else {
            fleet.run_to_the_end();
        }

        EXPECT_EQ(fleet.row().status, Status::applied);
        EXPECT_EQ(afters, 1) << is_laptop;
        EXPECT_EQ(fleet.befores, 1);
        EXPECT_THAT(fleet.project.memory.item("app", R"({"pk":{"S":"bad"}})"),
                    HasSubstr(R"("N":"2")"));
        if (!is_laptop) {
            EXPECT_EQ(fleet.row().counts.changed, changed + 1);
        }
        fleet.expect_counted(1);
    }
}

TEST_F(FleetUsage, AddsUpWhatTurnsAndSegmentsUsed) {
    layers::Meter meter;
    const auto in_measured = [&](const auto& function) {
        layers::MeterService metered(project.memory, meter);
        return in_process(metered, [&](World world) {
            world.meter = &meter;
            return function(Fleet(project.registry, project.settings, world));
        });
    };
    const FleetTurn first =
        in_measured([&](Fleet&& fleet) { return fleet.turn(request, project.listener, {}); });
    for (const std::uint32_t segment : first.segments) {
        in_measured([&](Fleet&& fleet) {
            return fleet.work_segment({first.run, first.step, segment, 2}, project.listener, {});
        });
    }
    in_measured([&](Fleet&& fleet) { return fleet.turn(request, project.listener, {}); });

    const HistoryRow told = row();
    EXPECT_EQ(told.turns_used.calls, 2U);
    EXPECT_EQ(told.segments_used.calls, 2U);
    EXPECT_GE(told.segments_used.write_units, kItems);
    EXPECT_GT(told.segments_used.journal_bytes, 100U);
    EXPECT_GT(told.cost, 0);
    EXPECT_EQ(told.currency, "USD");
    EXPECT_GE(told.write_units, told.segments_used.write_units + told.turns_used.write_units - 0.2);
    EXPECT_LT(told.write_units, meter.reading().write_units + 0.2);
    EXPECT_THAT(project.listener.lines, ::testing::Contains(HasSubstr("used 4 calls")));
}

TEST_F(FleetUsage, CountsCallsThatWereCutShort) {
    const FleetTurn first = turn();
    DyingService dying(project.memory, 14, true, kDead);
    EXPECT_EQ(error_of([&] { work(first, 0, &dying); }).message(), kDead.message());
    work(first, 0);
    work(first, 1);
    turn();

    EXPECT_EQ(row().segments_used.calls, 3U);
}

TEST_F(FleetUsage, NoticesAPartOfTheJournalThatASegmentWroteAndIsGone) {
    run_to_the_end();
    const std::string run = row().run;
    on_laptop([&](Migrator& migrator) {
        EXPECT_THAT(migrator.check_journal(run).damages, ::testing::IsEmpty());
        return 0;
    });
    int removed = 0;
    for (const auto& [key, object] : project.memory.items("journal")) {
        if (removed == 0 && object.find("part") != std::string::npos) {
            project.memory.remove("journal", key);
            ++removed;
        }
    }
    ASSERT_EQ(removed, 1);
    on_laptop([&](Migrator& migrator) {
        EXPECT_THAT(migrator.check_journal(run).damages, ::testing::Not(::testing::IsEmpty()));
        const Error refused =
            error_of([&] { migrator.run(migrator.plan_down({}), project.listener, {}, {}); });
        EXPECT_THAT(refused.what(), HasSubstr("missing"));
        return 0;
    });
    expect_counted(1);
}

TEST_F(FleetUsage, TellsHowFarItIs) {
    const FleetTurn first = turn();
    work(first, 0);

    RunProgress progress = read_progress(project.world(), project.settings, project.registry);
    EXPECT_TRUE(progress.is_at_work);
    EXPECT_FALSE(progress.has_ended);
    EXPECT_EQ(progress.steps, 2U);
    ASSERT_TRUE(progress.step);
    EXPECT_EQ(progress.step->step, 1U);
    EXPECT_EQ(progress.step->segments, 2U);
    EXPECT_EQ(progress.step->done, 1U);
    EXPECT_EQ(progress.step->left(), 1U);
    EXPECT_EQ(progress.step->table, "app");
    EXPECT_EQ(progress.used.calls, 2U);
    const std::uint64_t read = progress.step->counts.read;
    work(first, 1);
    EXPECT_EQ(read_progress(project.world(), project.settings, project.registry, first.run)
                  .step->counts.read,
              static_cast<std::uint64_t>(kItems));
    EXPECT_LT(read, static_cast<std::uint64_t>(kItems));
    turn();

    progress = read_progress(project.world(), project.settings, project.registry);
    EXPECT_TRUE(progress.has_ended);
    EXPECT_FALSE(progress.is_at_work);
    EXPECT_EQ(progress.row.status, Status::applied);
}

/// Between turns, while one takes the lock and its row, and after one whose time was up.
TEST_F(FleetUsage, IsAtWorkAtEveryRequestOfItsTurns) {
    std::stop_source time_is_up;
    project.memory.before_call = [&](const dynamodb::Call& call) {
        if (call.body.find(R"("running")") != std::string_view::npos) {
            time_is_up.request_stop();
        }
    };
    const FleetTurn first = turn(nullptr, time_is_up.get_token());
    ASSERT_EQ(first.next, Next::turn);
    ASSERT_TRUE(row().interrupted);
    RunControl control(project.world(), project.settings);
    bool is_looking = false;
    int looks = 0;
    project.memory.before_call = [&](const dynamodb::Call&) {
        if (std::exchange(is_looking, true)) {
            return;
        }
        const RunProgress progress =
            read_progress(project.world(), project.settings, project.registry);
        if (progress.row.status == Status::running) {
            EXPECT_FALSE(progress.has_ended) << looks;
            EXPECT_TRUE(progress.is_at_work) << looks;
            EXPECT_EQ(control.at_work("").run, first.run) << looks;
            ++looks;
        }
        is_looking = false;
    };
    const FleetTurn second = turn();
    ASSERT_EQ(second.next, Next::segments);
    EXPECT_GT(looks, 5);
    const auto look = std::exchange(project.memory.before_call, nullptr);
    work(second, 0);
    work(second, 1);
    project.memory.before_call = look;
    EXPECT_EQ(turn().next, Next::done);
    EXPECT_TRUE(read_progress(project.world(), project.settings, project.registry).has_ended);
}

TEST_F(FleetUsage, IsAtWorkWhenItIsTakenOverBetweenTheReadsOfItsLockAndItsRow) {
    for (const std::string next : {"arn:second", "arn:third"}) {
        const std::string run = turn().run;
        bool is_taken = false;
        project.memory.before_call = [&](const dynamodb::Call& call) {
            if (call.operation == "Query" && !std::exchange(is_taken, true)) {
                execution = next;
                executions.running = {next};
                turn();
            }
        };
        if (next == "arn:second") {
            const RunProgress progress =
                read_progress(project.world(), project.settings, project.registry, run);
            EXPECT_TRUE(progress.is_at_work);
            EXPECT_FALSE(progress.has_ended);
        } else {
            EXPECT_EQ(RunControl(project.world(), project.settings).at_work(run).run, run);
        }
        EXPECT_TRUE(is_taken);
        project.memory.before_call = nullptr;
    }
}

TEST_F(FleetUsage, KeepsTheWishedRatesInFurtherTurnsAndForgetsThemInAnotherExecution) {
    project.settings.backfill.max_wcu = 100;
    const auto rate_of_a_turn = [&] {
        return in_process(project.memory, [&](World world) {
            layers::Pace pace(project.clock, {});
            world.pace = &pace;
            EXPECT_EQ(Fleet(project.registry, project.settings, world)
                          .turn(request, project.listener, {})
                          .next,
                      Next::segments);
            return pace.limits().write_units_per_second;
        });
    };
    EXPECT_EQ(rate_of_a_turn(), 100);
    const std::string run = row().run;
    RunControl control(project.world(), project.settings);
    control.ask(run, [](RunWishes& wishes) { wishes.max_wcu = 7; });
    EXPECT_EQ(rate_of_a_turn(), 7);
    EXPECT_EQ(rate_of_a_turn(), 7);

    execution = "arn:later";
    executions.running = {execution};
    EXPECT_EQ(rate_of_a_turn(), 100);
    EXPECT_EQ(control.wishes(run).max_wcu, std::nullopt);
}

TEST(MigrationMachine, ToleratesSegmentsAsItsStepsTolerateItems) {
    Migration migration("1.0.0", "count");
    TransformStep step;
    step.table = "app";
    step.function = testing::add_one();
    step.options.failure_budget = {10, 2.5};
    migration.step(make_transform(step));
    step.options.failure_budget = {10, 0};
    migration.step(make_transform(step));
    Settings settings;
    settings.cloud.concurrency = 7;

    const StateMachine machine = machine_of(migration, settings, "arn:f");
    EXPECT_EQ(machine.tolerated_failure_percent, 2.5);
    EXPECT_EQ(machine.concurrency, 7U);
    EXPECT_EQ(machine.action, "up");
    settings.backfill.failure_budget = backfill::FailureBudget{5, 0};
    EXPECT_EQ(machine_of(migration, settings, "arn:f").tolerated_failure_percent, 0);
}

}  // namespace
}  // namespace dynamigrate::migrate
