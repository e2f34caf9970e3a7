#include "query_request.hpp"

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/http/url.hpp>

#include <array>

namespace dynamigrate::cli {

namespace {

constexpr std::string_view kContentType = "application/x-www-form-urlencoded";

}  // namespace

http::Response send_query(const aws::Endpoint& endpoint, std::string_view service,
                          std::string_view form, http::Client& http,
                          aws::CredentialsProvider& credentials, const base::Clock& clock,
                          std::chrono::milliseconds timeout) {
    const std::shared_ptr<const aws::Credentials> keys = credentials.get({});
    const std::string host = http::parse_url(endpoint.url).authority();
    const std::array headers{aws::SignedHeader{"host", host},
                             aws::SignedHeader{"content-type", kContentType}};
    aws::Signature signature;
    aws::Signer(endpoint.region, std::string(service))
        .sign({.method = "POST", .path = "/", .query = {}, .headers = headers, .payload = form},
              *keys, clock.now(), signature);
    http::Request request;
    request.method = "POST";
    request.url = endpoint.url + "/";
    request.body = form;
    request.timeout = timeout;
    request.headers = {{"content-type", std::string(kContentType)},
                       {"x-amz-date", signature.date},
                       {"authorization", signature.authorization}};
    if (!keys->session_token.empty()) {
        request.headers.push_back({"x-amz-security-token", keys->session_token});
    }
    http::Response response;
    http.send(request, response);
    return response;
}

}  // namespace dynamigrate::cli
