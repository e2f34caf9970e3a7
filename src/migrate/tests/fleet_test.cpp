#include "../lock.hpp"
#include "../run_records.hpp"
#include "fleet_case.hpp"

#include <dynamigrate/dynamodb/testing/cut_services.hpp>
#include <dynamigrate/migrate/control.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <set>

namespace dynamigrate::migrate {
namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::testing::DyingService;
using dynamodb::testing::InterruptedService;
using testing::add_one;
using ::testing::ElementsAre;
using testing::error_of;
using testing::FleetCase;
using ::testing::HasSubstr;
using testing::kArn;
using testing::kDead;
using testing::kItems;
using testing::Project;
using Next = FleetTurn::Next;

TEST_F(FleetCase, RunsAMigrationByTurnsAndSegments) {
    const FleetTurn first = turn();
    EXPECT_EQ(first.next, Next::segments);
    EXPECT_EQ(first.step, 1U);
    EXPECT_THAT(first.segments, ElementsAre(0, 1));
    EXPECT_EQ(row().status, Status::running);
    EXPECT_FALSE(row().interrupted);
    EXPECT_EQ(row().execution, kArn);
    EXPECT_EQ(work(first, 0).next, FleetSegmentTurn::Next::done);
    EXPECT_EQ(turn().unfinished, 1U);
    EXPECT_EQ(work(first, 1).next, FleetSegmentTurn::Next::done);
    EXPECT_EQ(turn().next, Next::done);

    expect_counted(1);
    EXPECT_EQ(row().status, Status::applied);
    EXPECT_EQ(row().counts.changed, static_cast<std::uint64_t>(kItems));
    EXPECT_EQ(befores, 1);
    EXPECT_FALSE(project.migrator().lock_owner());
    EXPECT_EQ(turn().next, Next::done);
    EXPECT_EQ(project.migrator().history().size(), 1U);
}

TEST_F(FleetCase, KeepsTheLockBetweenItsCalls) {
    turn();

    const auto owner = project.migrator().lock_owner();
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->execution, kArn);
    EXPECT_FALSE(owner->identity.is_dead_here());
    const Error locked = error_of([&] {
        on_laptop(
            [&](Migrator& migrator) { return migrator.resume("", project.listener, {}, {}); });
    });
    EXPECT_EQ(locked.kind(), ErrorKind::aborted);
    EXPECT_THAT(locked.what(), HasSubstr(std::string(kArn)));
    execution = "another";
    EXPECT_THAT(error_of([&] { turn(); }).what(), HasSubstr("locked by execution"));
}

TEST_F(FleetCase, IsResumedByAnotherExecutionAfterItsEnd) {
    const FleetTurn first = turn();
    work(first, 0);
    executions.running.clear();
    execution = "arn:another";
    executions.running.insert(execution);

    EXPECT_THAT(error_of([&] { work(first, 1); }).what(), HasSubstr("does not belong"));
    run_to_the_end();

    expect_counted(1);
    EXPECT_EQ(row().status, Status::applied);
    EXPECT_EQ(row().execution, execution);
    EXPECT_EQ(project.migrator().history().size(), 1U);
}

TEST_F(FleetCase, IsResumedFromALaptopAfterItsEnd) {
    const FleetTurn first = turn();
    work(first, 0);
    executions.running.clear();

    on_laptop([&](Migrator& migrator) { return migrator.resume("", project.listener, {}, {}); });

    expect_counted(1);
    EXPECT_EQ(row().status, Status::applied);
    EXPECT_EQ(row().execution, "");
    EXPECT_THAT(error_of([&] { work(first, 1); }).what(), HasSubstr("does not belong"));
}

TEST_F(FleetCase, TakesOverWhatALaptopLeft) {
    project.settings.backfill.lanes = 1;
    on_laptop([&](Migrator& migrator) {
        std::stop_source stops;
        project.memory.before_call = [&](const dynamodb::Call& call) {
            if (call.operation == "BatchExecuteStatement") {
                stops.request_stop();
            }
        };
        return migrator.run(migrator.plan_up({}, true), project.listener, stops.get_token(), {});
    });
    project.memory.before_call = {};
    ASSERT_TRUE(row().interrupted);

    run_to_the_end();

    expect_counted(1);
    EXPECT_EQ(row().status, Status::applied);
}

TEST_F(FleetCase, RollsBack) {
    run_to_the_end();
    execution = "arn:down";
    executions.running.insert(execution);
    request.action = "down";

    run_to_the_end();

    expect_counted(0);
    EXPECT_EQ(row().status, Status::rolled_back);
    EXPECT_EQ(turn().next, Next::done);
}

