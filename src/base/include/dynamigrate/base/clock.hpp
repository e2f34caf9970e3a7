#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <string>

namespace dynamigrate::base {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// Tells the time and waits: the one source of both, so that tests can replace them.
///
/// Threads: all members may be called from any thread.
class Clock {
public:
    virtual ~Clock() = default;

    /// Time of day, for what people and AWS read. It may jump.
    virtual WallTime now() const = 0;

    /// Monotonic time, for measuring and for leases.
    virtual SteadyTime steady_now() const = 0;

    /// Waits for the duration; returns false as soon as a stop is requested.
    virtual bool wait(std::chrono::nanoseconds duration, std::stop_token stop) = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
public:
    WallTime now() const override;
    SteadyTime steady_now() const override;
    bool wait(std::chrono::nanoseconds duration, std::stop_token stop) override;
};

/// A clock that stands still until told: `wait` advances it by the duration and returns at once.
class FakeClock final : public Clock {
public:
    explicit FakeClock(WallTime start = WallTime{std::chrono::milliseconds{1'700'000'000'000}});
    WallTime now() const override;
    SteadyTime steady_now() const override;
    bool wait(std::chrono::nanoseconds duration, std::stop_token stop) override;
    void advance(std::chrono::nanoseconds duration);
    /// Sum of all waits so far.
    std::chrono::nanoseconds waited() const;

private:
    mutable std::mutex mutex_;
    WallTime start_;
    std::chrono::nanoseconds elapsed_{0};
    std::chrono::nanoseconds waited_{0};
};

/// Formats as "2026-01-31T23:59:59.123Z".
std::string to_iso8601(WallTime time);
/// Parses "2026-01-31T23:59:59[.fff](Z|+hh:mm)"; throws Error invalid_argument otherwise.
WallTime parse_iso8601(std::string_view text);
/// Throws Error{cancelled, "stopped"} when a stop is requested.
void throw_if_stopped(const std::stop_token& stop);

}  // namespace dynamigrate::base
