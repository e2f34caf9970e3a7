#include "../lock.hpp"
#include "../run_records.hpp"
#include "fixtures.hpp"

#include <dynamigrate/dynamodb/testing/cut_services.hpp>
#include <dynamigrate/layers/journal_store.hpp>
#include <dynamigrate/migrate/control.hpp>
#include <dynamigrate/migrate/fleet.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <set>

namespace dynamigrate::migrate {
namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::testing::DyingService;
using dynamodb::testing::InterruptedService;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Project;
using Next = FleetTurn::Next;

constexpr int kItems = 12;
constexpr std::string_view kArn = "arn:aws:states:eu-west-1:1:execution:up-1:e1";
/// Not tried again.
const Error kDead(ErrorKind::permission_denied, "dead");

class KnownExecutions final : public ExecutionWatch {
public:
    bool is_running(const std::string& arn) override { return running.contains(arn); }
    std::set<std::string> running;
};

ItemFunction add_one() {
    return [](ItemEditor& item) { item.set("n", item.integer("n") + 1); };
}

/// A project whose processes reach everything through the service alone.
struct FleetCase : ::testing::Test {
    Project project;
    KnownExecutions executions;
    std::string execution{kArn};
    FleetRequest request{"up", "1.0.0"};

    explicit FleetCase(std::uint32_t passes = 1) {
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        for (int i = 0; i < kItems; ++i) {
            project.memory.put("app", item(i, i));
        }
        project.settings.backfill.segments = 2;
        executions.running.insert(execution);
        Migration migration("1.0.0", "count");
        TransformStep step;
        step.table = "app";
        step.function = add_one();
        step.options.passes = passes;
        migration.step(testing::fake_step("before", [this](const StepRun&) {
            ++befores;
            return StepResult{};
        }));
        migration.step(make_transform(step));
        migration.down_auto();
        project.registry.add(std::move(migration));
    }

    static std::string item(int i, int n) {
        return R"({"pk":{"S":"k)" + std::to_string(i) + R"("},"n":{"N":")" + std::to_string(n) +
               R"("}})";
    }
    /// What a process of its own does.
    template <class Function>
    auto in_process(dynamodb::Service& service, const Function& function) {
        const auto objects = layers::make_table_objects(service, "journal", project.clock);
        const auto store = layers::make_object_journals({*objects, project.clock, project.random});
        World world = project.world(&service);
        world.journals = store.get();
        world.execution = execution;
        world.executions = &executions;
        return function(world);
    }
    FleetTurn turn(dynamodb::Service* service = nullptr, std::stop_token stop = {}) {
        return in_process(service ? *service : project.memory, [&](const World& world) {
            return Fleet(project.registry, project.settings, world)
                .turn(request, project.listener, stop);
        });
    }
    FleetSegmentTurn work(const FleetTurn& turn, std::uint32_t segment,
                          dynamodb::Service* service = nullptr) {
        return in_process(service ? *service : project.memory, [&](const World& world) {
            return Fleet(project.registry, project.settings, world)
                .work_segment({turn.run, turn.step, segment, 8}, project.listener, {});
        });
    }
    void fail(const std::string& reason, bool is_interruption = false) {
        in_process(project.memory, [&](const World& world) {
            Fleet(project.registry, project.settings, world)
                .fail(reason, is_interruption, project.listener);
            return 0;
        });
    }
    /// As a command line on a laptop, which reaches the same journals.
    template <class Function>
    auto on_laptop(const Function& function) {
        return in_process(project.memory, [&](World world) {
            world.execution.clear();
            Migrator migrator(project.registry, project.settings, world);
            return function(migrator);
        });
    }
    /// A run of one machine ends when its first items are written and nobody has noted it.
    void die_on_laptop() {
        project.settings.backfill.lanes = 1;
        project.identity = testing::dead_identity();
        bool is_dead = false;
        project.memory.before_call = [&](const dynamodb::Call& call) {
            if (is_dead) {
                throw kDead;
            }
            is_dead = call.operation == "BatchExecuteStatement";
        };
        EXPECT_EQ(error_of([&] {
                      on_laptop([&](Migrator& migrator) {
                          return migrator.run(migrator.plan_up({}, true), project.listener, {}, {});
                      });
                  }).message(),
                  kDead.message());
        project.memory.before_call = {};
        ASSERT_TRUE(is_dead);
    }
    HistoryRow row() { return project.migrator().history().back(); }
    void run_to_the_end() {
        for (int turns = 0; turns < 10; ++turns) {
            const FleetTurn next = turn();
            if (next.next == Next::done) {
                return;
            }
            ASSERT_EQ(next.next, Next::segments);
            for (const std::uint32_t segment : next.segments) {
                EXPECT_EQ(work(next, segment).next, FleetSegmentTurn::Next::done);
            }
        }
        FAIL() << "it does not end";
    }
    void expect_counted(int times, const std::string& when = "") {
        for (int i = 0; i < kItems; ++i) {
            const std::string key = R"({"pk":{"S":"k)" + std::to_string(i) + R"("}})";
            ASSERT_THAT(project.memory.item("app", key),
                        HasSubstr(R"("N":")" + std::to_string(i + times) + "\""))
                << when;
        }
    }

    int befores = 0;
};

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

TEST_F(FleetCase, RecordsAFailureAndLetsGo) {
    const FleetTurn first = turn();
    work(first, 0);

    fail("States.Timeout");

    EXPECT_EQ(row().status, Status::failed);
    EXPECT_THAT(row().error, HasSubstr("States.Timeout"));
    EXPECT_FALSE(project.migrator().lock_owner());
    EXPECT_EQ(project.migrator().unfinished().size(), 1U);
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

TEST_P(FleetDies, AtAnyRequestOfASegmentAndGoesOn) {
    bool has_died = true;
    int n = GetParam() ? 1 : 2;
    for (; has_died && n < 200; n += 3) {
        struct Here : FleetCase {
            void TestBody() override {}
        } fleet;
        const FleetTurn first = fleet.turn();
        DyingService dying(fleet.project.memory, n, GetParam(), kDead);
        try {
            fleet.work(first, 0, &dying);
        } catch (const Error&) {}
        has_died = dying.is_dead();
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

INSTANTIATE_TEST_SUITE_P(Fleet, FleetDies, ::testing::Bool(), [](const auto& parameter) {
    return parameter.param ? "AfterIt" : "BeforeIt";
});

}  // namespace
}  // namespace dynamigrate::migrate
