#include <dynamigrate/cloud/runtime_client.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;

constexpr int kOk = 200;
constexpr int kTooLarge = 413;
constexpr int kServerError = 500;
/// Between calls the function is frozen, and this clock with it.
constexpr std::chrono::hours kLongPoll{24};
constexpr std::chrono::seconds kTimeout{30};

std::string header(const http::Response& response, std::string_view name) {
    return std::string(response.header(name).value_or(""));
}

base::WallTime deadline_of(const http::Response& response) {
    const std::string text = header(response, "lambda-runtime-deadline-ms");
    std::int64_t ms = 0;
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (failure != std::errc{} || end != text.data() + text.size()) {
        throw Error(ErrorKind::corrupted,
                    fmt::format("Lambda's Runtime API tells no deadline but \"{}\"", text));
    }
    return base::WallTime{std::chrono::milliseconds{ms}};
}

std::string error_document(std::string_view type, std::string_view message) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object().key("errorMessage").string(message);
    writer.key("errorType").string(type).key("stackTrace").begin_array().end_array();
    writer.end_object();
    return body;
}

}  // namespace

RuntimeClient::RuntimeClient(http::Client& http, std::string_view api)
    : http_(http),
      root_(fmt::format("http://{}/2018-06-01/runtime", api)) {}

Invocation RuntimeClient::next(std::stop_token stop) {
    http::Request request;
    request.url = root_ + "/invocation/next";
    request.timeout = kLongPoll;
    request.stop = std::move(stop);
    http::Response response;
    while (true) {
        try {
            http_.send(request, response);
            break;
        } catch (const Error& error) {
            if (error.service_code() != "RequestTimeout") {
                throw;
            }
        }
    }
    if (response.status != kOk) {
        throw Error(ErrorKind::unavailable,
                    fmt::format("Lambda's Runtime API gives no invocation: status {}: {}",
                                response.status, response.body));
    }
    Invocation invocation;
    invocation.request_id = header(response, "lambda-runtime-aws-request-id");
    invocation.function_arn = header(response, "lambda-runtime-invoked-function-arn");
    invocation.trace_id = header(response, "lambda-runtime-trace-id");
    invocation.deadline = deadline_of(response);
    invocation.event = std::move(response.body);
    return invocation;
}

void RuntimeClient::respond(const std::string& request_id, std::string_view answer) {
    post(fmt::format("/invocation/{}/response", request_id), answer, "");
}

void RuntimeClient::fail(const std::string& request_id, std::string_view type,
                         std::string_view message) {
    post(fmt::format("/invocation/{}/error", request_id), error_document(type, message), type);
}

void RuntimeClient::fail_to_begin(std::string_view type, std::string_view message) {
    post("/init/error", error_document(type, message), type);
}

void RuntimeClient::post(const std::string& path, std::string_view body,
                         std::string_view error_type) {
    http::Request request;
    request.method = "POST";
    request.url = root_ + path;
    request.timeout = kTimeout;
    request.body = body;
    request.headers.push_back({"content-type", "application/json"});
    if (!error_type.empty()) {
        request.headers.push_back(
            {"lambda-runtime-function-error-type", fmt::format("Runtime.{}", error_type)});
    }
    http::Response response;
    http_.send(request, response);
    if (response.status >= kOk && response.status < kOk + 100) {
        return;
    }
    const ErrorKind kind = response.status == kTooLarge      ? ErrorKind::invalid_argument
                           : response.status >= kServerError ? ErrorKind::unavailable
                                                             : ErrorKind::failed_precondition;
    throw Error(kind, fmt::format("Lambda's Runtime API refuses {}: status {}: {}", path,
                                  response.status, response.body));
}

}  // namespace dynamigrate::cloud
