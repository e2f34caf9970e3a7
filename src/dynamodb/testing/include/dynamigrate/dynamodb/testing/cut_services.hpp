#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace dynamigrate::dynamodb::testing {

/// Dead from the n-th call (from 1) on, which is still carried out or not: what a process leaves
/// behind that is killed there.
///
/// Threads: as the inner service.
class DyingService final : public Service {
public:
    /// `error`: with which dead calls fail.
    DyingService(Service& inner, int n, bool is_carried_out,
                 base::Error error =
                     base::Error(base::ErrorKind::unavailable, "killed").may_have_applied(true))
        : inner_(inner),
          n_(n),
          is_carried_out_(is_carried_out),
          error_(std::make_exception_ptr(std::move(error))) {}

    void call(const Call& call, Reply& reply) override {
        const int number = ++calls_;
        if (number < n_ || (number == n_ && is_carried_out_)) {
            inner_.call(call, reply);
        }
        if (number >= n_) {
            std::rethrow_exception(error_);
        }
    }
    std::string location() const override { return inner_.location(); }
    bool is_dead() const { return calls_ >= n_; }

private:
    Service& inner_;
    const int n_;
    const bool is_carried_out_;
    const std::exception_ptr error_;
    std::atomic<int> calls_{0};
};

/// Does something else before or after the n-th call (from 1).
///
/// Threads: as the inner service.
class InterruptedService final : public Service {
public:
    InterruptedService(Service& inner, int n, bool is_after, std::function<void()> other)
        : inner_(inner),
          n_(n),
          is_after_(is_after),
          other_(std::move(other)) {}

    void call(const Call& call, Reply& reply) override {
        const bool is_time = ++calls_ == n_;
        if (is_time && !is_after_) {
            other_();
        }
        inner_.call(call, reply);
        if (is_time && is_after_) {
            other_();
        }
    }
    std::string location() const override { return inner_.location(); }
    bool was_interrupted() const { return calls_ >= n_; }

private:
    Service& inner_;
    const int n_;
    const bool is_after_;
    const std::function<void()> other_;
    std::atomic<int> calls_{0};
};

}  // namespace dynamigrate::dynamodb::testing
