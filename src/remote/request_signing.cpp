#include "request_signing.hpp"

#include "answer_headers.hpp"

namespace dynamigrate::remote {

namespace {

constexpr const char* kContentType = "application/x-amz-json-1.0";
constexpr std::string_view kTargetPrefix = "DynamoDB_20120810.";

void put(http::Header& header, std::string_view name, std::string_view value) {
    header.name = name;
    header.value = value;
}

}  // namespace

RequestSigner::RequestSigner(const std::string& url, const std::string& region,
                             const base::Clock& clock)
    : url_(http::parse_url(url)),
      authority_(url_.authority()),
      signer_(region, "dynamodb"),
      clock_(clock) {}

base::WallTime RequestSigner::server_now() const {
    return clock_.now() + std::chrono::milliseconds(offset_ms_.load(std::memory_order_relaxed));
}

void RequestSigner::sign(http::Request& request, std::string_view operation,
                         const aws::Credentials& credentials, aws::Signature& scratch) {
    bool has_token = !credentials.session_token.empty();
    request.headers.resize(has_token ? 5 : 4);
    put(request.headers[0], "content-type", kContentType);
    put(request.headers[1], "x-amz-target", kTargetPrefix);
    request.headers[1].value += operation;

    aws::SignedHeader signed_headers[] = {{"content-type", kContentType},
                                          {"host", authority_},
                                          {"x-amz-target", request.headers[1].value}};
    signer_.sign(
        {.method = "POST", .path = url_.path, .headers = signed_headers, .payload = request.body},
        credentials, server_now(), scratch);
    put(request.headers[2], "x-amz-date", scratch.date);
    put(request.headers[3], "authorization", scratch.authorization);
    if (has_token) {
        put(request.headers[4], "x-amz-security-token", credentials.session_token);
    }
}

bool RequestSigner::adopt_time_of(const http::Response& response) {
    constexpr auto kTolerated = std::chrono::minutes(4);
    auto date = parse_http_date(response.header("date").value_or(""));
    if (!date || std::chrono::abs(*date - server_now()) <= kTolerated) {
        return false;
    }
    offset_ms_.store((*date - clock_.now()).count(), std::memory_order_relaxed);
    return true;
}

}  // namespace dynamigrate::remote
