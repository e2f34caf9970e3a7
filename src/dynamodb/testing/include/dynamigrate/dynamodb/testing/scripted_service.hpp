#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dynamigrate::dynamodb::testing {

/// A service that answers what it was told to, in that order, and remembers what it was asked.
///
/// Threads: any. Errors: a call when nothing is left to answer throws Error internal; a stopped
/// call throws Error cancelled and takes no answer.
class ScriptedService : public Service {
public:
    struct Received {
        std::string operation;
        std::string body;
    };
    using Handler = std::function<void(const Call&, Reply&)>;

    ScriptedService& answer(std::string body, Outcome outcome = Outcome::success,
                            bool earlier_attempt_may_have_applied = false) {
        return then([=, body = std::move(body)](const Call&, Reply& reply) {
            reply.body = body;
            reply.outcome = outcome;
            reply.earlier_attempt_may_have_applied = earlier_attempt_may_have_applied;
        });
    }
    ScriptedService& fail(base::Error error) {
        return then([error = std::move(error)](const Call&, Reply&) { throw error; });
    }
    /// Fails as the service would with that code, such as "ProvisionedThroughputExceededException".
    ScriptedService& fail(int http_status, std::string code, std::string message = "scripted") {
        return then([http_status, code = std::move(code), message = std::move(message)](
                        const Call& call, Reply&) {
            throw make_service_error(call.operation, http_status,
                                     R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + code +
                                         R"(","message":")" + message + R"("})");
        });
    }
    ScriptedService& then(Handler handler) {
        std::lock_guard lock(mutex_);
        script_.push_back(std::move(handler));
        return *this;
    }
    /// Answers every call for which the script has nothing left.
    ScriptedService& otherwise(Handler handler) {
        std::lock_guard lock(mutex_);
        otherwise_ = std::move(handler);
        return *this;
    }

    void call(const Call& call, Reply& reply) override {
        Handler handler = record_and_take(call);
        reply.clear();
        handler(call, reply);
    }
    std::string location() const override { return "scripted"; }

    std::vector<Received> calls() const {
        std::lock_guard lock(mutex_);
        return calls_;
    }
    std::size_t answers_left() const {
        std::lock_guard lock(mutex_);
        return script_.size();
    }

private:
    Handler record_and_take(const Call& call) {
        if (call.stop.stop_requested()) {
            throw base::Error(base::ErrorKind::cancelled, "stopped");
        }
        std::lock_guard lock(mutex_);
        calls_.push_back({std::string(call.operation), std::string(call.body)});
        if (script_.empty()) {
            if (!otherwise_) {
                throw base::Error(base::ErrorKind::internal,
                                  "the script has no answer for " + std::string(call.operation));
            }
            return otherwise_;
        }
        Handler handler = std::move(script_.front());
        script_.pop_front();
        return handler;
    }

    mutable std::mutex mutex_;
    std::deque<Handler> script_;
    Handler otherwise_;
    std::vector<Received> calls_;
};

}  // namespace dynamigrate::dynamodb::testing
