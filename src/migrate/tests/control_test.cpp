#include "../control_watch.hpp"
#include "fixtures.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/migrate/control.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <thread>

namespace dynamigrate::migrate {
namespace {

using ::testing::Contains;
using testing::error_of;
using testing::fake_step;
using ::testing::HasSubstr;
using testing::Project;

/// A run whose one step asks the database again and again until it is told to stop, or is let go.
struct ControlCase : ::testing::Test {
    Project project;
    layers::Pace pace{project.clock, {}};
    std::latch begun{1};
    std::atomic<bool> may_end{false};
    std::atomic<int> calls{0};
    std::thread runner;
    RunResult result;
    RunControl control{project.world(), project.settings};

    ControlCase() {
        project.settings.backfill.max_wcu = 50;
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        project.registry.add(Migration("1.0.0").step(fake_step("work", [this](const StepRun& run) {
            run.set_pace({}, {});
            begun.count_down();
            StepResult ended;
            while (!may_end) {
                dynamodb::describe_table(*run.surroundings.service, "app");
                ++calls;
                if (run.stop.stop_requested()) {
                    ended.stopped = true;
                    return ended;
                }
                std::this_thread::yield();
            }
            return ended;
        })));
    }
    ~ControlCase() override {
        may_end = true;
        if (runner.joinable()) {
            runner.join();
        }
    }
    void start() {
        runner = std::thread([this] {
            World world = project.world();
            world.pace = &pace;
            Migrator migrator(project.registry, project.settings, world);
            result = migrator.run(migrator.plan_up({}, true), project.listener, {}, {});
        });
        begun.wait();
    }
    std::string run() { return control.at_work("").run; }
    /// Asks, and lets the runner see it.
    void ask(const std::function<void(RunWishes&)>& change) {
        const std::string id = run();
        const std::uint64_t number = control.ask(id, change).number;
        EXPECT_LT(control.wishes(id).seen, number);
        project.clock.beat();
        project.clock.wait_until_idle();
        EXPECT_EQ(control.wishes(id).seen, number);
    }
    /// Asks the run to end, and waits until it has: there is no further heartbeat to wait for.
    void abort() {
        const std::string id = run();
        const std::uint64_t number =
            control.ask(id, [](RunWishes& wishes) { wishes.abort = true; }).number;
        project.clock.beat();
        runner.join();
        EXPECT_EQ(control.wishes(id).seen, number);
    }
};

TEST_F(ControlCase, TellsOnePauseFromTheNext) {
    project.migrator().init();
    const auto pause = [](RunWishes& wishes) { wishes.pause = true; };
    const auto resume = [](RunWishes& wishes) { wishes.pause = false; };
    const std::uint64_t first = control.ask("r1", pause).paused_at;
    EXPECT_GT(first, 0u);
    control.ask("r1", [](RunWishes& wishes) { wishes.max_wcu = 5; });
    EXPECT_EQ(control.wishes("r1").paused_at, first);
    EXPECT_EQ(control.ask("r1", pause).paused_at, first);
    EXPECT_EQ(control.ask("r1", resume).paused_at, 0u);
    EXPECT_GT(control.ask("r1", pause).paused_at, first);
    EXPECT_EQ(control.wishes("r1").paused_at, control.wishes("r1").number);
}

TEST_F(ControlCase, PausesARunAndLetsItGoOn) {
    start();
    ask([](RunWishes& wishes) { wishes.pause = true; });
    const int paused = calls;
    for (int i = 0; i < 1000; ++i) {
        std::this_thread::yield();
    }
    EXPECT_LE(calls, paused + 1);  // one call may have passed before
    ask([](RunWishes& wishes) { wishes.pause = false; });
    while (calls <= paused + 1) {
        std::this_thread::yield();
    }
    may_end = true;
    runner.join();
    EXPECT_FALSE(result.interrupted);
    EXPECT_THAT(project.listener.lines, Contains(HasSubstr("paused")));
    EXPECT_THAT(project.listener.lines, Contains(HasSubstr("going on")));
}

TEST_F(ControlCase, StopsARunSoThatItCanBeResumedAlsoAPausedOne) {
    start();
    ask([](RunWishes& wishes) { wishes.pause = true; });
    abort();
    EXPECT_TRUE(result.interrupted);
    EXPECT_EQ(result.rows.at(0).status, Status::running);
    EXPECT_TRUE(result.rows.at(0).interrupted);
    may_end = true;
    EXPECT_FALSE(project.migrator().resume("", project.listener, {}, {}).interrupted);
}

TEST_F(ControlCase, ChangesTheRateAboveTheProjectsLimits) {
    start();
    EXPECT_EQ(pace.limits().write_units_per_second, 50);
    ask([](RunWishes& wishes) { wishes.max_wcu = 200; });
    EXPECT_EQ(pace.limits().write_units_per_second, 200);
    EXPECT_EQ(control.wishes(run()).max_wcu, 200);
    EXPECT_EQ(control.wishes(run()).max_rcu, std::nullopt);
}

TEST_F(ControlCase, KnowsOnlyRunsThatAreUnderWay) {
    EXPECT_EQ(error_of([&] { control.at_work(""); }).kind(), base::ErrorKind::not_found);
    start();
    const std::string id = run();
    EXPECT_EQ(control.at_work(id.substr(0, 6)).run, id);
    EXPECT_EQ(error_of([&] { control.at_work("other"); }).kind(), base::ErrorKind::not_found);
    may_end = true;
    runner.join();
    EXPECT_EQ(error_of([&] { control.at_work(id); }).kind(), base::ErrorKind::not_found);
}

TEST_F(ControlCase, AnotherRunnerDoesNotHeedWhatWasWishedOfTheOneBefore) {
    start();
    abort();
    may_end = true;
    RunResult resumed = project.migrator().resume("", project.listener, {}, {});
    EXPECT_EQ(resumed.rows.at(0).status, Status::applied);
}

TEST_F(ControlCase, DoesNotOverwriteWhatSomebodyElseWished) {
    start();
    const std::string id = run();
    bool is_first = true;
    control.ask(id, [&](RunWishes& wishes) {
        if (is_first) {
            is_first = false;
            RunControl(project.world(), project.settings).ask(id, [](RunWishes& other) {
                other.max_wcu = 7;
            });
        }
        wishes.max_rcu = 9;
    });
    EXPECT_EQ(control.wishes(id).max_wcu, 7);
    EXPECT_EQ(control.wishes(id).max_rcu, 9);
    EXPECT_EQ(control.wishes(id).number, 2u);
}

TEST(ControlWatch, GoesOnWithTheRatesAndWithWhatNobodyHasSeen) {
    Project project;
    const World world = project.world();
    NativeTable table(project.memory, project.settings.history_table, project.settings.scope,
                      project.clock, project.random);
    table.create_if_absent({});
    RunControl control(world, project.settings);
    const auto number = control.ask("r", [](RunWishes& wishes) { wishes.max_wcu = 7; }).number;
    note_seen_wishes(table, "r", number);
    control.ask("r", [](RunWishes& wishes) { wishes.pause = true; });
    Lock lock(table, world, {testing::kLease, testing::kHeartbeat}, [](const std::string&) {}, {});
    ControlWatch watch(table, world, lock);
    std::vector<std::string> told;
    const auto tell = [&](const std::string& line) { told.push_back(line); };
    {
        const auto following = watch.follow("r", tell, true);
        EXPECT_EQ(watch.wishes().max_wcu, 7);
        EXPECT_FALSE(watch.wishes().pause);
        project.clock.beat();
        project.clock.wait_until_idle();
        EXPECT_TRUE(watch.wishes().pause);
        EXPECT_THAT(told, Contains(HasSubstr("paused")));
        EXPECT_EQ(control.wishes("r").seen, number + 1);
    }
    const auto following = watch.follow("r", tell);
    EXPECT_EQ(watch.wishes().max_wcu, std::nullopt);
    project.clock.beat();
    project.clock.wait_until_idle();
    EXPECT_FALSE(watch.wishes().pause);
}

}  // namespace
}  // namespace dynamigrate::migrate