TEST_F(FleetCase, RepeatsOnceForEachExecution) {
    run_to_the_end();
    execution = "arn:again";
    executions.running.insert(execution);
    request.action = "repeat";

    run_to_the_end();
    run_to_the_end();

    expect_counted(2);
}

TEST_F(FleetCase, SaysWhatMustBeRunBefore) {
    project.registry.add(testing::simple("2.0.0"));
    request.migration = "2.0.0";
    EXPECT_THAT(error_of([&] { turn(); }).what(), HasSubstr("up of 1.0.0"));
    request.action = "sideways";
    EXPECT_EQ(error_of([&] { turn(); }).kind(), ErrorKind::invalid_argument);
}

TEST_F(FleetCase, RefusesAnUnknownActionInItsFirstTurn) {
    request.action = "pu";
    const Error refused = error_of([&] { turn(); });
    EXPECT_EQ(refused.kind(), ErrorKind::invalid_argument);
    EXPECT_THAT(refused.what(), HasSubstr(R"(retry-failed, not "pu")"));
    EXPECT_TRUE(project.migrator().history().empty());
    EXPECT_FALSE(project.migrator().lock_owner());
    expect_counted(0);
}

TEST_F(FleetCase, RecordsAFailureAndLetsGo) {
    const FleetTurn first = turn();
    work(first, 0);
    EXPECT_FALSE(project.migrator().unfinished().at(0).owner_is_dead);

    fail("States.Timeout");

    EXPECT_EQ(row().status, Status::failed);
    EXPECT_THAT(row().error, HasSubstr("States.Timeout"));
    EXPECT_FALSE(project.migrator().lock_owner());
    EXPECT_TRUE(project.migrator().unfinished().at(0).owner_is_dead);
    run_to_the_end();
    expect_counted(1);
}

TEST_F(FleetCase, RecordsNoFailureOfWhatSomebodyElseDid) {
    const FleetTurn first = turn();
    project.migrator().unlock();
    on_laptop([&](Migrator& migrator) { return migrator.resume("", project.listener, {}, {}); });

    fail("too late");

    EXPECT_EQ(row().status, Status::applied);
    EXPECT_EQ(error_of([&] { work(first, 0); }).kind(), ErrorKind::aborted);
}

TEST_F(FleetCase, RestsWhileItIsPausedAndEndsWhenItIsAborted) {
    const FleetTurn first = turn();
    RunControl control(project.world(), project.settings);
    control.ask(first.run, [](RunWishes& wishes) { wishes.pause = true; });
    EXPECT_EQ(work(first, 0).next, FleetSegmentTurn::Next::wait);
    EXPECT_EQ(control.wishes(first.run).seen, 1U);
    EXPECT_EQ(turn().next, Next::wait);
    control.ask(first.run, [](RunWishes& wishes) { wishes.pause = false; });
    EXPECT_EQ(work(first, 0).next, FleetSegmentTurn::Next::done);
    control.ask(first.run, [](RunWishes& wishes) { wishes.abort = true; });
    EXPECT_EQ(work(first, 1).next, FleetSegmentTurn::Next::aborted);
    EXPECT_EQ(turn().next, Next::aborted);
    EXPECT_TRUE(row().interrupted);
    EXPECT_EQ(row().status, Status::running);
    EXPECT_FALSE(project.migrator().lock_owner());

    execution = "arn:later";
    executions.running.insert(execution);
    run_to_the_end();
    expect_counted(1);
}

TEST_F(FleetCase, ASegmentEndsAtOnceWhenItsExecutionHoldsTheLockNoMore) {
    const FleetTurn first = turn();
    bool is_unlocked = false;
    project.memory.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "BatchExecuteStatement" && !is_unlocked) {
            is_unlocked = true;
            project.migrator().unlock();
            project.clock.beat();
            project.clock.wait_until_idle();
        }
    };

    const Error error = error_of([&] { work(first, 0); });

    EXPECT_TRUE(is_unlocked);
    EXPECT_EQ(error.kind(), ErrorKind::aborted);
    EXPECT_THAT(error.what(), HasSubstr("does not belong"));
    project.memory.before_call = {};
    run_to_the_end();
    expect_counted(1);
}

TEST_F(FleetCase, RecordsThatItsExecutionWasStoppedAndLetsGo) {
    const FleetTurn first = turn();
    work(first, 0);

    EXPECT_TRUE(fail("its execution was stopped", true));

    EXPECT_EQ(row().status, Status::running);
    EXPECT_TRUE(row().interrupted);
    EXPECT_EQ(row().error, "its execution was stopped");
    EXPECT_FALSE(project.migrator().lock_owner());
    EXPECT_FALSE(fail("again", true));
    EXPECT_EQ(row().error, "its execution was stopped");
    execution = "arn:later";
    executions.running.insert(execution);
    run_to_the_end();
    expect_counted(1);
    EXPECT_EQ(row().error, "");
}

