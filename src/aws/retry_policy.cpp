#include <dynamigrate/aws/retry_policy.hpp>

#include <algorithm>

namespace dynamigrate::aws {

namespace {

constexpr int kRetryCost = 5;
constexpr int kTimeoutCost = 10;

int cost_of(const base::Error& error) {
    if (error.kind() == base::ErrorKind::throttled) {
        return 0;
    }
    return error.service_code() == "RequestTimeout" ? kTimeoutCost : kRetryCost;
}

bool has_attempts_left(const base::Error& error, int attempt, const RetryPolicy& policy) {
    if (error.kind() == base::ErrorKind::throttled) {
        return !policy.max_throttled_attempts || attempt < *policy.max_throttled_attempts;
    }
    return attempt < policy.max_attempts;
}

std::chrono::milliseconds delay_before(int attempt, const RetryPolicy& policy,
                                       base::Random& random) {
    constexpr int kMostDoublings = 30;
    auto limit =
        policy.base_delay * (std::int64_t{1} << std::clamp(attempt - 1, 0, kMostDoublings));
    limit = std::min<std::chrono::milliseconds>(limit, policy.max_delay);
    return std::chrono::milliseconds(random.below(static_cast<std::uint64_t>(limit.count()) + 1));
}

}  // namespace

void RetryQuota::spend(int cost) noexcept { tokens_.fetch_sub(cost, std::memory_order_relaxed); }

void RetryQuota::refund(int cost) noexcept {
    int now = tokens_.load(std::memory_order_relaxed);
    while (now < capacity_ &&
           !tokens_.compare_exchange_weak(now, std::min(capacity_, now + cost))) {}
}

RetryDecision decide(const base::Error& error, int attempt, int tokens, const RetryPolicy& policy,
                     base::Random& random) {
    RetryDecision decision;
    decision.cost = cost_of(error);
    if (!base::is_retryable(error.kind()) || !has_attempts_left(error, attempt, policy) ||
        tokens < decision.cost) {
        decision.cost = 0;
        return decision;
    }
    decision.retry = true;
    decision.delay = delay_before(attempt, policy, random);
    if (error.retry_after()) {
        decision.delay = std::max(decision.delay, std::min(*error.retry_after(), policy.max_delay));
    }
    return decision;
}

}  // namespace dynamigrate::aws
