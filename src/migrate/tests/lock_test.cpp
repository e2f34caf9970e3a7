#include "../lock.hpp"
#include "fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <future>
#include <latch>
#include <thread>

namespace dynamigrate::migrate {
namespace {

using testing::dead_identity;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Project;

struct LockCase : ::testing::Test {
    Project project;
    NativeTable table{project.memory, "h", "default", project.clock, project.random};
    std::vector<std::string> told;

    LockCase() { table.create_if_absent({}); }

    std::unique_ptr<Lock> lock(const base::ProcessIdentity& identity,
                               dynamodb::Service* service = nullptr) {
        NativeTable& used = service ? remade(*service) : table;
        World world = project.world();
        world.identity = identity;
        return std::make_unique<Lock>(
            used, world, LockTiming{testing::kLease, testing::kHeartbeat},
            [this](const std::string& line) { told.push_back(line); }, std::stop_token{});
    }
    std::unique_ptr<Lock> lock() { return lock(project.identity); }

    NativeTable& remade(dynamodb::Service& service) {
        other_ =
            std::make_unique<NativeTable>(service, "h", "default", project.clock, project.random);
        return *other_;
    }
    static void wait_for(const std::stop_token& stop) {
        std::promise<void> stopped;
        std::stop_callback callback(stop, [&] { stopped.set_value(); });
        stopped.get_future().wait();
    }
    static base::ProcessIdentity elsewhere() {
        base::ProcessIdentity identity;
        identity.user = "ann";
        identity.host = "far";
        identity.boot_id = "b";
        identity.pid = 12;
        return identity;
    }
    /// A lock item that nobody renews.
    void leave(const base::ProcessIdentity& identity, int heartbeat = 3, int fence = 7) {
        project.memory.put(
            "h", R"({"pk":{"S":"dynamigrate#default"},"sk":{"S":"lock"},"held":{"BOOL":true},)"
                 R"("token":{"S":"t"},"since":{"S":"2024-01-01T00:00:00.000Z"},"user":{"S":")" +
                     identity.user + R"("},"host":{"S":")" + identity.host +
                     R"("},"boot_id":{"S":")" + identity.boot_id + R"("},"pid":{"N":")" +
                     std::to_string(identity.pid) + R"("},"heartbeat":{"N":")" +
                     std::to_string(heartbeat) + R"("},"fence":{"N":")" + std::to_string(fence) +
                     R"("}})");
    }

private:
    std::unique_ptr<NativeTable> other_;
};

/// Step Functions knows nothing of any execution.
class Unknowing final : public ExecutionWatch {
public:
    bool is_running(const std::string&) override {
        throw base::Error(base::ErrorKind::not_found, "unknown");
    }
};

struct UnknownExecution : LockCase {
    Unknowing executions;

    /// The lock of an execution, taken so long ago.
    void leave_taken(std::chrono::minutes ago, int heartbeat = 3) {
        project.memory.put(
            "h",
            R"({"pk":{"S":"dynamigrate#default"},"sk":{"S":"lock"},"held":{"BOOL":true},)"
            R"("token":{"S":"t"},"execution":{"S":"arn:e"},"host":{"S":"arn:e"},"since":{"S":")" +
                base::to_iso8601(project.clock.now() - ago) + R"("},"heartbeat":{"N":")" +
                std::to_string(heartbeat) + R"("},"fence":{"N":"7"}})");
    }
    std::unique_ptr<Lock> take() {
        World world = project.world();
        world.executions = &executions;
        return std::make_unique<Lock>(
            table, world, LockTiming{testing::kLease, testing::kHeartbeat},
            [this](const std::string& line) { told.push_back(line); }, std::stop_token{});
    }
};

TEST_F(UnknownExecution, CountsAsRunningForMinutesAfterItTookTheLock) {
    leave_taken(std::chrono::minutes(2));
    EXPECT_THAT(error_of([&] { take(); }).what(), HasSubstr("locked by execution arn:e"));
}

TEST_F(UnknownExecution, IsFollowedWhenNothingIsHeardOfItForLong) {
    leave_taken(std::chrono::minutes(11));
    const base::SteadyTime before = project.clock.steady_now();
    EXPECT_EQ(take()->fence(), 8u);
    EXPECT_GE(project.clock.steady_now() - before, testing::kLease);
}

TEST_F(UnknownExecution, IsNotFollowedWhileItRenewsTheLock) {
    leave_taken(std::chrono::minutes(11));
    int beats = 3;
    project.clock.on_wait = [&] { leave_taken(std::chrono::minutes(11), ++beats); };
    EXPECT_EQ(error_of([&] { take(); }).kind(), base::ErrorKind::aborted);
}

TEST_F(LockCase, IsHeldUntilItsEnd) {
    {
        auto held = lock();
        auto owner = read_lock_owner(table);
        ASSERT_TRUE(owner);
        EXPECT_EQ(owner->fence, held->fence());
        EXPECT_EQ(owner->identity.pid, project.identity.pid);
    }
    EXPECT_FALSE(read_lock_owner(table));
}

TEST_F(LockCase, RaisesTheFenceEachTime) {
    std::uint64_t first = lock()->fence();
    std::uint64_t second = lock()->fence();
    EXPECT_GT(second, first);
}

