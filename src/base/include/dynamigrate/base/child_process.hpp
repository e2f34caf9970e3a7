#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::base {

/// What a finished child left behind.
struct ChildResult {
    int exit_code = 0;  ///< 128 + signal when it was killed by one
    std::string out;
    std::string err;
};

/// Starts programs, so that tests can replace them.
class ChildProcesses {
public:
    virtual ~ChildProcesses() = default;

    /// Runs a program (arguments[0], searched on PATH) to its end with its standard input closed.
    ///
    /// `environment`: the child's whole environment; nothing: this process's.
    /// Errors: not_found when it cannot be started; unavailable when it outlives the timeout
    /// (it is killed); cancelled on stop (it is killed).
    virtual ChildResult run(const std::vector<std::string>& arguments,
                            const std::optional<std::map<std::string, std::string>>& environment,
                            std::chrono::milliseconds timeout, std::stop_token stop) = 0;
};

class SystemChildProcesses final : public ChildProcesses {
public:
    ChildResult run(const std::vector<std::string>& arguments,
                    const std::optional<std::map<std::string, std::string>>& environment,
                    std::chrono::milliseconds timeout, std::stop_token stop) override;
};

/// Splits a command line as a POSIX shell splits words (quotes and backslashes, no expansion).
/// Throws Error invalid_argument for an unclosed quote.
std::vector<std::string> split_command_line(std::string_view text);

}  // namespace dynamigrate::base
