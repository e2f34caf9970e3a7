#include "account.hpp"

#include "query_request.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kBody = "Action=GetCallerIdentity&Version=2011-06-15";

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
    const http::Response response = send_query(sts, "sts", kBody, http, credentials, clock);
    if (response.status != 200) {
        throw Error(ErrorKind::unauthenticated,
                    fmt::format("STS refused to say whose credentials these are (status {})",
                                response.status));
    }
    return account_in(response.body);
}

}  // namespace dynamigrate::cli
