#include "browser_policy.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace dynamigrate::gateway {

namespace {

constexpr std::string_view kExposed =
    "x-amzn-RequestId, x-amz-crc32, x-amzn-ErrorType, Content-Encoding, Date";
constexpr std::string_view kUsualHeaders =
    "authorization, content-type, content-encoding, x-amz-content-sha256, x-amz-date, "
    "x-amz-security-token, x-amz-target, x-amz-user-agent, amz-sdk-invocation-id, amz-sdk-request";

/// How containers on this machine call it; no public name can end so.
constexpr std::array<std::string_view, 2> kContainerNames{"host.docker.internal",
                                                          "host.containers.internal"};

bool is_address(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> parsed{};
    return inet_pton(AF_INET, host.c_str(), parsed.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), parsed.data()) == 1;
}

/// The host of "http://host:port"; empty when it has no such form.
std::string host_of(const std::string& url) {
    try {
        return http::parse_url(url).host;
    } catch (const base::Error&) {
        return {};
    }
}

void add(http::ServedResponse& response, std::string name, std::string_view value) {
    response.headers.push_back({std::move(name), std::string(value)});
}

/// What a browser sent us to repeat goes into no header of ours with other characters.
bool is_plain_list(std::string_view names) {
    return std::ranges::all_of(names, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == ',' || c == ' ';
    });
}

}  // namespace

bool BrowserPolicy::is_own_name(std::string_view authority) const {
    std::string host = host_of(fmt::format("http://{}", authority));
    return http::is_loopback(host) || host == host_ || is_address(host) ||
           std::ranges::find(kContainerNames, host) != kContainerNames.end();
}

std::string BrowserPolicy::objection(const http::ServedRequest& request) const {
    if (checks_signatures_) {
        return {};
    }
    constexpr std::string_view kAdvice =
        "use http://localhost or http://127.0.0.1, or have signatures checked by --access-key";
    if (std::string host = request.header("host"); !is_own_name(host)) {
        return fmt::format("requests to the host \"{}\" are not answered here; {}", host, kAdvice);
    }
    std::string origin = request.header("origin");
    if (!origin.empty() && !http::is_loopback(host_of(origin))) {
        return fmt::format("pages of \"{}\" are not answered here; {}", origin, kAdvice);
    }
    return {};
}

void BrowserPolicy::admit(const http::ServedRequest& request,
                          http::ServedResponse& response) const {
    std::string origin = request.header("origin");
    if (origin.empty()) {
        return;
    }
    add(response, "Access-Control-Allow-Origin", checks_signatures_ ? "*" : origin);
    add(response, "Access-Control-Expose-Headers", kExposed);
    add(response, "Vary", "Origin");
}

void BrowserPolicy::answer_preflight(const http::ServedRequest& request,
                                     http::ServedResponse& response) const {
    std::string asked = request.header("access-control-request-headers");
    bool may_repeat = !asked.empty() && is_plain_list(asked);
    add(response, "Access-Control-Allow-Methods", "POST, GET, OPTIONS");
    add(response, "Access-Control-Allow-Headers",
        may_repeat ? std::string_view(asked) : kUsualHeaders);
    add(response, "Access-Control-Max-Age", "172800");
    if (request.header("access-control-request-private-network") == "true") {
        add(response, "Access-Control-Allow-Private-Network", "true");
    }
}

}  // namespace dynamigrate::gateway
