#include <dynamigrate/base/child_process.hpp>

#include "spawn.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace dynamigrate::base {

namespace {

/// A started child; killed with its whole process group and reaped if it is not finished.
class Child {
public:
    Child(std::vector<std::string> arguments,
          const std::optional<std::map<std::string, std::string>>& environment) {
        Pipe out = make_pipe();
        Pipe err = make_pipe();
        SpawnSetup setup;
        setup.connect(out.write.get(), err.write.get());
        setup.isolate();
        std::vector<std::string> entries =
            to_entries(environment.value_or(std::map<std::string, std::string>{}));
        const std::vector<char*> argument_pointers = pointers_to(arguments);
        const std::vector<char*> entry_pointers = pointers_to(entries);
        const int code = setup.spawn(pid_, argument_pointers.data(),
                                     environment ? entry_pointers.data() : ::environ);
        if (code != 0) {
            throw Error(ErrorKind::not_found, "cannot start " + arguments[0] + ": " +
                                                  std::generic_category().message(code));
        }
        out_ = std::move(out.read);
        err_ = std::move(err.read);
        end_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        if (!end_.is_open()) {
            const int failure = errno;
            kill_and_reap();
            throw system_error(failure, "watch", arguments[0]);
        }
    }
    ~Child() {
        if (!reaped_) {
            kill_and_reap();
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    Descriptor& out() { return out_; }
    Descriptor& err() { return err_; }
    /// Readable once the child has ended.
    int end() const { return end_.get(); }

    int reap() {
        int status = 0;
        uninterrupted([&] { return ::waitpid(pid_, &status, 0); });
        reaped_ = true;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

private:
    void kill_and_reap() {
        ::kill(-pid_, SIGKILL);
        reap();
    }

    pid_t pid_ = 0;
    Descriptor out_;
    Descriptor err_;
    Descriptor end_;
    bool reaped_ = false;
};

/// Reads what is there; closes the descriptor at its end.
void drain_once(Descriptor& from, std::string& into) {
    char block[64 * 1024];
    const ssize_t got = uninterrupted([&] { return ::read(from.get(), block, sizeof block); });
    if (got > 0) {
        into.append(block, static_cast<std::size_t>(got));
    } else {
        from.close();
    }
}

bool is_readable(const Descriptor& descriptor) {
    pollfd entry{descriptor.get(), POLLIN, 0};
    return descriptor.is_open() && uninterrupted([&] { return ::poll(&entry, 1, 0); }) > 0;
}

/// Takes what an ended child left in its pipe, without waiting for grandchildren that hold it.
void drain_rest(Descriptor& from, std::string& into) {
    while (is_readable(from)) {
        drain_once(from, into);
    }
}

class Deadline {
public:
    explicit Deadline(std::chrono::milliseconds timeout)
        : at_(std::chrono::steady_clock::now() +
              std::min<std::chrono::milliseconds>(timeout, std::chrono::hours{24 * 365})) {}

    std::chrono::milliseconds left() const {
        return std::chrono::ceil<std::chrono::milliseconds>(at_ - std::chrono::steady_clock::now());
    }

private:
    std::chrono::steady_clock::time_point at_;
};

void wait_and_read(Child& child, ChildResult& result, const Deadline& deadline, int stop_signal,
                   const std::string& program) {
    while (true) {
        const auto left = deadline.left();
        if (left.count() <= 0) {
            throw Error(ErrorKind::unavailable, program + " did not end in time and was killed");
        }
        std::array<pollfd, 4> entries{{{stop_signal, POLLIN, 0},
                                       {child.end(), POLLIN, 0},
                                       {child.out().get(), POLLIN, 0},
                                       {child.err().get(), POLLIN, 0}}};
        constexpr std::int64_t kLongestPoll = 3'600'000;
        const int ready =
            ::poll(entries.data(), entries.size(),
                   static_cast<int>(std::min<std::int64_t>(left.count(), kLongestPoll)));
        if (ready <= 0) {
            continue;
        }
        if (entries[0].revents != 0) {
            throw Error(ErrorKind::cancelled, "stopped while running " + program);
        }
        if (entries[2].revents != 0) {
            drain_once(child.out(), result.out);
        }
        if (entries[3].revents != 0) {
            drain_once(child.err(), result.err);
        }
        if (entries[1].revents != 0) {
            return;
        }
    }
}

}  // namespace

ChildResult SystemChildProcesses::run(
    const std::vector<std::string>& arguments,
    const std::optional<std::map<std::string, std::string>>& environment,
    std::chrono::milliseconds timeout, std::stop_token stop) {
    if (arguments.empty() || arguments[0].empty()) {
        throw Error(ErrorKind::invalid_argument, "cannot start a program without a name");
    }
    const Descriptor stop_signal(::eventfd(0, EFD_CLOEXEC));
    const std::stop_callback on_stop(stop, [&] { ::eventfd_write(stop_signal.get(), 1); });
    const Deadline deadline(timeout);
    Child child(arguments, environment);
    ChildResult result;
    wait_and_read(child, result, deadline, stop_signal.get(), arguments[0]);
    drain_rest(child.out(), result.out);
    drain_rest(child.err(), result.err);
    result.exit_code = child.reap();
    return result;
}

}  // namespace dynamigrate::base
