#include <dynamigrate/cloud/answer.hpp>

#include <dynamigrate/cloud/event.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

namespace dynamigrate::cloud {

namespace {

using base::Error;
using base::ErrorKind;

constexpr int kAccepted = 202;

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid_argument:
            return 400;
        case ErrorKind::unauthenticated:
            return 401;
        case ErrorKind::permission_denied:
            return 403;
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::aborted:
        case ErrorKind::already_exists:
        case ErrorKind::failed_precondition:
            return 409;
        case ErrorKind::throttled:
            return 429;
        default:
            return 500;
    }
}

std::string failure(int status, std::string_view message) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("statusCode").number(status).key("body").null();
    writer.key("error").string(message).key("errorMessage").string(message).end_object();
    return text;
}

/// A message, or whatever else stands there, as text; "" for nothing.
std::string complaint(const json::Value& payload, std::string_view key) {
    const json::Value* value = payload.find(key);
    if (!is_truthy(value)) {
        return {};
    }
    return value->is_string() ? value->text() : json::to_json(*value);
}

json::Value parse(const std::string& text, std::string_view command) {
    try {
        return json::parse_json(text, "the function's answer");
    } catch (const Error& error) {
        throw Error(ErrorKind::corrupted, fmt::format("Cannot invoke {}: no JSON", command))
            .because(error);
    }
}

/// API Gateway wants strings; what is no JSON is a string that was meant.
json::Value unwrapped(const json::Value& body) {
    if (!body.is_string()) {
        return body;
    }
    try {
        return json::parse_json(body.text(), "body");
    } catch (const Error&) {
        return body;
    }
}

}  // namespace

std::string good_answer(std::string_view body) {
    return fmt::format(R"({{"statusCode":200,"body":{}}})", body);
}

std::string bad_answer(const base::Error& error) {
    return failure(status_of(error.kind()), error.what());
}

std::string unfinished_answer(std::string_view message) { return failure(kAccepted, message); }

bool is_of_broken_function(const FunctionAnswer& answer) {
    if (answer.status != 200 || answer.function_error.empty()) {
        return answer.status != 200;
    }
    if (answer.payload.empty()) {
        return true;
    }
    const std::string type = json::text_of(parse(answer.payload, "answer"), "errorType");
    return type == "InitError" || type.starts_with("Runtime.") || type.starts_with("Sandbox.") ||
           type.starts_with("Extension.");
}

json::Value body_of(const FunctionAnswer& answer, std::string_view command) {
    if (answer.status != 200) {
        throw Error(ErrorKind::unavailable,
                    fmt::format("Cannot invoke {}: bad status code {}", command, answer.status));
    }
    if (answer.payload.empty()) {
        throw Error(
            ErrorKind::unavailable,
            fmt::format(
                "Cannot invoke {}: no result{}", command,
                answer.function_error.empty() ? "" : fmt::format(" ({})", answer.function_error)));
    }
    const json::Value payload = parse(answer.payload, command);
    for (const char* key : {"error", "errorMessage"}) {
        if (const std::string text = complaint(payload, key); !text.empty()) {
            throw Error(ErrorKind::outcome_unknown,
                        fmt::format("Cannot invoke {}: {}", command, text));
        }
    }
    if (!answer.function_error.empty()) {
        throw Error(ErrorKind::outcome_unknown, fmt::format("Cannot invoke {}: {}: {}", command,
                                                            answer.function_error, answer.payload));
    }
    const json::Value* body = payload.find("body");
    if (!body) {
        return payload.find("statusCode") ? json::Value() : payload;
    }
    return unwrapped(*body);
}

}  // namespace dynamigrate::cloud
