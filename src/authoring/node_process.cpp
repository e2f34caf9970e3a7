#include "node_process.hpp"

#include "frames.hpp"
#include "node_files.hpp"

#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/ending.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;

namespace {

constexpr int kOldestMajor = 18;
/// Between these, a Node can run TypeScript, but only when told to.
constexpr int kStripsMajor = 22, kStripsMinor = 6, kStripsByItself = 24;
constexpr std::chrono::seconds kVersionTimeout{60};
/// The first answer takes the start of Node and the loading of modules, too.
constexpr std::chrono::milliseconds kStartingTime{60'000};
constexpr std::chrono::seconds kDyingTime{5};
constexpr std::chrono::milliseconds kWatchInterval{100};
constexpr unsigned kMegabyteBits = 20;

struct NodeVersion {
    int major = 0, minor = 0;
};

/// From "v20.11.1".
NodeVersion parse_version(std::string_view text) {
    NodeVersion version;
    if (text.starts_with('v')) {
        const char* end = text.data() + text.size();
        const auto major = std::from_chars(text.data() + 1, end, version.major);
        if (major.ptr != end && *major.ptr == '.') {
            std::from_chars(major.ptr + 1, end, version.minor);
        }
    }
    return version;
}

constexpr std::string_view kAdvice =
    "install Node.js 18 or later (https://nodejs.org), or say where it is with `node: PATH` in the "
    "configuration";

}  // namespace

NodeInstallation::NodeInstallation(ScriptSettings settings)
    : settings_(std::move(settings)),
      directory_(base::temporary_parent(), "dynamigrate-node-") {
    check_version();
    for (const EmbeddedFile& file : node_files()) {
        base::write_file_atomically(directory_.path() / file.name, file.text);
    }
}

void NodeInstallation::check_version() {
    base::ChildResult result;
    try {
        result = base::SystemChildProcesses().run({settings_.node, "--version"},
                                                  settings_.environment, kVersionTimeout, {});
    } catch (const Error& error) {
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("migrations in JavaScript need Node.js, and {} cannot be started; {}",
                        settings_.node, kAdvice))
            .because(error);
    }
    const NodeVersion version = parse_version(result.out);
    if (version.major < kOldestMajor) {
        const std::string found = result.out.substr(0, result.out.find('\n'));
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("migrations in JavaScript need Node.js 18 or later, and {} is {}; {}",
                        settings_.node, found.empty() ? "no Node.js" : found, kAdvice));
    }
    may_strip_types_ = version.major >= kStripsMajor && version.major < kStripsByItself &&
                       (version.major > kStripsMajor || version.minor >= kStripsMinor);
}

std::vector<std::string> NodeInstallation::command(const std::string& file,
                                                   const std::vector<std::string>& arguments,
                                                   std::uint64_t memory_mb) const {
    std::vector<std::string> all{settings_.node, "--no-warnings"};
    if (memory_mb > 0) {
        all.push_back(fmt::format("--max-old-space-size={}", memory_mb));
    }
    if (may_strip_types_) {
        all.emplace_back("--experimental-strip-types");
    }
    all.push_back((directory_.path() / file).string());
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

base::LiveChildOptions NodeInstallation::start(const NodeLimits& limits) const {
    base::LiveChildOptions options;
    options.arguments = command("host.mjs", {}, limits.memory_mb);
    options.environment = settings_.environment;
    options.has_channel = true;
    return options;
}

namespace {

base::LiveChildOptions with_lines(base::LiveChildOptions options,
                                  std::function<void(std::string_view)> on_line,
                                  const std::map<std::string, std::string>* environment) {
    options.on_line = std::move(on_line);
    if (environment != nullptr) {
        options.environment = *environment;
    }
    return options;
}

}  // namespace

NodeProcess::NodeProcess(const NodeInstallation& installation, NodeLimits limits,
                         std::function<void(std::string_view)> on_line,
                         const std::map<std::string, std::string>* environment)
    : limits_(limits),
      limit_(std::max(limits.time, kStartingTime)),
      child_(with_lines(installation.start(limits), std::move(on_line), environment)) {}

std::string& NodeProcess::question() {
    begin_frame(question_);
    return question_;
}

std::string& NodeProcess::ask(const std::string& what, std::stop_token stop) {
    end_frame(question_);
    try {
        if (!child_.send(question_, limit_, stop)) {
            fail_dead(what);
        }
        expect_answer(what, stop);
        receive(kFrameLength, what, stop);
        receive(frame_length(answer_), what, stop);
        limit_ = limits_.time;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unavailable) {
            throw;
        }
        fail_slow(what);
    }
    return answer_;
}

/// Looks after its memory meanwhile.
void NodeProcess::expect_answer(const std::string& what, const std::stop_token& stop) {
    std::chrono::milliseconds left = limit_;
    while (!child_.wait_for_answer(std::min(left, kWatchInterval), stop)) {
        left -= std::min(left, kWatchInterval);
        if (child_.resident_memory() > limits_.memory_mb << kMegabyteBits) {
            fail_greedy(what);
        }
        if (left.count() == 0) {
            fail_slow(what);
        }
    }
}

void NodeProcess::receive(std::size_t count, const std::string& what, const std::stop_token& stop) {
    answer_.clear();
    if (!child_.receive(answer_, count, limit_, stop)) {
        fail_dead(what);
    }
}

void NodeProcess::fail_slow(const std::string& what) {
    child_.end(std::chrono::milliseconds(0), {});
    throw Error(
        ErrorKind::failed_precondition,
        fmt::format("{} took longer than {} s and was ended: does it loop for ever? If it needs "
                    "longer, raise the migration's `timeout` (seconds)",
                    what, std::chrono::duration<double>(limit_).count()));
}

void NodeProcess::fail_greedy(const std::string& what) {
    child_.end(std::chrono::milliseconds(0), {});
    throw Error(
        ErrorKind::failed_precondition,
        fmt::format("{} took more than {} MB of memory and was ended: does it keep what it saw? "
                    "If it needs more, raise the migration's `memory` (MB)",
                    what, limits_.memory_mb));
}

void NodeProcess::fail_dead(const std::string& what) {
    const int code = child_.wait(kDyingTime, {}).value_or(0);
    const std::vector<std::string> lines = child_.last_errors();
    throw Error(
        ErrorKind::failed_precondition,
        fmt::format("{}: the Node process {}{}{}", what, base::describe_ending(code),
                    lines.empty() ? "" : "; its last errors:\n    ", fmt::join(lines, "\n    ")));
}

}  // namespace dynamigrate::authoring
