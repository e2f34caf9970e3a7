#include "jq_pool.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include <unistd.h>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::chrono::milliseconds kBetweenLooks{20};

/// Bytes of the process in memory; 0 where it cannot be known.
std::uint64_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    file >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

JqPool::JqPool(JqText text, JqRun run, JqLimits limits, std::stop_token stop)
    : text_(std::move(text)),
      run_(std::move(run)),
      limits_(limits),
      stop_(std::move(stop)) {
    on_stop_.emplace(stop_, [this] { end_all(End::stop); });
    watcher_ = std::jthread([this](const std::stop_token& ends) { watch(ends); });
}

JqPool::~JqPool() { on_stop_.reset(); }

std::optional<JqValue> JqPool::evaluate(const JqValue& input) {
    Seat& seat = take();
    try {
        auto result = run(seat, input);
        leave(seat);
        return result;
    } catch (...) {
        leave(seat);
        throw;
    }
}

JqPool::Seat& JqPool::take() {
    {
        std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            Seat* seat = idle_.back();
            idle_.pop_back();
            return *seat;
        }
    }
    auto seat = std::make_unique<Seat>(text_, run_);
    std::lock_guard lock(mutex_);
    return *seats_.emplace_back(std::move(seat));
}

void JqPool::leave(Seat& seat) {
    std::lock_guard lock(mutex_);
    seat.is_running = false;
    idle_.push_back(&seat);
}

void JqPool::begin(Seat& seat, const JqValue& input) {
    seat.program.start(input);
    std::lock_guard lock(mutex_);
    if (stop_.stop_requested()) {
        throw Error(ErrorKind::cancelled, "stopped before jq");
    }
    seat.end = End::none;
    seat.since = clock_.steady_now();
    seat.bytes = 0;
    seat.is_running = true;
    begun_.notify_one();
}

std::optional<JqValue> JqPool::run(Seat& seat, const JqValue& input) {
    begin(seat, input);
    std::optional<JqValue> result = seat.program.next();
    const bool has_more = result && seat.program.next();
    {
        std::lock_guard lock(mutex_);
        seat.is_running = false;
    }
    if (seat.end != End::none) {
        seat.program.start(JqValue(jv_null()));  // gives back what was taken
    }
    throw_if_ended(seat);
    if (has_more) {
        throw Error(ErrorKind::invalid_argument, "the program has more than one result");
    }
    return result;
}

void JqPool::throw_if_ended(const Seat& seat) const {
    switch (seat.end) {
        case End::time:
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("the program did not end within {} ms", limits_.time.count()));
        case End::memory:
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("the program took more than {} MB", limits_.bytes >> 20));
        case End::stop:
            throw Error(ErrorKind::cancelled, "stopped within jq");
        case End::none:
            return;
    }
}

/// Looks from time to time as long as something runs.
void JqPool::watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        {
            std::unique_lock lock(mutex_);
            begun_.wait(lock, stop, [&] {
                return std::any_of(seats_.begin(), seats_.end(),
                                   [](const auto& seat) { return seat->is_running; });
            });
        }
        if (clock_.wait(kBetweenLooks, stop)) {
            look();
        }
    }
}

void JqPool::look() {
    const std::uint64_t bytes = resident_bytes();
    std::lock_guard lock(mutex_);
    for (const auto& seat : seats_) {
        const auto age = clock_.steady_now() - seat->since;
        if (!seat->is_running || seat->end != End::none || age < kBetweenLooks / 2) {
            continue;
        }
        seat->bytes = seat->bytes == 0 ? bytes : seat->bytes;
        if (age > limits_.time) {
            seat->end = End::time;
        } else if (bytes > seat->bytes + limits_.bytes) {
            seat->end = End::memory;
        }
        if (seat->end != End::none) {
            seat->program.halt();
        }
    }
}

void JqPool::end_all(End end) {
    std::lock_guard lock(mutex_);
    for (const auto& seat : seats_) {
        if (seat->is_running && seat->end == End::none) {
            seat->end = end;
            seat->program.halt();
        }
    }
}

}  // namespace dynamigrate::authoring
