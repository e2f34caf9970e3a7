#include "signals.hpp"

#include <csignal>
#include <ctime>

namespace dynamigrate::cli {

namespace {

sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    return signals;
}

/// Wakes the thread that waits for the others; it is blocked like them, so it kills nobody.
constexpr int kWakeSignal = SIGUSR2;

sigset_t watched_signals() {
    sigset_t signals = stop_signals();
    sigaddset(&signals, kWakeSignal);
    return signals;
}

}  // namespace

SignalWatch::SignalWatch(std::function<void(int)> on_signal) : on_signal_(std::move(on_signal)) {
    sigset_t signals = watched_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    thread_ = std::jthread([this](const std::stop_token& ended) { watch(ended); });
}

SignalWatch::~SignalWatch() {
    thread_.request_stop();
    pthread_kill(thread_.native_handle(), kWakeSignal);
    thread_.join();
    sigset_t signals = stop_signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void SignalWatch::watch(const std::stop_token& ended) {
    sigset_t signals = watched_signals();
    while (!ended.stop_requested()) {
        int received = 0;
        sigwait(&signals, &received);
        if (received == SIGINT || received == SIGTERM) {
            count_signal();
        }
    }
}

void SignalWatch::count_signal() {
    ++count_;
    on_signal_(count_);
    (count_ == 1 ? stop_ : stop_now_).request_stop();
}

}  // namespace dynamigrate::cli
