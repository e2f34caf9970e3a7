#include <dynamigrate/layers/pace.hpp>

#include "call_traits.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace dynamigrate::layers {

namespace {

using Seconds = std::chrono::duration<double>;

// Waits are cut into slices, so that new limits are noticed, and never vanish by rounding.
constexpr Seconds kLongestWait{0.1};
constexpr Seconds kShortestWait{0.000'01};

}  // namespace

Pace::Pace(base::Clock& clock, PaceLimits limits) : clock_(clock), limits_(limits) {}

void Pace::set_limits(PaceLimits limits) {
    const std::lock_guard lock(mutex_);
    for (auto& [table, bucket] : reads_) {
        fill(bucket, limits_.read_units_per_second);
    }
    for (auto& [table, bucket] : writes_) {
        fill(bucket, limits_.write_units_per_second);
    }
    limits_ = limits;
}

PaceLimits Pace::limits() const {
    const std::lock_guard lock(mutex_);
    return limits_;
}

void Pace::take_read(const std::string& table, double units, std::stop_token stop) {
    take(reads_, &PaceLimits::read_units_per_second, table, units, stop);
}

void Pace::take_write(const std::string& table, double units, std::stop_token stop) {
    take(writes_, &PaceLimits::write_units_per_second, table, units, stop);
}

void Pace::correct_read(const std::string& table, double difference) {
    correct(reads_, &PaceLimits::read_units_per_second, table, difference);
}

void Pace::correct_write(const std::string& table, double difference) {
    correct(writes_, &PaceLimits::write_units_per_second, table, difference);
}

void Pace::take(Buckets& buckets, double PaceLimits::*rate, const std::string& table, double units,
                const std::stop_token& stop) {
    while (true) {
        base::throw_if_stopped(stop);
        const std::chrono::nanoseconds wait = try_take(buckets, rate, table, units);
        if (wait.count() == 0) {
            return;
        }
        clock_.wait(wait, stop);
    }
}

std::chrono::nanoseconds Pace::try_take(Buckets& buckets, double PaceLimits::*rate,
                                        const std::string& table, double units) {
    const std::lock_guard lock(mutex_);
    const double per_second = limits_.*rate;
    Bucket& bucket = filled_bucket(buckets, table, per_second);
    if (per_second <= 0) {
        return std::chrono::nanoseconds{0};
    }
    if (bucket.tokens >= 0) {
        bucket.tokens -= units;
        return std::chrono::nanoseconds{0};
    }
    const Seconds wait =
        std::clamp(Seconds(-bucket.tokens / per_second), kShortestWait, kLongestWait);
    return std::chrono::ceil<std::chrono::nanoseconds>(wait);
}

void Pace::correct(Buckets& buckets, double PaceLimits::*rate, const std::string& table,
                   double difference) {
    const std::lock_guard lock(mutex_);
    const double per_second = limits_.*rate;
    Bucket& bucket = filled_bucket(buckets, table, per_second);
    if (per_second > 0) {
        bucket.tokens = std::min(bucket.tokens - difference, per_second);
    }
}

Pace::Bucket& Pace::filled_bucket(Buckets& buckets, const std::string& table, double rate) {
    const auto [place, is_new] = buckets.try_emplace(table);
    if (is_new) {
        place->second.filled_at = clock_.steady_now();
    }
    fill(place->second, rate);
    return place->second;
}

void Pace::fill(Bucket& bucket, double rate) const {
    const base::SteadyTime now = clock_.steady_now();
    const double elapsed = Seconds(now - bucket.filled_at).count();
    bucket.filled_at = now;
    bucket.tokens = rate > 0 ? std::min(bucket.tokens + elapsed * rate, rate) : 0;
}

void PaceService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    const CapacitySide side = capacity_side(call);
    const PaceLimits limits = pace_.limits();
    const bool is_write = side == CapacitySide::write;
    const double limit = is_write ? limits.write_units_per_second : limits.read_units_per_second;
    if (side == CapacitySide::none || limit <= 0) {
        inner_.call(call, reply);
        return;
    }
    const std::vector<std::string> tables = touched_tables(call);
    const double share =
        likely_units(call) / std::max<double>(1, static_cast<double>(tables.size()));
    for (const std::string& table : tables) {
        is_write ? pace_.take_write(table, share, call.stop)
                 : pace_.take_read(table, share, call.stop);
    }
    inner_.call(call, reply);
    for_each_capacity(reply, [&](const dynamodb::ConsumedCapacity& capacity) {
        const auto known = std::find(tables.begin(), tables.end(), capacity.table);
        const double difference = known == tables.end() ? capacity.total : capacity.total - share;
        is_write ? pace_.correct_write(capacity.table, difference)
                 : pace_.correct_read(capacity.table, difference);
    });
}

}  // namespace dynamigrate::layers
