#pragma once

#include <dynamigrate/base/clock.hpp>

#include <chrono>
#include <stop_token>
#include <thread>

namespace dynamigrate::cloud {

/// How long before the deadline work is asked to end, and how long before it is cut short.
struct DeadlineMargins {
    std::chrono::milliseconds gently;
    std::chrono::milliseconds at_once;
};

/// A minute and ten seconds, or less of a short time: a third and a tenth.
DeadlineMargins deadline_margins(std::chrono::milliseconds left);

/// Turns an invocation's deadline into stops: work ends a page early and leaves a checkpoint.
///
/// Owns: a thread, which its destructor ends.
class Deadline {
public:
    /// The clock must outlive it.
    Deadline(base::Clock& clock, base::WallTime end);

    std::stop_token stop() const { return stop_.get_token(); }
    std::stop_token stop_now() const { return stop_now_.get_token(); }
    /// Whether work was asked to end.
    bool is_near() const { return stop_.stop_requested(); }

private:
    void watch(base::Clock& clock, base::WallTime end, const std::stop_token& over);

    std::stop_source stop_, stop_now_;
    std::jthread thread_;
};

}  // namespace dynamigrate::cloud
