#include <dynamigrate/base/live_child.hpp>

#include "spawn.hpp"

#include <poll.h>

#include <array>
#include <deque>
#include <fstream>
#include <limits>
#include <mutex>
#include <thread>

namespace dynamigrate::base {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kLongestLine = 64 * 1024;
constexpr std::size_t kKeptErrors = 12;
constexpr int kFirstFreeDescriptor = 10;
constexpr int kChannelIn = 3, kChannelOut = 4;

/// Cuts what comes into lines.
class LineCutter {
public:
    template <class Take>
    void add(std::string_view bytes, Take&& take) {
        for (std::size_t end = bytes.find('\n'); end != std::string_view::npos;
             end = bytes.find('\n')) {
            rest_.append(bytes.substr(0, end));
            bytes.remove_prefix(end + 1);
            flush(take);
        }
        rest_.append(bytes);
        if (rest_.size() > kLongestLine) {
            flush(take);
        }
    }
    template <class Take>
    void end(Take&& take) {
        if (!rest_.empty()) {
            flush(take);
        }
    }

private:
    template <class Take>
    void flush(Take&& take) {
        if (rest_.ends_with('\r')) {
            rest_.pop_back();
        }
        take(rest_);
        rest_.clear();
    }

    std::string rest_;
};

Descriptor lifted(Descriptor descriptor) {
    return Descriptor(::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kFirstFreeDescriptor));
}

void unblock(const Descriptor& descriptor) {
    ::fcntl(descriptor.get(), F_SETFL, ::fcntl(descriptor.get(), F_GETFL) | O_NONBLOCK);
}

/// Keeps a write to a child that has ended from killing this process.
class WithoutPipeSignal {
public:
    WithoutPipeSignal() {
        ::sigemptyset(&pipe_);
        ::sigaddset(&pipe_, SIGPIPE);
        ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    ~WithoutPipeSignal() {
        const timespec now{};
        if (was_raised_ && ::sigismember(&before_, SIGPIPE) == 0) {
            uninterrupted([&] { return ::sigtimedwait(&pipe_, nullptr, &now); });
        }
        ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    WithoutPipeSignal(const WithoutPipeSignal&) = delete;
    WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;
    void was_raised() { was_raised_ = true; }

private:
    sigset_t pipe_{};
    sigset_t before_{};
    bool was_raised_ = false;
};

}  // namespace

struct LiveChild::State {
    LiveChildOptions options;
    Descriptor out, err, to, from;
    SpawnedChild child;
    std::optional<int> exit_code;
    std::deque<std::string> errors;
    mutable std::mutex errors_mutex;
    std::jthread reader;

    explicit State(LiveChildOptions the_options) : options(std::move(the_options)) {}

