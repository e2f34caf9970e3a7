#include <dynamigrate/layers/retry.hpp>

#include <dynamigrate/layers/meter.hpp>

#include "call_traits.hpp"

#include <string>
#include <utility>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;

namespace {

bool may_have_applied(const dynamodb::Call& call, const Error& error) {
    return (error.may_have_applied() || error.kind() == ErrorKind::outcome_unknown) &&
           !changes_nothing(call);
}

Error unknown_outcome(const dynamodb::Call& call, const Error& cause) {
    return Error(ErrorKind::outcome_unknown,
                 "the call may have been applied, and to repeat it could apply it twice")
        .at(std::string(call.operation))
        .service_code(cause.service_code())
        .service_body(cause.service_body())
        .may_have_applied(true)
        .because(cause);
}

}  // namespace

/// What is known of a call's attempts so far.
struct RetryService::Attempts {
    int throttled = 0;
    int failed = 0;
    int cost = 1;  ///< to refund on success: 1 for a first attempt
    bool may_have_applied = false;
};

RetryService::RetryService(dynamodb::Service& inner, aws::RetryPolicy policy, base::Clock& clock,
                           base::Random& random, Meter* meter)
    : inner_(inner),
      policy_(policy),
      clock_(clock),
      random_(random),
      meter_(meter) {}

void RetryService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    Attempts attempts;
    while (true) {
        try {
            inner_.call(call, reply);
            break;
        } catch (Error& error) {
            attempts.may_have_applied = attempts.may_have_applied || may_have_applied(call, error);
            error.set_may_have_applied(attempts.may_have_applied);
            wait_or_rethrow(call, error, attempts);
        }
        reply.clear();
    }
    quota_.refund(attempts.cost);
    reply.earlier_attempt_may_have_applied =
        reply.earlier_attempt_may_have_applied || attempts.may_have_applied;
}

/// Requires: called while the error is being handled.
void RetryService::wait_or_rethrow(const dynamodb::Call& call, const Error& error,
                                   Attempts& attempts) {
    const bool is_unknown = error.kind() == ErrorKind::outcome_unknown;
    if (!is_unknown && !base::is_retryable(error.kind())) {
        throw;
    }
    if (attempts.may_have_applied && !is_repeatable(call)) {
        throw unknown_outcome(call, error);
    }
    int& count = error.kind() == ErrorKind::throttled ? attempts.throttled : attempts.failed;
    const aws::RetryDecision decision =
        is_unknown ? aws::decide(Error(ErrorKind::unavailable, error.message()), ++count,
                                 quota_.tokens(), policy_, random_)
                   : aws::decide(error, ++count, quota_.tokens(), policy_, random_);
    if (!decision.retry) {
        throw;
    }
    quota_.spend(decision.cost);
    attempts.cost = decision.cost;
    if (!clock_.wait(decision.delay, call.stop)) {
        throw Error(ErrorKind::cancelled, "stopped between two attempts")
            .at(std::string(call.operation))
            .may_have_applied(attempts.may_have_applied);
    }
    if (meter_ != nullptr) {
        meter_->count_retry();
    }
}

}  // namespace dynamigrate::layers
