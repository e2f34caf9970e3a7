#pragma once

#include <functional>
#include <stop_token>
#include <thread>

namespace dynamigrate::cli {

/// Turns SIGINT and SIGTERM into stops while it lives: the first asks to end gracefully, the second
/// to end at once.
///
/// Requires: made before the threads that must not be interrupted; they inherit the blocked signals.
class SignalWatch {
public:
    /// `on_signal`: called in a thread of its own with the count of signals so far.
    explicit SignalWatch(std::function<void(int count)> on_signal);
    ~SignalWatch();
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    std::stop_token stop() const { return stop_.get_token(); }
    std::stop_token stop_now() const { return stop_now_.get_token(); }
    /// Ends what watches, gently or at once, without a signal.
    void end(bool at_once) { (at_once ? stop_now_ : stop_).request_stop(); }

private:
    void watch(const std::stop_token& ended);
    void count_signal();

    std::function<void(int)> on_signal_;
    std::stop_source stop_, stop_now_;
    int count_ = 0;
    std::jthread thread_;
};

}  // namespace dynamigrate::cli
