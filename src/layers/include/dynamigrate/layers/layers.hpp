#pragma once

#include <dynamigrate/aws/retry_policy.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// Services that wrap a Service. From outside in: journal, retry, pace, meter, remote: so every
/// attempt is paced and counted, and its throttling reason is seen.
namespace dynamigrate::layers {

/// What was sent and what it cost.
struct MeterReading {
    std::uint64_t requests = 0;
    std::uint64_t retries = 0;
    std::uint64_t failures = 0;
    std::uint64_t request_bytes = 0;
    std::uint64_t response_bytes = 0;
    double read_units = 0;
    double write_units = 0;
    std::map<std::string, std::uint64_t> requests_by_operation;
    std::map<std::string, std::uint64_t> throttles_by_reason;  ///< "" : no reason given

    std::uint64_t throttles() const;
    MeterReading since(const MeterReading& earlier) const;
};

/// Counts. Threads: any.
class Meter {
public:
    MeterReading reading() const;
    void count_retry();

private:
    friend class MeterService;
    mutable std::mutex mutex_;
    MeterReading reading_;
};

/// Counts every call and failure that passes.
class MeterService final : public dynamodb::Service {
public:
    MeterService(dynamodb::Service& inner, Meter& meter) : inner_(inner), meter_(meter) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    Meter& meter_;
};

/// A rate for one resource in units per second; 0: no limit.
struct PaceLimits {
    double read_units_per_second = 0;
    double write_units_per_second = 0;
};

/// Token buckets, one for reads and one for writes of each table. A bucket holds at most one
/// second's tokens; it may go negative by corrections, which later calls wait off.
///
/// Threads: any. The limits can be changed while calls wait.
class Pace {
public:
    Pace(base::Clock& clock, PaceLimits limits);
    void set_limits(PaceLimits limits);
    PaceLimits limits() const;
    /// Waits until the bucket is not negative, then debits. Errors: cancelled.
    void take_read(const std::string& table, double units, std::stop_token stop);
    void take_write(const std::string& table, double units, std::stop_token stop);
    /// Corrects an estimate by what was really consumed (positive: more).
    void correct_read(const std::string& table, double difference);
    void correct_write(const std::string& table, double difference);

private:
    struct Bucket {
        double tokens = 0;
        base::SteadyTime filled_at{};
    };
    void take(std::map<std::string, Bucket>& buckets, double PaceLimits::*rate,
              const std::string& table, double units, std::stop_token stop);

    base::Clock& clock_;
    mutable std::mutex mutex_;
    PaceLimits limits_;
    std::map<std::string, Bucket> reads_;
    std::map<std::string, Bucket> writes_;
};

/// Debits the expected units of each call before it is sent and corrects by the answer's consumed
/// capacity; where the answer has none, the estimate stands.
class PaceService final : public dynamodb::Service {
public:
    PaceService(dynamodb::Service& inner, Pace& pace) : inner_(inner), pace_(pace) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    Pace& pace_;
};

/// Repeats calls that failed retryably, with full jitter, within a quota shared by all lanes;
/// throttled calls are repeated for as long as the policy says.
///
/// Ensures: `reply.earlier_attempt_may_have_applied` and the thrown error's `may_have_applied` are
///          true when any attempt may have taken effect.
class RetryService final : public dynamodb::Service {
public:
    RetryService(dynamodb::Service& inner, aws::RetryPolicy policy, base::Clock& clock,
                 base::Random& random, Meter* meter = nullptr);
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    aws::RetryPolicy policy_;
    base::Clock& clock_;
    base::Random& random_;
    Meter* meter_;
    aws::RetryQuota quota_;
};

}  // namespace dynamigrate::layers
