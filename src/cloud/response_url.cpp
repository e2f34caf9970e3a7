#include <dynamigrate/cloud/response_url.hpp>

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <chrono>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;

constexpr int kAttempts = 4;
constexpr std::chrono::milliseconds kFirstPause{500};
constexpr std::chrono::milliseconds kTimeout{20'000};
constexpr int kBadRequest = 400;
constexpr int kTooManyRequests = 429;
constexpr int kServerError = 500;

/// What is wrong; "" : it is there. Errors: failed_precondition, cancelled.
std::string attempt(http::Client& http, const http::Request& request) {
    http::Response response;
    try {
        http.send(request, response);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::cancelled) {
            throw Error(ErrorKind::cancelled, "stopped");
        }
        if (error.kind() != ErrorKind::unavailable) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("CloudFormation cannot be answered at its response URL ({})",
                                    to_string(error.kind())));
        }
        return "it could not be reached";
    }
    if (response.status < kBadRequest) {
        return {};
    }
    if (response.status < kServerError && response.status != kTooManyRequests) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("CloudFormation's response URL refuses the answer with status {}; "
                                "it may have expired",
                                response.status));
    }
    return fmt::format("it answered with status {}", response.status);
}

}  // namespace

void put_answer(http::Client& http, base::Clock& clock, const std::string& url,
                std::string_view body, std::stop_token stop) {
    http::Request request;
    request.method = "PUT";
    request.url = url;
    request.headers = {{"Content-Type", ""}};  // the URL's signature covers that
    request.body = body;
    request.timeout = kTimeout;
    request.stop = stop;
    std::chrono::milliseconds pause = kFirstPause;
    for (int number = 1;; ++number, pause *= 2) {
        const std::string wrong = attempt(http, request);
        if (wrong.empty()) {
            return;
        }
        if (number == kAttempts) {
            throw Error(ErrorKind::unavailable,
                        "CloudFormation is not answered at its response URL: " + wrong);
        }
        if (!clock.wait(pause, stop)) {
            throw Error(ErrorKind::cancelled, "stopped");
        }
    }
}

}  // namespace dynamigrate::cloud
