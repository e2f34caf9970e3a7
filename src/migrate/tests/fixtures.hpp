#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/expressions/testing/memory_service.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace dynamigrate::migrate::testing {

/// A step that does what it is told.
class FakeStep final : public Step {
public:
    using Function = std::function<StepResult(const StepRun&)>;

    explicit FakeStep(std::string name, Function function = {},
                      Reversal::Kind reversal = Reversal::Kind::inverse)
        : name_(std::move(name)),
          function_(std::move(function)),
          reversal_(reversal) {}

    std::string kind() const override { return "fake"; }
    std::string summary() const override { return name_; }
    std::vector<std::string> tables() const override { return {"app"}; }
    Reversal reversal() const override { return {reversal_, "it was made so"}; }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<FakeStep>("inverse of " + name_, undo);
    }
    StepResult run(const StepRun& run) const override {
        return function_ ? function_(run) : StepResult{};
    }

    Function undo;  ///< what the inverse does

private:
    std::string name_;
    Function function_;
    Reversal::Kind reversal_;
};

inline StepPtr fake_step(std::string name, FakeStep::Function function = {},
                         Reversal::Kind reversal = Reversal::Kind::inverse) {
    return std::make_shared<FakeStep>(std::move(name), std::move(function), reversal);
}

/// A version with one step, reversible.
inline Migration simple(const std::string& id, std::vector<std::string> dependencies = {}) {
    Migration migration(id, "about " + id);
    migration.depends_on(std::move(dependencies)).step(fake_step("step of " + id)).down_auto();
    return migration;
}

/// An applied (or other) row, later than those made before.
inline HistoryRow row_of(const Migration& migration, Status status, std::string action = "up") {
    static int made = 0;
    HistoryRow row;
    row.id = migration.id();
    row.run = "run-" + std::to_string(++made);
    row.status = status;
    row.action = std::move(action);
    row.checksum = migration.checksum();
    row.journal = "/journal";
    row.started_at = base::to_iso8601(base::WallTime{std::chrono::milliseconds{made}});
    row.steps_done = status == Status::applied ? 1 : 0;
    return row;
}

/// Stands still: waits of the heartbeat last until `beat`, others advance it and return at once.
class LeaseClock final : public base::Clock {
public:
    explicit LeaseClock(std::chrono::milliseconds heartbeat) : heartbeat_(heartbeat) {}

    base::WallTime now() const override { return clock_.now(); }
    base::SteadyTime steady_now() const override { return clock_.steady_now(); }
    bool wait(std::chrono::nanoseconds duration, std::stop_token stop) override {
        if (duration != heartbeat_) {
            if (on_wait) {
                on_wait();
            }
            return clock_.wait(duration, stop);
        }
        std::unique_lock lock(mutex_);
        ++waiting_;
        changed_.notify_all();
        bool is_woken = changed_.wait(lock, stop, [&] { return beats_ > 0; });
        --waiting_;
        beats_ -= is_woken ? 1 : 0;
        changed_.notify_all();
        return is_woken;
    }
    /// Lets one heartbeat begin, after the one before has ended.
    void beat() {
        wait_until_idle();
        clock_.advance(heartbeat_);
        std::unique_lock lock(mutex_);
        ++beats_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return beats_ == 0; });
    }
    /// Returns when no heartbeat is under way. Requires that the lock is not lost.
    void wait_until_idle() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return waiting_ > 0; });
    }

    std::function<void()> on_wait;

private:
    base::FakeClock clock_;
    std::chrono::nanoseconds heartbeat_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    int waiting_ = 0;
    int beats_ = 0;
};

/// Keeps the lines.
class RecordingListener final : public Listener {
public:
    void migration_begins(const PlannedMigration& migration) override {
        lines.push_back("begin " + migration.action + " " + migration.migration->id());
    }
    void step_begins(const Migration&, std::uint32_t, std::size_t, const Step& step) override {
        lines.push_back("step " + step.summary());
    }
    void undo_begins(const Migration&, std::uint32_t, std::size_t,
                     const std::string& line) override {
        lines.push_back(line);
    }
    void step_ends(const Migration&, std::uint32_t, const StepResult&) override {}
    void progress(const backfill::Progress&, const layers::MeterReading&) override {}
    void line(const std::string& text) override { lines.push_back(text); }
    void undo_conflict(const backfill::UndoConflict& conflict) override {
        lines.push_back("not restored: table " + conflict.table + ", key " + conflict.key + ": " +
                        conflict.reason);
    }
    void migration_ends(const PlannedMigration&, const HistoryRow& row) override {
        lines.push_back("end " + std::string(to_string(row.status)));
    }

    std::vector<std::string> lines;
};

inline constexpr auto kHeartbeat = std::chrono::milliseconds(5000);
inline constexpr auto kLease = std::chrono::milliseconds(30000);

/// A project in memory: service, clock, chance and settings.
struct Project {
    expressions::MemoryService memory;
    LeaseClock clock{kHeartbeat};
    base::SeededRandom random{1};
    base::TemporaryDirectory directory;
    Registry registry;
    Settings settings;
    base::ProcessIdentity identity = base::ProcessIdentity::of_process();
    RecordingListener listener;

    explicit Project(bool with_transactions = true) {
        settings.journal_directory = directory.path() / "journal";
        settings.default_table = "app";
        settings.lease = kLease;
        settings.heartbeat = kHeartbeat;
        if (!with_transactions) {
            memory.before_call = [](const dynamodb::Call& call) {
                if (call.operation == "TransactWriteItems") {
                    throw base::Error(base::ErrorKind::unimplemented, "no transactions here");
                }
            };
        }
    }

    World world(dynamodb::Service* service = nullptr) {
        World world;
        world.service = service ? service : &memory;
        world.clock = &clock;
        world.random = &random;
        world.log = &base::null_log();
        world.identity = identity;
        return world;
    }
    Migrator migrator(dynamodb::Service* service = nullptr) {
        return Migrator(registry, settings, world(service));
    }
    RunResult up(dynamodb::Service* service = nullptr) {
        Migrator runner(registry, settings, world(service));
        return runner.run(runner.plan_up(std::nullopt, true), listener, {}, {});
    }
};

/// The error that the function throws; a failure when it throws none.
template <class Function>
base::Error error_of(Function&& function) {
    try {
        function();
    } catch (const base::Error& error) {
        return error;
    }
    return base::Error(base::ErrorKind::internal, "nothing was thrown");
}

/// An identity of this host and boot whose process does not live.
inline base::ProcessIdentity dead_identity() {
    base::ProcessIdentity identity = base::ProcessIdentity::of_process();
    identity.pid = 0x3ffffff;
    return identity;
}

}  // namespace dynamigrate::migrate::testing
