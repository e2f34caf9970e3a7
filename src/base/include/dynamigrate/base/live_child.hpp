#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::base {

/// Descriptors of this process that a child writes to.
struct ChildOutput {
    int out = 1;
    int err = 2;
};

/// What a child is started with.
struct LiveChildOptions {
    std::vector<std::string> arguments;              ///< the first: a program, searched on PATH
    std::map<std::string, std::string> environment;  ///< the child's whole environment
    std::filesystem::path directory;                 ///< it works in; "" : this process's
    /// Each line that it prints, without its end, as it comes. Called from a thread of the child's.
    std::function<void(std::string_view line)> on_line;
    /// It writes there what it prints; then nobody is told of lines, and last errors are not kept.
    std::optional<ChildOutput> output = std::nullopt;
    /// Gives it descriptors of its own to talk by: it reads 3 and writes 4.
    bool has_channel = false;
};

/// A program that is watched while it runs, with an empty standard input.
///
/// Owns:    the program and its whole process group, which ends with it, and at the latest with this
///          object.
/// Threads: one at a time.
class LiveChild {
public:
    /// Errors: not_found when it cannot be started.
    explicit LiveChild(LiveChildOptions options);
    ~LiveChild();
    LiveChild(const LiveChild&) = delete;
    LiveChild& operator=(const LiveChild&) = delete;

    /// Waits for its end; then everything that it printed has been told. Its exit code, or 128 and
    /// the number of the signal that killed it; nothing when the time is over or stop is requested.
    std::optional<int> wait(std::chrono::milliseconds time, std::stop_token stop);
    /// Asks it and its group to end (SIGTERM), and after the time, or when stop is requested, kills
    /// them. Its exit code as from `wait`.
    int end(std::chrono::milliseconds grace, std::stop_token stop);

    /// Writes to its channel. Returns false when the child no longer reads.
    /// Errors: unavailable when the time is over; cancelled on stop.
    bool send(std::string_view bytes, std::chrono::milliseconds time, std::stop_token stop);
    /// Appends exactly `count` bytes of what the child wrote to its channel. Returns false when it
    /// has ended or closed it before. Errors: as `send`.
    bool receive(std::string& bytes, std::size_t count, std::chrono::milliseconds time,
                 std::stop_token stop);

    /// Waits until it wrote to its channel or closed it; false when the time is over before.
    /// Errors: cancelled on stop.
    bool wait_for_answer(std::chrono::milliseconds time, std::stop_token stop);

    /// Bytes of memory that the program itself (not its children) occupies now; 0 when it has ended.
    std::uint64_t resident_memory() const;

    /// The last lines that it wrote to its standard error, oldest first.
    std::vector<std::string> last_errors() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace dynamigrate::base