TEST_F(FleetCase, AnExecutionThatHoldsNothingRecordsNothing) {
    EXPECT_FALSE(fail("before anything", true));
    run_to_the_end();
    const int requests = project.memory.request_count("PutItem");

    EXPECT_FALSE(fail("after its end", true));
    execution = "arn:another";
    EXPECT_FALSE(fail("of something else", true));

    EXPECT_EQ(row().status, Status::applied);
    EXPECT_EQ(project.memory.request_count("PutItem"), requests);
}

TEST_F(FleetCase, DividesItsCapacityAmongTheSegmentsAtWork) {
    project.settings.backfill.max_wcu = 100;
    project.settings.backfill.segments = 4;
    const FleetTurn first = turn();
    std::vector<double> rates;
    for (std::uint32_t segment = 0; segment < 4; ++segment) {
        in_process(project.memory, [&](World world) {
            layers::Pace pace(project.clock, {});
            world.pace = &pace;
            Fleet(project.registry, project.settings, world)
                .work_segment({first.run, first.step, segment, 2}, project.listener, {});
            rates.push_back(pace.limits().write_units_per_second);
            return 0;
        });
    }
    EXPECT_THAT(rates, ElementsAre(50, 50, 50, 100));
}

TEST_F(FleetCase, RefusesAJournalThatOthersCannotReach) {
    World world = project.world();
    world.execution = execution;
    const Error refused = error_of([&] {
        Fleet(project.registry, project.settings, world).turn(request, project.listener, {});
    });
    EXPECT_EQ(refused.kind(), ErrorKind::failed_precondition);
    EXPECT_THAT(refused.what(), HasSubstr("S3"));
}

TEST_F(FleetCase, RefusesASegmentOfAnotherStepAndAFileThatChanged) {
    FleetTurn first = turn();
    first.step = 0;
    EXPECT_EQ(error_of([&] { work(first, 0); }).kind(), ErrorKind::invalid_argument);
    World world = project.world();
    EXPECT_EQ(error_of([&] { Fleet(project.registry, project.settings, world); }).kind(),
              ErrorKind::invalid_argument);
}

TEST_F(FleetCase, LetsTheLaterOfTwoTurnsGoOn) {
    bool was_interrupted = true;
    int n = 1;
    for (; was_interrupted && n < 200; n += 3) {
        struct Here : FleetCase {
            void TestBody() override {}
        } fleet;
        InterruptedService first(fleet.project.memory, n, false, [&] { fleet.turn(); });
        std::optional<ErrorKind> kind;
        try {
            fleet.turn(&first);
        } catch (const Error& error) {
            kind = error.kind();
        }
        was_interrupted = first.was_interrupted();
        EXPECT_TRUE(!kind || kind == ErrorKind::aborted) << n;
        fleet.run_to_the_end();
        fleet.expect_counted(1, std::to_string(n));
        ASSERT_EQ(fleet.row().status, Status::applied) << n;
        ASSERT_EQ(fleet.project.migrator().history().size(), 1U) << n;
    }
    EXPECT_GT(n, 10);
}

/// Something else is done before the n-th call; a write of items that comes then is never sent.
class OvertakenService final : public dynamodb::Service {
public:
    OvertakenService(dynamodb::Service& inner, int n, std::function<void()> other)
        : inner_(inner),
          n_(n),
          other_(std::move(other)) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (++calls_ == n_) {
            other_();
            if (call.operation == "BatchExecuteStatement") {
                throw kDead;
            }
        }
        inner_.call(call, reply);
    }
    std::string location() const override { return inner_.location(); }
    bool was_overtaken() const { return calls_ >= n_; }

private:
    dynamodb::Service& inner_;
    const int n_;
    const std::function<void()> other_;
    std::atomic<int> calls_{0};
};

TEST_F(FleetCase, IsRolledBackWhileASegmentIsWorked) {
    bool was_overtaken = true;
    int n = 1;
    for (; was_overtaken && n < 200; ++n) {
        struct Here : FleetCase {
            void TestBody() override {}
        } fleet;
        const FleetTurn first = fleet.turn();
        OvertakenService overtaken(fleet.project.memory, n, [&] { fleet.roll_back(); });
        try {
            fleet.work(first, 0, &overtaken);
        } catch (const Error&) {}
        was_overtaken = overtaken.was_overtaken();
        if (was_overtaken) {
            fleet.expect_counted(0, std::to_string(n));
            ASSERT_EQ(fleet.row().status, Status::rolled_back) << n;
        }
    }
    EXPECT_GT(n, 10);
}

