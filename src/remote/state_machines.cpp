#include <dynamigrate/remote/state_machines.hpp>

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/url.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace dynamigrate::remote {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kContentType = "application/x-amz-json-1.0";
constexpr std::string_view kTargetPrefix = "AWSStepFunctions.";
/// Retries are limited by their number alone.
constexpr int kEnoughTokens = 1'000'000;
/// What the service takes of an error's name and cause.
constexpr std::size_t kMostErrorBytes = 256;
constexpr std::size_t kMostCauseBytes = 32'768;

struct KnownError {
    std::string_view code;
    ErrorKind kind;
};

constexpr KnownError kKnown[] = {
    {"ExecutionAlreadyExists", ErrorKind::already_exists},
    {"ExecutionDoesNotExist", ErrorKind::not_found},
    {"StateMachineDoesNotExist", ErrorKind::not_found},
    {"StateMachineDeleting", ErrorKind::failed_precondition},
    {"ExecutionLimitExceeded", ErrorKind::throttled},
    {"ThrottlingException", ErrorKind::throttled},
    {"Throttling", ErrorKind::throttled},
    {"TooManyRequestsException", ErrorKind::throttled},
    {"RequestLimitExceeded", ErrorKind::throttled},
    {"KmsThrottlingException", ErrorKind::throttled},
    {"KmsAccessDeniedException", ErrorKind::permission_denied},
    {"AccessDeniedException", ErrorKind::permission_denied},
    {"NotAuthorized", ErrorKind::permission_denied},
    {"ExpiredTokenException", ErrorKind::unauthenticated},
    {"UnrecognizedClientException", ErrorKind::unauthenticated},
    {"InvalidSignatureException", ErrorKind::unauthenticated},
    {"InvalidClientTokenId", ErrorKind::unauthenticated},
    {"IncompleteSignature", ErrorKind::unauthenticated},
    {"MissingAuthenticationToken", ErrorKind::unauthenticated},
    {"MissingAuthenticationTokenException", ErrorKind::unauthenticated},
    {"ServiceUnavailable", ErrorKind::unavailable},
    {"InternalFailure", ErrorKind::unavailable},
};

ErrorKind kind_of(int status, std::string_view code) {
    const auto* known = std::ranges::find(kKnown, code, &KnownError::code);
    if (known != std::end(kKnown)) {
        return known->kind;
    }
    if (status == 429) {
        return ErrorKind::throttled;
    }
    if (status == 403) {
        return ErrorKind::permission_denied;
    }
    return status >= 500 ? ErrorKind::unavailable : ErrorKind::invalid_argument;
}

json::Value parsed(const std::string& body) {
    try {
        return json::parse_json(body, "answer of Step Functions");
    } catch (const Error&) {
        return {};  // an answer of something in between
    }
}

/// "com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist" and "Name:http://..." are known by the name.
std::string bare_code(std::string code) {
    code = code.substr(0, code.find(':'));
    const std::size_t hash = code.find('#');
    return hash == std::string::npos ? code : code.substr(hash + 1);
}

std::string code_of(const http::Response& response, const json::Value& body) {
    const auto header = response.header("x-amzn-errortype");
    return bare_code(header ? std::string(*header) : json::text_of(body, "__type"));
}

/// Times are written as seconds with a fraction.
std::optional<base::WallTime> time_of(const json::Value& body, std::string_view name) {
    const json::Value* value = body.find(name);
    if (value == nullptr || !value->is_number()) {
        return std::nullopt;
    }
    const double seconds = std::strtod(value->text().c_str(), nullptr);
    return base::WallTime(std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000)));
}

class CurlStateMachines final : public StateMachines {
public:
    explicit CurlStateMachines(const StateMachineOptions& options)
        : options_(options),
          signer_(options.endpoint.region, "states"),
          url_(http::parse_url(options.endpoint.url)),
          host_(url_.authority()) {}

