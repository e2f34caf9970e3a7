#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/random.hpp>

#include <atomic>
#include <chrono>
#include <optional>

namespace dynamigrate::aws {

/// How often and how patiently a failed call is tried again.
struct RetryPolicy {
    int max_attempts = 10;  ///< for failures other than throttling
    /// For throttling; nothing: until a stop.
    std::optional<int> max_throttled_attempts = std::nullopt;
    std::chrono::milliseconds base_delay{50};
    std::chrono::milliseconds max_delay{20'000};
};

/// Limits the retries of all calls together while a service is down.
///
/// Threads: any.
class RetryQuota {
public:
    explicit RetryQuota(int capacity = 500) : capacity_(capacity), tokens_(capacity) {}
    int tokens() const noexcept { return tokens_.load(std::memory_order_relaxed); }
    void spend(int cost) noexcept;
    /// Gives back after a success: the cost of the retry that succeeded, or 1 for a first attempt.
    void refund(int cost) noexcept;

private:
    int capacity_;
    std::atomic<int> tokens_;
};

struct RetryDecision {
    bool retry = false;
    std::chrono::milliseconds delay{0};
    int cost = 0;  ///< tokens to spend, and to refund when the retry succeeds
};

/// Decides after a failed attempt (the first is 1).
///
/// Only retryable kinds are retried. The delay is random between 0 and base_delay * 2^(attempt-1), at
/// most max_delay, and at least what the service asked for (retry_after, itself at most max_delay).
/// A retry costs 5 tokens, after a timeout 10, after throttling none; without enough tokens the
/// call fails.
RetryDecision decide(const base::Error& error, int attempt, int tokens, const RetryPolicy& policy,
                     base::Random& random);

}  // namespace dynamigrate::aws
