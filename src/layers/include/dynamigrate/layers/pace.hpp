#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <map>
#include <mutex>
#include <string>

namespace dynamigrate::layers {

/// A rate for one resource in units per second; 0: no limit.
struct PaceLimits {
    double read_units_per_second = 0;
    double write_units_per_second = 0;
};

/// Token buckets, one for reads and one for writes of each table. A bucket begins empty and holds
/// at most one second's tokens; a call may overdraw it, which later calls wait off.
///
/// Threads: any. The limits can be changed while calls wait: within 100 ms they go on by the new
/// ones.
class Pace {
public:
    Pace(base::Clock& clock, PaceLimits limits);
    void set_limits(PaceLimits limits);
    PaceLimits limits() const;
    /// Waits until the bucket is not negative, then debits. Errors: cancelled (nothing debited).
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
    using Buckets = std::map<std::string, Bucket>;

    void take(Buckets& buckets, double PaceLimits::*rate, const std::string& table, double units,
              const std::stop_token& stop);
    /// Debits, or returns how long to wait before the next try.
    std::chrono::nanoseconds try_take(Buckets& buckets, double PaceLimits::*rate,
                                      const std::string& table, double units);
    void correct(Buckets& buckets, double PaceLimits::*rate, const std::string& table,
                 double difference);
    Bucket& filled_bucket(Buckets& buckets, const std::string& table, double rate);
    void fill(Bucket& bucket, double rate) const;

    base::Clock& clock_;
    mutable std::mutex mutex_;
    PaceLimits limits_;
    Buckets reads_;
    Buckets writes_;
};

/// Debits the expected units of each call before it is sent and corrects by the answer's consumed
/// capacity; where the answer has none, the estimate stands. Operations that consume no capacity
/// pass freely.
class PaceService final : public dynamodb::Service {
public:
    PaceService(dynamodb::Service& inner, Pace& pace) : inner_(inner), pace_(pace) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
    Pace& pace_;
};

}  // namespace dynamigrate::layers
