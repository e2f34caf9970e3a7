#include "program_watch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kMemoryInterval{100};
constexpr unsigned kMegabyteBits = 20;

double seconds(milliseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void Activity::note() {
    std::lock_guard lock(mutex_);
    last_ = clock_.steady_now();
}

void Activity::begin_request() {
    std::lock_guard lock(mutex_);
    ++requests_;
}

void Activity::end_request() {
    std::lock_guard lock(mutex_);
    --requests_;
    last_ = clock_.steady_now();
}

milliseconds Activity::idle() const {
    std::lock_guard lock(mutex_);
    return requests_ > 0 ? milliseconds(0)
                         : std::chrono::duration_cast<milliseconds>(clock_.steady_now() - last_);
}

void NotedService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    struct Request {
        Activity& activity;
        explicit Request(Activity& noted) : activity(noted) { activity.begin_request(); }
        ~Request() { activity.end_request(); }
    };
    const Request request(activity_);
    inner_.call(call, reply);
}

std::string exceeded(const ProgramUse& use, const migrate::ProgramLimits& limits) {
    if (use.time >= limits.time) {
        return fmt::format(
            "did not end within {} s and was killed; if it needs longer, raise its `timeout`",
            seconds(limits.time));
    }
    if (use.idle >= limits.idle) {
        return fmt::format(
            "did nothing for {} s (no request to DynamoDB, no line of output) and was killed: does "
            "it hang? If it needs longer, raise `idle_timeout`",
            seconds(limits.idle));
    }
    if (limits.memory_mb > 0 && use.memory > limits.memory_mb << kMegabyteBits) {
        return fmt::format(
            "took more than {} MB of memory and was killed: does it keep what it read? If it needs "
            "more, raise its `memory` (MB)",
            limits.memory_mb);
    }
    return {};
}

milliseconds watch_interval(const ProgramUse& use, const migrate::ProgramLimits& limits) {
    const milliseconds left = std::min(limits.time - use.time, limits.idle - use.idle);
    return std::max(milliseconds(1), limits.memory_mb > 0 ? std::min(left, kMemoryInterval) : left);
}

}  // namespace dynamigrate::cli
