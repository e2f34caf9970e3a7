#pragma once

#include "lock.hpp"
#include "native_table.hpp"

#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/migrate/control.hpp>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

namespace dynamigrate::migrate {

/// The record of a run's wishes: `control#<run>`. Written by whoever wishes, without the lock.
RunWishes read_wishes(NativeTable& table, const std::string& run);

/// Notes that the runner knows the wishes up to that number.
void note_seen_wishes(NativeTable& table, const std::string& run, std::uint64_t number);

/// Does what people wish of the run at work: reads its wishes with each heartbeat of the lock.
///
/// Threads: any. The lock, the table and the world must outlive it.
class ControlWatch {
public:
    ControlWatch(NativeTable& table, const World& world, Lock& lock);
    ~ControlWatch();

    /// The service for the steps of runs: its calls wait while the run is paused.
    dynamodb::Service& service() noexcept;
    /// Stopped when somebody wishes that the run ends.
    std::stop_token aborted() const noexcept { return aborted_.get_token(); }
    RunWishes wishes() const;
    /// Lets nothing wait any more: everything is to end.
    void release();

    /// Ends the following of a run.
    class Following {
    public:
        explicit Following(ControlWatch& watch) : watch_(&watch) {}
        Following(const Following&) = delete;
        Following& operator=(const Following&) = delete;
        ~Following() { watch_->unfollow(); }

    private:
        ControlWatch* watch_;
    };
    /// Follows the run's wishes from now on; what was wished before is over, unless this `goes_on` with
    /// what another process of the same owner did: then the rates stay, and what nobody has seen yet
    /// takes effect. `tell` gets a line, from the thread of the heartbeat, when a wish takes effect.
    Following follow(const std::string& run, std::function<void(const std::string&)> tell,
                     bool goes_on = false);

private:
    class Gate;
    void unfollow();
    void look();
    std::string take(const RunWishes& next);
    void wait_while_paused(const std::stop_token& stop);

    NativeTable& table_;
    Lock& lock_;
    std::unique_ptr<Gate> gate_;
    std::stop_source aborted_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::condition_variable_any changed_;
    std::string run_;
    RunWishes wishes_;
    bool is_released_ = false;
    std::mutex looking_;  ///< held while wishes are read and told
    std::function<void(const std::string&)> tell_;
};

}  // namespace dynamigrate::migrate
