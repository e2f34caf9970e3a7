#pragma once

#include "jq_program.hpp"

#include <dynamigrate/base/clock.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

namespace dynamigrate::authoring {

/// What one evaluation may take.
struct JqLimits {
    std::chrono::milliseconds time = std::chrono::seconds(10);
    /// By which the process may grow meanwhile.
    std::uint64_t bytes = std::uint64_t{512} << 20;
};

/// Evaluates one program on many threads, each with a state of its own, and ends evaluations that
/// take too long, too much memory, or are to be stopped.
///
/// What libjq does within one of its built-in functions cannot be ended, only what goes from step
/// to step.
/// Threads: any.
class JqPool {
public:
    /// `stop`: ends what runs. Errors of a program show when it is first evaluated.
    JqPool(JqText text, JqRun run, JqLimits limits, std::stop_token stop);
    ~JqPool();

    /// The only result; nothing when the program has none.
    /// Errors: invalid_argument for what the program raises, and for more than one result;
    ///         failed_precondition for a limit passed; cancelled.
    std::optional<JqValue> evaluate(const JqValue& input);

private:
    enum class End { none, time, memory, stop };
    /// A program and how its evaluation stands.
    struct Seat {
        Seat(const JqText& text, const JqRun& run) : program(text, run) {}
        JqProgram program;
        bool is_running = false;
        base::SteadyTime since{};
        std::uint64_t bytes = 0;
        End end = End::none;
    };

    Seat& take();
    void leave(Seat& seat);
    void begin(Seat& seat, const JqValue& input);
    std::optional<JqValue> run(Seat& seat, const JqValue& input);
    void throw_if_ended(const Seat& seat) const;
    void watch(const std::stop_token& stop);
    void look();
    void end_all(End end);

    JqText text_;
    JqRun run_;
    JqLimits limits_;
    std::stop_token stop_;
    base::SystemClock clock_;
    std::mutex mutex_;
    std::condition_variable_any begun_;
    std::vector<std::unique_ptr<Seat>> seats_;
    std::vector<Seat*> idle_;
    std::optional<std::stop_callback<std::function<void()>>> on_stop_;
    std::jthread watcher_;
};

}  // namespace dynamigrate::authoring
