#include <dynamigrate/base/child_process.hpp>

#include "spawn.hpp"

#include <poll.h>

#include <array>

namespace dynamigrate::base {

namespace {

/// A child at work, and what it prints.
struct Child {
    Child(const std::vector<std::string>& arguments,
          const std::optional<std::map<std::string, std::string>>& environment) {
        Pipe out_pipe = make_pipe();
        Pipe err_pipe = make_pipe();
        SpawnSetup setup;
        setup.connect(out_pipe.write.get(), err_pipe.write.get());
        setup.isolate();
        spawned = SpawnedChild(setup, arguments, environment);
        out = std::move(out_pipe.read);
        err = std::move(err_pipe.read);
    }

    SpawnedChild spawned;
    Descriptor out, err;
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

void wait_and_read(Child& child, ChildResult& result, const Until& deadline,
                   const StopSignal& stopped, const std::string& program) {
    while (true) {
        if (deadline.is_over()) {
            throw Error(ErrorKind::unavailable, program + " did not end in time and was killed");
        }
        std::array<pollfd, 4> entries{{{stopped.fd(), POLLIN, 0},
                                       {child.spawned.end(), POLLIN, 0},
                                       {child.out.get(), POLLIN, 0},
                                       {child.err.get(), POLLIN, 0}}};
        if (::poll(entries.data(), entries.size(), deadline.poll_time()) <= 0) {
            continue;
        }
        if (entries[0].revents != 0) {
            throw Error(ErrorKind::cancelled, "stopped while running " + program);
        }
        if (entries[2].revents != 0) {
            drain_once(child.out, result.out);
        }
        if (entries[3].revents != 0) {
            drain_once(child.err, result.err);
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
    const StopSignal stopped(stop);
    const Until deadline(timeout);
    Child child(arguments, environment);
    ChildResult result;
    wait_and_read(child, result, deadline, stopped, arguments[0]);
    drain_rest(child.out, result.out);
    drain_rest(child.err, result.err);
    result.exit_code = child.spawned.reap();
    return result;
}

}  // namespace dynamigrate::base
