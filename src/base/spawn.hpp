#pragma once

#include "descriptor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

#include <filesystem>
#include <map>
#include <string>
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

    int spawn(pid_t& pid, char* const* arguments, char* const* environment) {
        return ::posix_spawnp(&pid, arguments[0], &actions_, &attributes_, arguments, environment);
    }

private:
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

}  // namespace dynamigrate::base
