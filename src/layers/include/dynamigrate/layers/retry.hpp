#pragma once

#include <dynamigrate/aws/retry_policy.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <string>

namespace dynamigrate::layers {

class Meter;

/// Repeats calls that failed retryably, with full jitter, within a quota shared by all lanes;
/// throttled calls are repeated for as long as the policy says.
///
/// After an attempt that may have applied, a call is repeated only where that does no harm: reads,
/// PutItem, DeleteItem and BatchWriteItem; UpdateItem with a condition and BatchExecuteStatement
/// (its caller reads back, see `earlier_attempt_may_have_applied`); transactions with a
/// ClientRequestToken. Other calls fail with outcome_unknown.
///
/// Ensures: `reply.earlier_attempt_may_have_applied` and the thrown error's `may_have_applied` are
///          true when any attempt may have taken effect.
/// Cancel:  at once, also between attempts.
/// Threads: any.
class RetryService final : public dynamodb::Service {
public:
    RetryService(dynamodb::Service& inner, aws::RetryPolicy policy, base::Clock& clock,
                 base::Random& random, Meter* meter = nullptr);
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

private:
    struct Attempts;
    void wait_or_rethrow(const dynamodb::Call& call, const base::Error& error, Attempts& attempts);

    dynamodb::Service& inner_;
    aws::RetryPolicy policy_;
    base::Clock& clock_;
    base::Random& random_;
    Meter* meter_;
    aws::RetryQuota quota_;
};

}  // namespace dynamigrate::layers
