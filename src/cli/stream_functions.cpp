#include "stream_functions.hpp"

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/url.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <fmt/format.h>

#include <array>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kPath = "/2015-03-31/event-source-mappings";

/// "arn:aws:lambda:eu-west-1:123456789012:function:index-orders:live" is known by what follows
/// "function:".
std::string name_in(const std::string& arn) {
    constexpr std::string_view kBefore = ":function:";
    std::size_t at = arn.find(kBefore);
    return at == std::string::npos ? arn : arn.substr(at + kBefore.size());
}

std::vector<std::string> functions_in(const std::string& answer) {
    json::Value root = json::parse_json(answer, "answer of ListEventSourceMappings");
    const json::Value* mappings = root.is_object() ? root.find("EventSourceMappings") : nullptr;
    std::vector<std::string> functions;
    if (mappings != nullptr && mappings->is_array()) {
        for (const json::Value& mapping : mappings->elements()) {
            functions.push_back(fmt::format("{} ({})",
                                            name_in(json::text_of(mapping, "FunctionArn")),
                                            json::text_of(mapping, "State")));
        }
    }
    return functions;
}

}  // namespace

std::vector<std::string> stream_functions(const aws::Endpoint& lambda, http::Client& http,
                                          aws::CredentialsProvider& credentials, base::Clock& clock,
                                          std::string_view stream_arn) {
    std::shared_ptr<const aws::Credentials> keys = credentials.get({});
    std::string host = http::parse_url(lambda.url).authority();
    std::string query =
        fmt::format("EventSourceArn={}&MaxItems=100", http::percent_encoded(stream_arn));
    std::array headers{aws::SignedHeader{"host", host}};
    aws::Signature signature;
    aws::Signer(lambda.region, "lambda")
        .sign({.method = "GET", .path = kPath, .query = query, .headers = headers}, *keys,
              clock.now(), signature);
    http::Request request;
    request.method = "GET";
    request.url = fmt::format("{}{}?{}", lambda.url, kPath, query);
    request.headers = {{"x-amz-date", signature.date}, {"authorization", signature.authorization}};
    if (!keys->session_token.empty()) {
        request.headers.push_back({"x-amz-security-token", keys->session_token});
    }
    http::Response response;
    http.send(request, response);
    if (response.status != 200) {
        throw Error(
            response.status == 403 ? ErrorKind::permission_denied : ErrorKind::unavailable,
            fmt::format("Lambda did not tell who reads the stream (status {})", response.status));
    }
    return functions_in(response.body);
}

}  // namespace dynamigrate::cli
