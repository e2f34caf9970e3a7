#pragma once

#include <dynamigrate/dynamodb/service.hpp>

#include <atomic>
#include <cstddef>
#include <string>

namespace dynamigrate::expressions {

/// What goes wrong in a FailingService.
enum class Failure {
    throttle,      ///< ProvisionedThroughputExceededException; not applied, and known not to be
    internal_500,  ///< InternalServerError; not applied, but may_have_applied
    lost_answer,   ///< applied, then Error unavailable with may_have_applied
    reset,         ///< not applied, then Error unavailable with may_have_applied
    statement_throttled,               ///< one statement of a batch: ThrottlingError; not applied
    statement_internal_error_applied,  ///< one statement of a batch: InternalServerError
    statement_internal_error_not_applied,  ///< the same, not applied
};

/// Which calls a FailingService counts.
enum class CountedCalls { all, writes };

/// Passes calls to another Service, except that the n-th one (from 1) fails once.
///
/// Statement failures count BatchExecuteStatement calls only, and alter the answer of one statement.
/// Threads: as the inner service.
class FailingService : public dynamodb::Service {
public:
    FailingService(dynamodb::Service& inner, int n, Failure failure,
                   CountedCalls counted = CountedCalls::all, std::size_t statement = 0)
        : inner_(inner),
          n_(n),
          failure_(failure),
          counted_(counted),
          statement_(statement) {}

    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override;
    std::string location() const override { return inner_.location(); }

    /// Whether the failure has happened.
    bool fired() const noexcept { return fired_; }
    /// Calls counted so far.
    int counted() const noexcept { return calls_; }

private:
    bool counts(const dynamodb::Call& call) const noexcept;
    bool is_of_statement() const noexcept { return failure_ >= Failure::statement_throttled; }
    void fail_call(const dynamodb::Call& call, dynamodb::Reply& reply);
    void fail_statement(const dynamodb::Call& call, dynamodb::Reply& reply);

    dynamodb::Service& inner_;
    int n_;
    Failure failure_;
    CountedCalls counted_;
    std::size_t statement_;
    std::atomic<int> calls_ = 0;
    std::atomic<bool> fired_ = false;
};

}  // namespace dynamigrate::expressions