    std::string start(std::string_view machine_arn, std::string_view name, std::string_view input,
                      std::stop_token stop) override {
        std::string body;
        json::Writer(body)
            .begin_object()
            .key("stateMachineArn")
            .string(machine_arn)
            .key("name")
            .string(name)
            .key("input")
            .string(input)
            .end_object();
        try {
            return json::text_of(call("StartExecution", machine_arn, body, stop), "executionArn");
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::already_exists) {
                throw;
            }
        }
        std::string arn = execution_arn(machine_arn, name);
        const auto state = describe(arn, stop);
        if (!state) {
            throw Error(ErrorKind::unavailable,
                        fmt::format("the execution {} exists, but Step Functions does not tell of "
                                    "it yet",
                                    arn))
                .service_code("ExecutionAlreadyExists");
        }
        if (state->input != input) {
            throw Error(ErrorKind::already_exists,
                        fmt::format("there was an execution {} with another input; give this one "
                                    "another name",
                                    arn))
                .service_code("ExecutionAlreadyExists");
        }
        return arn;
    }

    std::optional<ExecutionState> describe(std::string_view execution_arn,
                                           std::stop_token stop) override {
        std::string request;
        json::Writer(request).begin_object().key("executionArn").string(execution_arn).end_object();
        try {
            const json::Value body = call("DescribeExecution", execution_arn, request, stop);
            return ExecutionState{json::text_of(body, "status"),
                                  json::text_of(body, "error"),
                                  json::text_of(body, "cause"),
                                  json::text_of(body, "output"),
                                  json::text_of(body, "input"),
                                  time_of(body, "startDate").value_or(base::WallTime{}),
                                  time_of(body, "stopDate")};
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::not_found) {
                return std::nullopt;
            }
            throw;
        }
    }

    void stop(std::string_view execution_arn, std::string_view error, std::string_view cause,
              std::stop_token stop) override {
        std::string body;
        json::Writer(body)
            .begin_object()
            .key("executionArn")
            .string(execution_arn)
            .key("error")
            .string(error.substr(0, kMostErrorBytes))
            .key("cause")
            .string(cause.substr(0, kMostCauseBytes))
            .end_object();
        call("StopExecution", execution_arn, body, stop);
    }

private:
    json::Value call(std::string_view operation, std::string_view subject, const std::string& body,
                     const std::stop_token& stop) {
        for (int attempt = 1;; ++attempt) {
            try {
                return try_call(operation, subject, body, stop);
            } catch (const Error& error) {
                const aws::RetryDecision decision =
                    aws::decide(error, attempt, kEnoughTokens, options_.retry, options_.random);
                if (!decision.retry) {
                    throw;
                }
                options_.clock.wait(decision.delay, stop);
                base::throw_if_stopped(stop);
            }
        }
    }

    json::Value try_call(std::string_view operation, std::string_view subject,
                         const std::string& body, const std::stop_token& stop) {
        http::Request request;
        request.timeout = options_.timeout;
        request.stop = stop;
        sign(request, operation, body);
        http::Response response;
        options_.http.send(request, response);
        json::Value answer = parsed(response.body);
        if (response.status < 200 || response.status >= 300) {
            refuse(operation, subject, response, answer);
        }
        return answer;
    }

    void sign(http::Request& request, std::string_view operation, const std::string& body) {
        const std::string target = std::string(kTargetPrefix) + std::string(operation);
        const std::shared_ptr<const aws::Credentials> keys = options_.credentials.get(request.stop);
        const std::array headers{aws::SignedHeader{"host", host_},
                                 aws::SignedHeader{"content-type", kContentType},
                                 aws::SignedHeader{"x-amz-target", target}};
        aws::Signature signature;
        signer_.sign({.method = "POST",
                      .path = url_.path.empty() ? "/" : std::string_view(url_.path),
                      .query = {},
                      .headers = headers,
                      .payload = body},
                     *keys, options_.clock.now(), signature);
        request.method = "POST";
        request.url = options_.endpoint.url + (url_.path.size() > 1 ? "" : "/");
        request.body = body;
        request.headers = {{"content-type", std::string(kContentType)},
                           {"x-amz-target", target},
                           {"x-amz-date", signature.date},
                           {"authorization", signature.authorization}};
        if (!keys->session_token.empty()) {
            request.headers.push_back({"x-amz-security-token", keys->session_token});
        }
    }

    [[noreturn]] static void refuse(std::string_view operation, std::string_view subject,
                                    const http::Response& response, const json::Value& answer) {
        const std::string code = code_of(response, answer);
        const std::string lower = json::text_of(answer, "message");
        const std::string& message = lower.empty() ? json::text_of(answer, "Message") : lower;
        throw Error(kind_of(response.status, code),
                    fmt::format("Step Functions refuses {} of {}: status {}{}{}", operation,
                                subject, response.status, code.empty() ? "" : " " + code,
                                message.empty() ? "" : ": " + message.substr(0, 500)))
            .service_code(code);
    }

    StateMachineOptions options_;
    aws::Signer signer_;
    http::Url url_;
    std::string host_;
};

}  // namespace

std::unique_ptr<StateMachines> make_state_machines(const StateMachineOptions& options) {
    return std::make_unique<CurlStateMachines>(options);
}

std::string execution_arn(std::string_view machine_arn, std::string_view name) {
    constexpr std::string_view kKind = ":stateMachine:";
    const std::size_t at = machine_arn.find(kKind);
    if (at == std::string_view::npos) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("{} is no ARN of a state machine", machine_arn));
    }
    std::string_view machine = machine_arn.substr(at + kKind.size());
    machine = machine.substr(0, machine.find(':'));  // without a version or an alias
    return fmt::format("{}:execution:{}:{}", machine_arn.substr(0, at), machine, name);
}

}  // namespace dynamigrate::remote
