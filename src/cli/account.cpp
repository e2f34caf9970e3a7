#include "account.hpp"

#include <dynamigrate/aws/signing.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

#include <array>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kBody = "Action=GetCallerIdentity&Version=2011-06-15";
constexpr std::string_view kContentType = "application/x-www-form-urlencoded";

std::string account_in(const std::string& answer) {
    constexpr std::string_view kOpen = "<Account>";
    std::size_t begin = answer.find(kOpen);
    std::size_t end = answer.find("</Account>");
    if (begin == std::string::npos || end == std::string::npos) {
        throw Error(ErrorKind::corrupted, "STS answered GetCallerIdentity without an account");
    }
    begin += kOpen.size();
    return answer.substr(begin, end - begin);
}

}  // namespace

std::string caller_account(const aws::Endpoint& sts, http::Client& http,
                           aws::CredentialsProvider& credentials, base::Clock& clock) {
    std::shared_ptr<const aws::Credentials> keys = credentials.get({});
    std::string host = http::parse_url(sts.url).authority();
    std::array headers{aws::SignedHeader{"host", host},
                       aws::SignedHeader{"content-type", kContentType}};
    aws::Signature signature;
    aws::Signer(sts.region, "sts")
        .sign({.method = "POST", .path = "/", .query = {}, .headers = headers, .payload = kBody},
              *keys, clock.now(), signature);
    http::Request request;
    request.method = "POST";
    request.url = sts.url + "/";
    request.body = kBody;
    request.headers = {{"content-type", std::string(kContentType)},
                       {"x-amz-date", signature.date},
                       {"authorization", signature.authorization}};
    if (!keys->session_token.empty()) {
        request.headers.push_back({"x-amz-security-token", keys->session_token});
    }
    http::Response response;
    http.send(request, response);
    if (response.status != 200) {
        throw Error(ErrorKind::unauthenticated,
                    fmt::format("STS refused to say whose credentials these are (status {})",
                                response.status));
    }
    return account_in(response.body);
}

}  // namespace dynamigrate::cli
