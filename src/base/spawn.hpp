#pragma once

#include "descriptor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace dynamigrate::base {

/// What posix_spawn does in the child before it becomes the program.
class SpawnSetup {
public:
    SpawnSetup() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
    }
    ~SpawnSetup() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;

    void connect(int out, int err) {
        ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions_, err, STDERR_FILENO);
    }

    /// Gives the child a descriptor of ours under a number of its own.
    void give(int from, int as) { ::posix_spawn_file_actions_adddup2(&actions_, from, as); }
    void work_in(const std::filesystem::path& directory) {
        ::posix_spawn_file_actions_addchdir_np(&actions_, directory.c_str());
    }

    /// An own process group, so that its children die with it; no signal blocked or ignored.
    void isolate() {
        sigset_t none;
        ::sigemptyset(&none);
        sigset_t all;
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setpgroup(&attributes_, 0);
        ::posix_spawnattr_setflags(
            &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }

private:
    friend class SpawnedChild;

    posix_spawn_file_actions_t actions_;
    posix_spawnattr_t attributes_;
};

struct Pipe {
    Descriptor read;
    Descriptor write;
};

inline Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        throw system_error(errno, "open", "a pipe");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

inline std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (std::string& text : texts) {
        pointers.push_back(text.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

inline std::vector<std::string> to_entries(const std::map<std::string, std::string>& environment) {
    std::vector<std::string> entries;
    for (const auto& [name, value] : environment) {
        entries.push_back(name + "=" + value);
    }
    return entries;
}

/// Exit codes above this one are those of signals.
inline constexpr int kFirstSignal = 128;

/// A started child; killed with its whole process group and reaped if it was not.
class SpawnedChild {
public:
    SpawnedChild() = default;
    /// `environment`: all of its variables; nothing: this process's.
    /// Errors: not_found when it cannot be started.
    SpawnedChild(SpawnSetup& setup, std::vector<std::string> arguments,
                 const std::optional<std::map<std::string, std::string>>& environment) {
        std::vector<std::string> entries =
            to_entries(environment.value_or(std::map<std::string, std::string>{}));
        const std::vector<char*> words = pointers_to(arguments);
        const std::vector<char*> variables = pointers_to(entries);
        const int code = ::posix_spawnp(&pid_, words[0], &setup.actions_, &setup.attributes_,
                                        words.data(), environment ? variables.data() : ::environ);
        if (code != 0) {
            pid_ = 0;
            throw Error(ErrorKind::not_found, "cannot start " + arguments[0] + ": " +
                                                  std::generic_category().message(code));
        }
        end_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (!end_.is_open()) {
            const int failure = errno;
            kill_and_reap();
            throw system_error(failure, "watch", arguments[0]);
        }
    }
    ~SpawnedChild() { kill_and_reap(); }
    SpawnedChild(const SpawnedChild&) = delete;
    SpawnedChild& operator=(SpawnedChild&& other) noexcept {
        std::swap(pid_, other.pid_);
        std::swap(end_, other.end_);
        return *this;
    }

    pid_t pid() const { return pid_; }
    /// Readable once the child has ended.
    int end() const { return end_.get(); }
    void signal_group(int number) const { ::kill(-pid_, number); }

    /// Waits for its end. Returns its exit code, or 128 and the signal that killed it.
    int reap() {
        int status = 0;
        uninterrupted([&] { return ::waitpid(pid_, &status, 0); });
        pid_ = 0;
        return WIFSIGNALED(status) ? kFirstSignal + WTERMSIG(status) : WEXITSTATUS(status);
    }

private:
    void kill_and_reap() {
        if (pid_ != 0) {
            signal_group(SIGKILL);
            reap();
        }
    }

    pid_t pid_ = 0;
    Descriptor end_;
};

/// Readable once a stop is requested.
class StopSignal {
public:
    explicit StopSignal(const std::stop_token& stop)
        : event_(::eventfd(0, EFD_CLOEXEC)),
          callback_(stop, [this] { ::eventfd_write(event_.get(), 1); }) {}
    int fd() const { return event_.get(); }

private:
    Descriptor event_;
    std::stop_callback<std::function<void()>> callback_;
};

/// Time left until a moment, for poll.
class Until {
public:
    explicit Until(std::chrono::milliseconds time)
        : at_(std::chrono::steady_clock::now() +
              std::min<std::chrono::milliseconds>(time, std::chrono::hours{24 * 365})) {}
    bool is_over() const { return std::chrono::steady_clock::now() >= at_; }
    int poll_time() const {
        constexpr std::int64_t kLongestPoll = 3'600'000;
        auto left =
            std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
        return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kLongestPoll));
    }

private:
    std::chrono::steady_clock::time_point at_;
};

}  // namespace dynamigrate::base
