#include "endpoint.hpp"

#include "gzip.hpp"

#include <dynamigrate/base/hash.hpp>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::gateway {

namespace {

constexpr std::string_view kTargetPrefix = "DynamoDB_20120810.";
constexpr const char* kContentType = "application/x-amz-json-1.0";
constexpr std::size_t kWorthPacking = 4096;

void fill(http::ServedResponse& response, ErrorDocument document) {
    response.status = document.status;
    response.body = std::move(document.body);
}

bool is_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
}

/// The operation that the request is for; empty when it is for none of DynamoDB's.
std::string operation_of(const http::ServedRequest& request) {
    std::string target = request.header("x-amz-target");
    bool is_ours = target.starts_with(kTargetPrefix);
    std::string operation = is_ours ? target.substr(kTargetPrefix.size()) : std::string();
    return is_name(operation) ? operation : std::string();
}

std::string joined_header(const http::ServedRequest& request, std::string_view name) {
    std::string joined;
    bool is_first = true;
    for (const http::ServedHeader& header : request.headers) {
        if (std::ranges::equal(header.name, name, {},
                               [](unsigned char c) { return std::tolower(c); })) {
            joined.append(is_first ? "" : ",").append(header.value);
            is_first = false;
        }
    }
    return joined;
}

std::string http_date(base::WallTime time) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

void pack(const http::ServedRequest& request, http::ServedResponse& response) {
    if (response.body.size() >= kWorthPacking && accepts_gzip(request.header("accept-encoding"))) {
        response.body = gzip(response.body);
        response.headers.push_back({"Content-Encoding", "gzip"});
    }
}

ErrorDocument too_large() {
    return make_front_error(413, "RequestEntityTooLargeException",
                            "the request is larger than this endpoint takes");
}

}  // namespace

void answer_unserved(std::string_view reason, http::ServedResponse& response) {
    response.content_type = kContentType;
    if (response.status == 500) {
        fill(response, make_error(500, "InternalServerError", reason));
    } else if (response.status == 503) {
        fill(response, make_error(503, "ServiceUnavailable", reason));
    } else if (response.status == 413) {
        fill(response, too_large());
    } else {
        fill(response, make_front_error(response.status, "MalformedHttpRequestException", reason));
    }
}

Endpoint::Endpoint(dynamodb::Service& service, const GatewayOptions& options, std::stop_token stop,
                   EndpointSurroundings surroundings)
    : service_(service),
      max_request_bytes_(options.max_request_bytes),
      policy_(options.host, !options.access_keys.empty()),
      ids_(surroundings.random),
      stop_(std::move(stop)),
      clock_(surroundings.clock),
      log_(surroundings.log) {
    if (!options.access_keys.empty()) {
        verifier_.emplace("dynamodb", options.access_keys, std::vector<std::string>{"x-amz-target"},
                          clock_);
    }
}

void Endpoint::answer(const http::ServedRequest& request, http::ServedResponse& response) {
    response.content_type = kContentType;
    std::string objection = policy_.objection(request);
    if (objection.empty()) {
        policy_.admit(request, response);
        answer_admitted(request, response);
    } else {
        fill(response, make_front_error(403, "AccessDeniedException", objection));
    }
    bool has_id = std::ranges::any_of(
        response.headers, [](const auto& header) { return header.name == "x-amzn-RequestId"; });
    if (!has_id) {
        response.headers.push_back({"x-amzn-RequestId", ids_.next()});
    }
    response.headers.push_back({"x-amz-crc32", std::to_string(base::crc32(response.body))});
}

void Endpoint::answer_admitted(const http::ServedRequest& request, http::ServedResponse& response) {
    bool is_root = request.target.substr(0, request.target.find('?')) == "/";
    if (request.method == "OPTIONS") {
        policy_.answer_preflight(request, response);
    } else if (request.method == "POST" && is_root) {
        answer_call(request, response);
    } else if ((request.method == "GET" || request.method == "HEAD") && is_root) {
        response.content_type = "text/plain";
        response.body = "healthy: dynamodb (dynamigrate)\n";
    } else {
        fill(response, make_front_error(404, "UnknownOperationException",
                                        "only POST / is a call here, and GET / tells the health"));
    }
}

void Endpoint::answer_call(const http::ServedRequest& request, http::ServedResponse& response) {
    if (auto refusal = check_signature(request)) {
        response.headers.push_back({"Date", http_date(clock_.now())});
        return fill(response, make_front_error(400, refusal->code, refusal->message));
    }
    std::string operation = operation_of(request);
    if (operation.empty()) {
        return fill(response, make_front_error(400, "UnknownOperationException",
                                               "the header X-Amz-Target names no operation of "
                                               "DynamoDB_20120810"));
    }
    std::string coding = request.header("content-encoding");
    if (coding.empty() || coding == "identity") {
        call_service(operation, request, request.body, response);
    } else if (coding != "gzip") {
        fill(response, make_front_error(415, "SerializationException",
                                        "of content encodings only gzip is understood"));
    } else if (auto body = gunzip(request.body, max_request_bytes_)) {
        call_service(operation, request, *body, response);
    } else {
        fill(response, make_front_error(400, "SerializationException",
                                        "the body is not gzip, or too large when unpacked"));
    }
}

std::optional<aws::Refusal> Endpoint::check_signature(const http::ServedRequest& request) {
    if (!verifier_) {
        return std::nullopt;
    }
    std::string_view target = request.target;
    std::size_t question = std::min(target.find('?'), target.size());
    aws::ReceivedRequest received{
        .method = request.method,
        .path = target.substr(0, question),
        .query = target.substr(std::min(question + 1, target.size())),
        .header = [&request](std::string_view name) { return joined_header(request, name); },
        .payload = request.body};
    return verifier_->check(received);
}

void Endpoint::call_service(std::string_view operation, const http::ServedRequest& request,
                            std::string_view body, http::ServedResponse& response) {
    dynamodb::Reply reply;
    reply.body.swap(response.body);
    reply.clear();
    try {
        service_.call({operation, body, stop_}, reply);
        response.status = reply.outcome == dynamodb::Outcome::success ? 200 : 400;
        response.body = std::move(reply.body);
        if (!reply.request_id.empty()) {
            response.headers.push_back({"x-amzn-RequestId", std::move(reply.request_id)});
        }
    } catch (const base::Error& error) {
        answer_error(operation, error, response);
    } catch (const std::exception& error) {
        answer_error(operation, base::Error(base::ErrorKind::internal, error.what()), response);
    }
    pack(request, response);
}

void Endpoint::answer_error(std::string_view operation, const base::Error& error,
                            http::ServedResponse& response) {
    ErrorDocument document = document_of(error);
    if (document.status >= 500 && error.kind() != base::ErrorKind::cancelled) {
        log_.warning("{} answered with status {}: {}", operation, document.status, error.what());
    }
    fill(response, std::move(document));
}

}  // namespace dynamigrate::gateway
