#include <dynamigrate/aws/retry_policy.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::aws {
namespace {

using base::Error;
using base::ErrorKind;
using std::chrono::milliseconds;

constexpr int kPlenty = 500;

RetryDecision decide_for(const Error& error, int attempt, int tokens = kPlenty,
                         const RetryPolicy& policy = {}) {
    base::SeededRandom random(1);
    return decide(error, attempt, tokens, policy, random);
}

TEST(Retry, OnlyKindsThatARetryCanHelp) {
    EXPECT_TRUE(decide_for(Error(ErrorKind::unavailable, ""), 1).retry);
    EXPECT_TRUE(decide_for(Error(ErrorKind::throttled, ""), 1).retry);
    for (auto kind : {ErrorKind::invalid_argument, ErrorKind::unauthenticated, ErrorKind::aborted,
                      ErrorKind::cancelled, ErrorKind::outcome_unknown, ErrorKind::corrupted}) {
        EXPECT_FALSE(decide_for(Error(kind, ""), 1).retry);
    }
}

TEST(Retry, EndsAtTheLastAttemptButThrottlingGoesOn) {
    EXPECT_TRUE(decide_for(Error(ErrorKind::unavailable, ""), 9).retry);
    EXPECT_FALSE(decide_for(Error(ErrorKind::unavailable, ""), 10).retry);
    EXPECT_TRUE(decide_for(Error(ErrorKind::throttled, ""), 1'000'000).retry);
    RetryPolicy policy;
    policy.max_throttled_attempts = 3;
    EXPECT_TRUE(decide_for(Error(ErrorKind::throttled, ""), 2, kPlenty, policy).retry);
    EXPECT_FALSE(decide_for(Error(ErrorKind::throttled, ""), 3, kPlenty, policy).retry);
}

TEST(Retry, DelayIsRandomBelowADoublingLimit) {
    base::SeededRandom random(7);
    for (int attempt = 1; attempt < 80; ++attempt) {
        auto decision =
            decide(Error(ErrorKind::throttled, ""), attempt, kPlenty, RetryPolicy{}, random);
        EXPECT_GE(decision.delay, milliseconds(0));
        EXPECT_LE(decision.delay, milliseconds(attempt < 10 ? 50 << (attempt - 1) : 20'000));
    }
}

TEST(Retry, WaitsAtLeastAsLongAsTheServiceAsks) {
    Error error = Error(ErrorKind::throttled, "").retry_after(milliseconds(7'000));
    EXPECT_GE(decide_for(error, 1).delay, milliseconds(7'000));
    Error far = Error(ErrorKind::throttled, "").retry_after(std::chrono::hours(1));
    EXPECT_LE(decide_for(far, 1).delay, milliseconds(20'000));
}

TEST(Retry, CostsTokensUnlessThrottled) {
    EXPECT_EQ(decide_for(Error(ErrorKind::unavailable, ""), 1).cost, 5);
    EXPECT_EQ(decide_for(Error(ErrorKind::unavailable, "").service_code("RequestTimeout"), 1).cost,
              10);
    EXPECT_EQ(decide_for(Error(ErrorKind::throttled, ""), 1).cost, 0);
    EXPECT_FALSE(decide_for(Error(ErrorKind::unavailable, ""), 1, 4).retry);
    EXPECT_TRUE(decide_for(Error(ErrorKind::throttled, ""), 1, 0).retry);
}

TEST(RetryQuota, NeverExceedsItsCapacity) {
    RetryQuota quota(20);
    quota.refund(5);
    EXPECT_EQ(quota.tokens(), 20);
    quota.spend(10);
    quota.refund(3);
    EXPECT_EQ(quota.tokens(), 13);
    quota.refund(100);
    EXPECT_EQ(quota.tokens(), 20);
}

}  // namespace
}  // namespace dynamigrate::aws