    void start();
    void read_lines(const std::stop_token& last);
    bool read_some(Descriptor& pipe, LineCutter& lines, bool is_error);
    void read_pipe(Descriptor& pipe, LineCutter& lines, bool is_error, bool all);
    void tell(const std::string& line, bool is_error);
    int reap();
};

void LiveChild::State::start() {
    Pipe out_pipe = make_pipe();
    Pipe err_pipe = make_pipe();
    SpawnSetup setup;
    setup.connect(options.output ? options.output->out : out_pipe.write.get(),
                  options.output ? options.output->err : err_pipe.write.get());
    setup.isolate();
    if (!options.directory.empty()) {
        setup.work_in(options.directory);
    }
    Descriptor child_reads, child_writes;
    if (options.has_channel) {
        Pipe there = make_pipe();
        Pipe back = make_pipe();
        child_reads = lifted(std::move(there.read));
        child_writes = lifted(std::move(back.write));
        to = std::move(there.write);
        from = std::move(back.read);
        unblock(to);
        unblock(from);
        setup.give(child_reads.get(), kChannelIn);
        setup.give(child_writes.get(), kChannelOut);
    }
    child = SpawnedChild(setup, options.arguments, options.environment);
    out = std::move(out_pipe.read);
    err = std::move(err_pipe.read);
    unblock(out);
    unblock(err);
    reader = std::jthread([this](const std::stop_token& last) { read_lines(last); });
}

void LiveChild::State::tell(const std::string& line, bool is_error) {
    if (is_error) {
        std::lock_guard lock(errors_mutex);
        errors.push_back(line);
        if (errors.size() > kKeptErrors) {
            errors.pop_front();
        }
    }
    if (options.on_line) {
        options.on_line(line);
    }
}

/// Returns whether there may be more at once.
bool LiveChild::State::read_some(Descriptor& pipe, LineCutter& lines, bool is_error) {
    char block[16 * 1024];
    const ssize_t got = uninterrupted([&] { return ::read(pipe.get(), block, sizeof block); });
    if (got > 0) {
        lines.add({block, static_cast<std::size_t>(got)},
                  [&](const std::string& line) { tell(line, is_error); });
        return true;
    }
    if (got == 0 || errno != EAGAIN) {
        pipe.close();
    }
    return false;
}

/// What is in it now: some, or all of it.
void LiveChild::State::read_pipe(Descriptor& pipe, LineCutter& lines, bool is_error, bool all) {
    bool has_more = pipe.is_open();
    while (has_more) {
        has_more = read_some(pipe, lines, is_error) && all;
    }
}

/// Until both outputs end; or, once the child has ended, until nothing more is in them.
void LiveChild::State::read_lines(const std::stop_token& last) {
    const StopSignal is_last(last);
    LineCutter out_lines, err_lines;
    bool is_ending = false;
    while (!is_ending && (out.is_open() || err.is_open())) {
        std::array<pollfd, 3> entries{
            {{is_last.fd(), POLLIN, 0}, {out.get(), POLLIN, 0}, {err.get(), POLLIN, 0}}};
        ::poll(entries.data(), entries.size(), -1);
        is_ending = entries[0].revents != 0;
        read_pipe(out, out_lines, false, is_ending);
        read_pipe(err, err_lines, true, is_ending);
    }
    out_lines.end([&](const std::string& line) { tell(line, false); });
    err_lines.end([&](const std::string& line) { tell(line, true); });
}

/// The child has ended: ends what it left behind, and takes what it printed.
int LiveChild::State::reap() {
    child.signal_group(SIGKILL);
    exit_code = child.reap();
    reader.request_stop();
    if (reader.joinable()) {
        reader.join();
    }
    return *exit_code;
}

LiveChild::LiveChild(LiveChildOptions options)
    : state_(std::make_unique<State>(std::move(options))) {
    if (state_->options.arguments.empty() || state_->options.arguments[0].empty()) {
        throw Error(ErrorKind::invalid_argument, "cannot start a program without a name");
    }
    state_->start();
}

LiveChild::~LiveChild() {
    if (!state_->exit_code) {
        state_->child.signal_group(SIGKILL);
        state_->reap();
    }
}

std::optional<int> LiveChild::wait(milliseconds time, std::stop_token stop) {
    if (state_->exit_code) {
        return state_->exit_code;
    }
    const StopSignal stopped(stop);
    const Until until(time);
    while (true) {
        std::array<pollfd, 2> entries{
            {{stopped.fd(), POLLIN, 0}, {state_->child.end(), POLLIN, 0}}};
        ::poll(entries.data(), entries.size(), until.poll_time());
        if (entries[1].revents != 0) {
            return state_->reap();
        }
        if (entries[0].revents != 0 || until.is_over()) {
            return std::nullopt;
        }
    }
}

int LiveChild::end(milliseconds grace, std::stop_token stop) {
    if (state_->exit_code) {
        return *state_->exit_code;
    }
    state_->child.signal_group(SIGTERM);
    if (const std::optional<int> code = wait(grace, std::move(stop))) {
        return *code;
    }
    state_->child.signal_group(SIGKILL);
    return *wait(milliseconds::max(), {});
}

namespace {

enum class Ready { yes, over, stopped };

Ready wait_for(const Descriptor& pipe, short what, const StopSignal& stopped, const Until& until) {
    while (true) {
        std::array<pollfd, 2> entries{{{stopped.fd(), POLLIN, 0}, {pipe.get(), what, 0}}};
        ::poll(entries.data(), entries.size(), until.poll_time());
        if (entries[0].revents != 0) {
            return Ready::stopped;
        }
        if (entries[1].revents != 0) {
            return Ready::yes;
        }
        if (until.is_over()) {
            return Ready::over;
        }
    }
}

void expect_ready(Ready ready, const std::string& program) {
    if (ready == Ready::stopped) {
        throw Error(ErrorKind::cancelled, "stopped while " + program + " was at work");
    }
    if (ready == Ready::over) {
        throw Error(ErrorKind::unavailable, program + " did not answer in time");
    }
}

}  // namespace

bool LiveChild::send(std::string_view bytes, milliseconds time, std::stop_token stop) {
    const StopSignal stopped(stop);
    const Until until(time);
    WithoutPipeSignal guard;
    while (!bytes.empty()) {
        const ssize_t put =
            uninterrupted([&] { return ::write(state_->to.get(), bytes.data(), bytes.size()); });
        if (put > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(put));
        } else if (put < 0 && errno == EAGAIN) {
            expect_ready(wait_for(state_->to, POLLOUT, stopped, until),
                         state_->options.arguments[0]);
        } else {
            guard.was_raised();
            return false;
        }
    }
    return true;
}

bool LiveChild::receive(std::string& bytes, std::size_t count, milliseconds time,
                        std::stop_token stop) {
    const StopSignal stopped(stop);
    const Until until(time);
    std::size_t at = bytes.size();
    const std::size_t end = at + count;
    bytes.resize(end);
    while (at < end) {
        const ssize_t got =
            uninterrupted([&] { return ::read(state_->from.get(), bytes.data() + at, end - at); });
        if (got > 0) {
            at += static_cast<std::size_t>(got);
        } else if (got < 0 && errno == EAGAIN) {
            expect_ready(wait_for(state_->from, POLLIN, stopped, until),
                         state_->options.arguments[0]);
        } else {
            return false;
        }
    }
    return true;
}

bool LiveChild::wait_for_answer(milliseconds time, std::stop_token stop) {
    const StopSignal stopped(stop);
    const Ready ready = wait_for(state_->from, POLLIN, stopped, Until(time));
    if (ready == Ready::stopped) {
        expect_ready(ready, state_->options.arguments[0]);
    }
    return ready == Ready::yes;
}

std::uint64_t LiveChild::resident_memory() const {
    std::ifstream pages("/proc/" + std::to_string(state_->child.pid()) + "/statm");
    std::uint64_t all = 0, resident = 0;
    pages >> all >> resident;
    return state_->exit_code ? 0 : resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::vector<std::string> LiveChild::last_errors() const {
    std::lock_guard lock(state_->errors_mutex);
    return {state_->errors.begin(), state_->errors.end()};
}

}  // namespace dynamigrate::base
