#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/live_child.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/migrate/program_step.hpp>

#include <chrono>
#include <mutex>
#include <string>

namespace dynamigrate::cli {

/// When a program last did something that can be seen from outside.
///
/// Threads: any.
class Activity {
public:
    explicit Activity(base::Clock& clock) : clock_(clock), last_(clock.steady_now()) {}

    void note();
    void begin_request();
    void end_request();
    /// How long it has done nothing; a request that is under way is something.
    std::chrono::milliseconds idle() const;

private:
    base::Clock& clock_;
    mutable std::mutex mutex_;
    base::SteadyTime last_;
    unsigned requests_ = 0;
};

/// Notes the requests that come by. Threads: as the inner service.
class NotedService final : public dynamodb::Service {
public:
    NotedService(dynamodb::Service& inner, Activity& activity)
        : inner_(inner),
          activity_(activity) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    Activity& activity_;
};

/// What a program takes now.
struct ProgramUse {
    std::chrono::milliseconds time{0}, idle{0};
    std::uint64_t memory = 0;  ///< bytes
};

/// The limit that it went beyond, for people; "" : none.
std::string exceeded(const ProgramUse& use, const migrate::ProgramLimits& limits);

/// How long one may look away from a program that has these limits.
std::chrono::milliseconds watch_interval(const ProgramUse& use,
                                         const migrate::ProgramLimits& limits);

}  // namespace dynamigrate::cli