TEST_F(LockCase, RefusesAtOnceWhenTheOwnerLivesHere) {
    auto held = lock();
    auto error = error_of([&] { lock(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::aborted);
    EXPECT_THAT(error.what(), HasSubstr("locked by " + project.identity.user + "@" +
                                        project.identity.host + " pid"));
    EXPECT_THAT(error.what(), HasSubstr("`dynamigrate unlock`"));
    EXPECT_TRUE(told.empty());
    EXPECT_TRUE(read_lock_owner(table));
}

TEST_F(LockCase, IsTakenOverAtOnceFromADeadProcessOfThisBoot) {
    leave(dead_identity());
    auto held = lock();
    EXPECT_EQ(held->fence(), 8u);
    EXPECT_TRUE(told.empty());
}

TEST_F(LockCase, IsTakenOverAfterALeaseWithoutHeartbeatFromElsewhere) {
    leave(elsewhere());
    base::SteadyTime before = project.clock.steady_now();
    auto held = lock();
    EXPECT_EQ(project.clock.steady_now() - before, testing::kLease);
    EXPECT_EQ(held->fence(), 8u);
    ASSERT_EQ(told.size(), 2u);
    EXPECT_THAT(told[0], HasSubstr("locked by ann@far pid 12"));
}

TEST_F(LockCase, IsNotTakenOverWhileTheHeartbeatMoves) {
    leave(elsewhere());
    int beats = 3;
    project.clock.on_wait = [&] { leave(elsewhere(), ++beats); };
    auto error = error_of([&] { lock(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::aborted);
    EXPECT_THAT(error.what(), HasSubstr("heartbeat 4"));
}

TEST_F(LockCase, IsTakenAsSoonAsTheWatchedOwnerReleasesIt) {
    leave(elsewhere());
    project.clock.on_wait = [&] { break_lock(table); };
    auto held = lock();
    EXPECT_EQ(held->fence(), 9u);
}

TEST_F(LockCase, ANewBootOfAHostOfThatNameIsWatched) {
    base::ProcessIdentity rebooted = project.identity;
    rebooted.boot_id = "another";
    leave(rebooted);
    auto held = lock();
    EXPECT_EQ(told.size(), 2u);
}

TEST_F(LockCase, StopsWatchingWhenStopped) {
    leave(elsewhere());
    std::stop_source stop;
    project.clock.on_wait = [&] { stop.request_stop(); };
    auto error = error_of([&] {
        Lock(
            table, project.world(), LockTiming{testing::kLease, testing::kHeartbeat},
            [](const std::string&) {}, stop.get_token());
    });
    EXPECT_EQ(error.kind(), base::ErrorKind::cancelled);
}

TEST_F(LockCase, HeartbeatsAndNamesTheRun) {
    auto held = lock();
    held->set_run("r1");
    project.clock.beat();
    project.clock.beat();
    project.clock.wait_until_idle();
    auto owner = read_lock_owner(table);
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->heartbeat, 2u);
    EXPECT_EQ(owner->run, "r1");
    EXPECT_FALSE(held->is_lost());
}

TEST_F(LockCase, IsLostWhenSomebodyBreaksIt) {
    auto held = lock();
    std::stop_token lost = held->lost();
    break_lock(table);
    project.clock.beat();
    wait_for(lost);
    held.reset();
    EXPECT_FALSE(read_lock_owner(table));
}

TEST_F(LockCase, DoesNotReleaseTheLockOfItsSuccessor) {
    auto first = lock();
    break_lock(table);
    auto second = lock();
    first.reset();
    auto owner = read_lock_owner(table);
    ASSERT_TRUE(owner);
    EXPECT_EQ(owner->fence, second->fence());
}

/// Fails every update, as a network that is gone.
class DeadNetwork final : public dynamodb::Service {
public:
    explicit DeadNetwork(dynamodb::Service& inner) : inner_(inner) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (call.operation == "UpdateItem") {
            throw base::Error(base::ErrorKind::unavailable, "no network");
        }
        inner_.call(call, reply);
    }
    std::string location() const override { return "nowhere"; }

private:
    dynamodb::Service& inner_;
};

TEST_F(LockCase, IsLostAfterALeaseWithoutRenewal) {
    DeadNetwork network(project.memory);
    auto held = lock(project.identity, &network);
    std::stop_token lost = held->lost();
    for (auto passed = testing::kHeartbeat; passed < testing::kLease;
         passed += testing::kHeartbeat) {
        project.clock.beat();
    }
    project.clock.wait_until_idle();
    EXPECT_FALSE(lost.stop_requested());
    project.clock.beat();
    wait_for(lost);
}

TEST_F(LockCase, OnlyOneOfManyThreadsGetsIt) {
    std::atomic<int> won = 0;
    std::atomic<int> refused = 0;
    std::barrier start(8);
    std::latch refusals(7);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            start.arrive_and_wait();
            try {
                Lock held(
                    table, project.world(), LockTiming{testing::kLease, testing::kHeartbeat},
                    [](const std::string&) {}, std::stop_token{});
                ++won;
                refusals.wait();
            } catch (const base::Error& error) {
                EXPECT_EQ(error.kind(), base::ErrorKind::aborted);
                ++refused;
                refusals.count_down();
            }
        });
    }
    threads.clear();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(refused, 7);
}

}  // namespace
}  // namespace dynamigrate::migrate
