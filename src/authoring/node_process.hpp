#pragma once

#include <dynamigrate/authoring/script_settings.hpp>
#include <dynamigrate/base/live_child.hpp>
#include <dynamigrate/base/scratch_directory.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::authoring {

/// What a Node process may take.
struct NodeLimits {
    /// For an answer; the first may take a minute at least, however short it is.
    std::chrono::milliseconds time{60'000};
    std::uint64_t memory_mb = 1024;
};

/// The user's Node, checked, and our host as files that it can run.
///
/// Owns: a temporary directory. Threads: any.
class NodeInstallation {
public:
    /// Errors: failed_precondition when there is no Node or it is too old, with what to do.
    explicit NodeInstallation(ScriptSettings settings);

    base::LiveChildOptions start(const NodeLimits& limits) const;
    /// The command that runs a file of the host. `memory_mb`: of its heap; 0: as Node has it.
    std::vector<std::string> command(const std::string& file,
                                     const std::vector<std::string>& arguments,
                                     std::uint64_t memory_mb = 0) const;
    const ScriptSettings& settings() const noexcept { return settings_; }
    /// Of the host's files.
    const std::filesystem::path& directory() const noexcept { return directory_.path(); }

private:
    void check_version();

    ScriptSettings settings_;
    base::ScratchDirectory directory_;
    bool may_strip_types_ = false;
};

/// A Node at work, which answers one question after another.
///
/// Threads: one at a time.
class NodeProcess {
public:
    /// `on_line`: gets what scripts print, from another thread.
    /// `environment`: all of its variables, instead of the installation's.
    NodeProcess(const NodeInstallation& installation, NodeLimits limits,
                std::function<void(std::string_view)> on_line,
                const std::map<std::string, std::string>* environment = nullptr);

    /// Space for a question, JSON; `ask` sends what was appended to it.
    std::string& question();
    /// Sends the question; the answer, JSON, is valid until the next question.
    /// Errors: failed_precondition when the process died, with its last errors, or went beyond its
    ///         limits (it is killed); cancelled. `what`: what was being done, for these.
    std::string& ask(const std::string& what, std::stop_token stop);

private:
    void expect_answer(const std::string& what, const std::stop_token& stop);
    void receive(std::size_t count, const std::string& what, const std::stop_token& stop);
    [[noreturn]] void fail_dead(const std::string& what);
    [[noreturn]] void fail_slow(const std::string& what);
    [[noreturn]] void fail_greedy(const std::string& what);

    NodeLimits limits_;
    std::chrono::milliseconds limit_;  ///< of the next answer
    base::LiveChild child_;
    std::string question_;
    std::string answer_;
};

}  // namespace dynamigrate::authoring
