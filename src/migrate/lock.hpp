#pragma once

#include "native_table.hpp"

#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace dynamigrate::migrate {

struct LockItem;

struct LockTiming {
    std::chrono::milliseconds lease{30'000};
    std::chrono::milliseconds heartbeat{5'000};
};

/// Who holds the scope's lock; nothing when nobody does.
std::optional<LockOwner> read_lock_owner(NativeTable& table);

/// Whether the run goes on or is undone now: its row is open and is the lock's. A state machine's turns
/// raise the lock's fence before the row's, and end interrupted while the lock is kept: there its
/// execution tells.
bool works_on(const std::optional<LockOwner>& owner, const HistoryRow& row);

/// Ends whoever's lease and raises the fence, so that the old owner's next write under it fails.
void break_lock(NativeTable& table);

/// The scope's lock, held from construction to destruction and renewed by an own thread.
///
/// A lock whose owner is dead on this host and boot is taken over at once. One of another host is
/// watched for one lease by this machine's monotonic clock and taken over when its heartbeat does
/// not move. One of another execution of a state machine is taken over only when that has ended, or
/// is not known although it took the lock some minutes ago and no heartbeat moves; one
/// of the world's own execution at once, so that of two calls for it the later one goes on.
/// Errors:  aborted "locked by ..." for a live owner; cancelled.
/// Ensures: the fence is higher than that of every owner before.
class Lock {
public:
    /// `tell` gets a line when the constructor has to wait.
    Lock(NativeTable& table, const World& world, LockTiming timing,
         const std::function<void(const std::string&)>& tell, std::stop_token stop);
    /// Releases it; a failure to do so is only logged: the lease then expires.
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

    std::uint64_t fence() const noexcept { return fence_; }
    /// Stopped as soon as the lock is known to be lost.
    std::stop_token lost() const noexcept { return lost_.get_token(); }
    bool is_lost() const noexcept { return lost_.stop_requested(); }
    /// Before writes that nothing else fences: after a stall of a lease or more somebody else may
    /// hold the lock, though no heartbeat has told so yet; it then counts as lost.
    /// Errors: aborted.
    void expect_fresh();
    /// Called after each renewal, by the thread that renews; what it throws is only logged.
    void set_on_beat(std::function<void()> on_beat);
    /// Leaves it held at destruction: the execution that owns it goes on.
    void keep() noexcept { is_kept_ = true; }
    /// Names the run in the lock from the next heartbeat on.
    void set_run(const std::string& run);

private:
    void acquire(const std::function<void(const std::string&)>& tell, const std::stop_token& stop);
    bool take(const std::optional<LockItem>& held);
    std::optional<bool> looked_at(const std::string& execution) const;
    bool is_recent(const LockOwner& owner) const;
    bool may_succeed(const LockItem& held, const std::function<void(const std::string&)>& tell);
    void watch(const LockItem& held, const std::function<void(const std::string&)>& tell,
               const std::stop_token& stop);
    void beat(const std::stop_token& stop);
    bool renew(const std::stop_token& stop);
    void release();
    bool is_stale() const;
    dynamodb::ExpressionText owned_condition(base::Arena& arena) const;

    NativeTable& table_;
    base::Clock& clock_;
    base::Random& random_;
    base::Log& log_;
    base::ProcessIdentity identity_;
    const std::string execution_;
    ExecutionWatch* executions_;
    bool is_kept_ = false;
    LockTiming timing_;
    std::string token_;
    std::uint64_t fence_ = 0;
    std::uint64_t heartbeat_ = 0;
    std::atomic<base::SteadyTime> renewed_{};  ///< when the last renewal that held was sent
    std::mutex mutex_;
    std::string run_;
    std::mutex beat_mutex_;
    std::function<void()> on_beat_;  ///< guarded by `beat_mutex_`
    std::stop_source lost_;
    std::jthread thread_;
};

}  // namespace dynamigrate::migrate