TEST_F(FleetCase, IsNotRolledBackWhileItIsNotKnownWhatArrived) {
    project.settings.backfill.failure_budget = backfill::FailureBudget{kItems, 0};
    const FleetTurn first = turn();
    project.memory.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "BatchExecuteStatement") {
            throw kDead;
        }
    };
    EXPECT_THROW(work(first, 0), Error);
    project.memory.before_call = {};
    for (int i = 0; i < kItems; ++i) {
        project.memory.put("app", item(i, 100));
    }
    EXPECT_THAT(error_of([&] { roll_back(); }).what(), HasSubstr("finds out"));
    ASSERT_EQ(project.migrator().history().size(), 1U);

    execution = "arn:up";
    executions.running = {execution};
    request.action = "up";
    run_to_the_end();
    EXPECT_EQ(row().status, Status::applied);
    roll_back();
    EXPECT_EQ(row().status, Status::rolled_back);
}

/// Each call is killed at each of its requests and then made again.
class FleetDies : public ::testing::TestWithParam<bool> {};

TEST_P(FleetDies, AtAnyRequestOfATurnAndGoesOn) {
    bool has_died = true;
    int n = GetParam() ? 1 : 2;
    for (; has_died && n < 200; n += 3) {
        struct Here : FleetCase {
            void TestBody() override {}
        } fleet;
        DyingService dying(fleet.project.memory, n, GetParam(), kDead);
        try {
            fleet.turn(&dying);
        } catch (const Error&) {}
        has_died = dying.is_dead();
        fleet.run_to_the_end();
        fleet.expect_counted(1, std::to_string(n));
        ASSERT_EQ(fleet.row().status, Status::applied) << n;
        ASSERT_EQ(fleet.project.migrator().history().size(), 1U) << n;
        ASSERT_FALSE(fleet.project.migrator().lock_owner()) << n;
    }
    EXPECT_GT(n, 10);
}

/// The step is worked by turns alone, since it needs two passes.
TEST_P(FleetDies, AtAnyRequestOfATurnThatTakesOverWhatALaptopLeftAndGoesOn) {
    bool has_died = true;
    int n = GetParam() ? 1 : 2;
    for (; has_died && n < 200; n += 3) {
        struct Here : FleetCase {
            Here() : FleetCase(2) {}
            void TestBody() override {}
        } fleet;
        fleet.die_on_laptop();
        DyingService dying(fleet.project.memory, n, GetParam(), kDead);
        try {
            fleet.turn(&dying);
        } catch (const Error&) {}
        has_died = dying.is_dead();
        fleet.run_to_the_end();
        fleet.expect_counted(2, std::to_string(n));
        ASSERT_EQ(fleet.row().status, Status::applied) << n;
    }
    EXPECT_GT(n, 10);
}

/// Whose first call for a segment ended at its n-th request, where it made so many.
struct DiedInASegment : FleetCase {
    DiedInASegment(int n, bool is_applied) {
        const FleetTurn first = turn();
        DyingService dying(project.memory, n, is_applied, kDead);
        try {
            work(first, 0, &dying);
        } catch (const Error&) {}
        has_died = dying.is_dead();
    }
    void TestBody() override {}

    bool has_died = false;
};

TEST_P(FleetDies, AtAnyRequestOfASegmentAndGoesOn) {
    bool has_died = true;
    int n = GetParam() ? 1 : 2;
    for (; has_died && n < 200; n += 3) {
        DiedInASegment fleet(n, GetParam());
        has_died = fleet.has_died;
        if (n % 2 == 0) {
            fleet.on_laptop([&](Migrator& migrator) {
                migrator.unlock();
                return migrator.resume("", fleet.project.listener, {}, {});
            });
        } else {
            if (n % 4 == 1) {
                fleet.fail("died");
            }
            fleet.run_to_the_end();
        }
        fleet.expect_counted(1, std::to_string(n));
        ASSERT_EQ(fleet.row().status, Status::applied) << n;
    }
    EXPECT_GT(n, 10);
}

TEST_P(FleetDies, AtAnyRequestOfASegmentAndIsRolledBack) {
    bool has_died = true;
    int n = GetParam() ? 1 : 2;
    for (; has_died && n < 200; ++n) {
        DiedInASegment fleet(n, GetParam());
        has_died = fleet.has_died;
        fleet.roll_back();
        fleet.expect_counted(0, std::to_string(n));
        ASSERT_EQ(fleet.row().status, Status::rolled_back) << n;
        ASSERT_EQ(fleet.row().counts.conflicts, 0U) << n;
    }
    EXPECT_GT(n, 10);
}

INSTANTIATE_TEST_SUITE_P(Fleet, FleetDies, ::testing::Bool(), [](const auto& parameter) {
    return parameter.param ? "AfterIt" : "BeforeIt";
});

}  // namespace
}  // namespace dynamigrate::migrate
