#pragma once

#include "control_watch.hpp"
#include "lock.hpp"
#include "native_table.hpp"

#include <dynamigrate/migrate/migrator.hpp>

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

using Tell = std::function<void(const std::string&)>;

/// A stop that any of several stops causes.
class JoinedStop {
public:
    explicit JoinedStop(const std::vector<std::stop_token>& causes);
    std::stop_token token() const { return source_.get_token(); }

private:
    struct Request {
        std::stop_source source;
        void operator()() { source.request_stop(); }
    };
    using Callback = std::stop_callback<Request>;

    std::stop_source source_;
    std::vector<std::unique_ptr<Callback>> callbacks_;
};

/// How what is done under a lock may be ended from outside.
struct Stops {
    std::stop_token graceful;
    std::stop_token now;
};

/// The lock, and the stops of what is done under it. Every change of a history is made under one.
///
/// The table and what the world points to must outlive it.
class HeldLock {
public:
    /// Creates the history table where there is none; waits for the lock as Lock does.
    HeldLock(NativeTable& table, const World& world, const Settings& settings, const Tell& tell,
             const Stops& stops);

    /// Also stopped when the lock is lost, or the run is aborted from elsewhere.
    std::stop_token stop() const { return ends_.token(); }
    /// Also stopped when the lock is lost.
    std::stop_token stop_now() const { return ends_now_.token(); }
    Lock& lock() noexcept { return lock_; }
    ControlWatch& control() noexcept { return control_; }
    std::uint64_t fence() const { return lock_.fence(); }

private:
    struct Release {
        ControlWatch& control;
        void operator()() const { control.release(); }
    };
    NativeTable& created(NativeTable& table) const;

    JoinedStop waits_;
    Lock lock_;
    ControlWatch control_;
    JoinedStop ends_;
    JoinedStop ends_now_;
    std::stop_callback<Release> release_;
};

}  // namespace dynamigrate::migrate
