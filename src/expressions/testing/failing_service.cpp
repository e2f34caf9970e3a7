#include <dynamigrate/expressions/testing/failing_service.hpp>

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/reader.hpp>
#include <dynamigrate/json/value.hpp>

#include <algorithm>

namespace dynamigrate::expressions {
namespace {

using json::Value;

[[noreturn]] void lose_connection(std::string_view operation) {
    throw base::Error(base::ErrorKind::unavailable,
                      std::string(operation) + ": the connection was lost before the answer came")
        .may_have_applied(!dynamodb::is_read_only(operation));
}

[[noreturn]] void refuse(std::string_view operation, int status, const std::string& code,
                         const std::string& message) {
    base::Error error =
        dynamodb::make_service_error(operation, status,
                                     R"({"__type":"com.amazonaws.dynamodb.v20120810#)" + code +
                                         R"(","message":")" + message + "\"}");
    error.set_may_have_applied(status >= 500 && !dynamodb::is_read_only(operation));
    throw error;
}

Value error_answer(Failure failure) {
    bool is_throttled = failure == Failure::statement_throttled;
    Value error = Value::object();
    error.set("Code", Value::string(is_throttled ? "ThrottlingError" : "InternalServerError"));
    error.set("Message", Value::string(is_throttled ? "Rate exceeded" : "Internal server error"));
    Value answer = Value::object();
    answer.set("Error", error);
    return answer;
}

}  // namespace

void FailingService::call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    if (!counts(call) || ++calls_ != n_) {
        inner_.call(call, reply);
        return;
    }
    fired_ = true;
    if (is_of_statement()) {
        fail_statement(call, reply);
    } else {
        fail_call(call, reply);
    }
}

bool FailingService::counts(const dynamodb::Call& call) const noexcept {
    if (is_of_statement()) {
        return call.operation == "BatchExecuteStatement";
    }
    return counted_ == CountedCalls::all || !dynamodb::is_read_only(call.operation);
}

void FailingService::fail_call(const dynamodb::Call& call, dynamodb::Reply& reply) {
    switch (failure_) {
        case Failure::throttle:
            refuse(call.operation, 400, "ProvisionedThroughputExceededException",
                   "The level of configured provisioned throughput for the table was exceeded.");
        case Failure::internal_500:
            refuse(call.operation, 500, "InternalServerError",
                   "The request processing has failed because of an unknown error.");
        case Failure::lost_answer:
            inner_.call(call, reply);
            lose_connection(call.operation);
        default:
            lose_connection(call.operation);
    }
}

void FailingService::fail_statement(const dynamodb::Call& call, dynamodb::Reply& reply) {
    Value request = json::parse_json(call.body, "request");
    Value::Array& statements = request.find("Statements")->elements();
    auto at = static_cast<std::ptrdiff_t>(std::min(statement_, statements.size() - 1));
    bool is_applied = failure_ == Failure::statement_internal_error_applied;
    if (!is_applied) {
        statements.erase(statements.begin() + at);
    }
    Value answer = Value::object();
    answer.set("Responses", Value::array());
    if (is_applied || !statements.empty()) {
        std::string body = json::to_json(request);
        inner_.call({call.operation, body, call.stop}, reply);
        answer = json::parse_json(reply.body, "answer");
    }
    Value::Array& responses = answer.find("Responses")->elements();
    if (is_applied) {
        responses[static_cast<std::size_t>(at)] = error_answer(failure_);
    } else {
        responses.insert(responses.begin() + at, error_answer(failure_));
    }
    reply.clear();
    reply.body = json::to_json(answer);
    json::pad(reply.body);
}

}  // namespace dynamigrate::expressions
