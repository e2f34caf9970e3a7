#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// The state machine that runs one migration by the calls of `Fleet`, as a value.
namespace dynamigrate::migrate {

/// What a state machine is made for.
struct StateMachine {
    std::string migration;      ///< version or name
    std::string action = "up";  ///< unless the execution's input says `action`
    /// ARN of the function, or what a template puts in its place.
    std::string function_arn;
    std::uint32_t concurrency = 16;  ///< segments worked at once; at most 10,000
    /// Share of a round's segments that may fail before the round does; they are tried again in the
    /// next round.
    double tolerated_failure_percent = 0;
    std::chrono::seconds call_timeout{900};  ///< the function's own
};

/// In the Amazon States Language: a standard workflow of turns; for a step's segments a distributed
/// map with a standard execution for each; the end, or the record of a failure.
///
/// An execution's input may say `{"action": "down"}`; else "action" is the machine's. With
/// `{"dry": true}` nothing is written: one call for each segment of a step tries it, and a last one,
/// whose answer is the execution's output, adds up what they found.
/// Errors: invalid_argument for a concurrency of 0 or above 10,000, no function, or one that may run
/// for less than two minutes.
std::string definition(const StateMachine& machine);

/// The `Retry` of a call of the function, in JSON: what can pass by itself.
std::string_view call_retries() noexcept;

/// What an execution makes of a step at most, without failures.
struct ExecutionSize {
    std::uint64_t events = 0;         ///< of the machine's own history: 25,000 are allowed
    std::uint64_t child_events = 0;   ///< of one segment's execution: as many
    std::uint64_t payload_bytes = 0;  ///< of the largest state: 262,144 are allowed
    std::uint64_t transitions = 0;    ///< of all executions: what is paid for
};
inline constexpr std::uint64_t kMostEvents = 25'000;
inline constexpr std::uint64_t kMostPayloadBytes = 256 * 1024;

/// What is to be done by an execution.
struct ExecutionWork {
    std::uint32_t steps = 1;     ///< that are worked by segments
    std::uint32_t segments = 1;  ///< of each
    /// How long one process would work on all, `call_timeout` at a time.
    std::chrono::seconds time_of_a_segment{60};
    std::chrono::seconds time_of_turns{60};  ///< on what is not worked by segments
    std::chrono::seconds paused{0};
};

ExecutionSize size_of(const ExecutionWork& work, const StateMachine& machine);

/// What a call of the function lasts: it hands back before its deadline.
constexpr std::chrono::seconds kBeforeDeadline{60};
/// Between two looks at a paused run.
constexpr std::chrono::seconds kRest{300};

}  // namespace dynamigrate::migrate
