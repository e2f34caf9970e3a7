#include <dynamigrate/aws/region.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace dynamigrate::aws {

namespace {

bool is_true(const std::optional<std::string>& text) {
    return text && (*text == "true" || *text == "True" || *text == "TRUE" || *text == "1");
}

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

/// The first that is there and not empty.
std::string first_of(std::initializer_list<std::optional<std::string>> candidates) {
    for (const std::optional<std::string>& candidate : candidates) {
        if (candidate && !candidate->empty()) {
            return *candidate;
        }
    }
    return "";
}

std::optional<std::string> given(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

std::string configured_url(const std::string& service, const base::Environment& environment,
                           const SharedConfig& config, const Section* profile) {
    if (is_true(environment.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) ||
        is_true(setting(profile, "ignore_configured_endpoint_urls"))) {
        return "";
    }
    const Section* services = nullptr;
    if (auto name = setting(profile, "services")) {
        services = config.services(*name);
    }
    return first_of(
        {environment.get("AWS_ENDPOINT_URL_" + upper(service)), environment.get("AWS_ENDPOINT_URL"),
         setting(services, service + ".endpoint_url"), setting(profile, "endpoint_url")});
}

std::string checked_url(const std::string& text) {
    http::Url url = http::parse_url(text);
    std::string path = url.path;
    while (path.ends_with('/')) {
        path.pop_back();
    }
    return url.origin() + path;
}

void check_region(const std::string& region) {
    bool good = std::ranges::all_of(region, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-';
    });
    if (!good) {
        throw base::Error(
            base::ErrorKind::invalid_argument,
            fmt::format("'{}' is no AWS region; write one such as us-east-1", region));
    }
}

std::string usual_url(const std::string& service, const std::string& region) {
    if (service == "sso") {
        return fmt::format("https://portal.sso.{}.{}", region, dns_suffix(region));
    }
    if (service == "sfn") {
        return fmt::format("https://states.{}.{}", region, dns_suffix(region));
    }
    return fmt::format("https://{}.{}.{}", service, region, dns_suffix(region));
}

}  // namespace

Endpoint resolve_endpoint(const std::string& service, const EndpointOptions& options,
                          const base::Environment& environment, const SharedConfig& config) {
    const Section* profile = config.profile(profile_name(options.profile, environment));
    Endpoint endpoint;
    endpoint.region = first_of({given(options.region), environment.get("AWS_REGION"),
                                environment.get("AWS_DEFAULT_REGION"), setting(profile, "region")});
    std::string url = options.endpoint.empty()
                          ? configured_url(service, environment, config, profile)
                          : options.endpoint;
    check_region(endpoint.region);
    if (!url.empty()) {
        endpoint.url = checked_url(url);
        endpoint.is_custom = true;
        if (endpoint.region.empty()) {
            endpoint.region = "us-east-1";
        }
        return endpoint;
    }
    if (endpoint.region.empty()) {
        throw base::Error(base::ErrorKind::failed_precondition,
                          "no AWS region is known; give --aws-region, AWS_REGION or `region` in "
                          "the profile, or an endpoint for a local server");
    }
    endpoint.url = usual_url(service, endpoint.region);
    return endpoint;
}

std::string dns_suffix(const std::string& region) {
    struct Partition {
        std::string_view prefix, suffix;
    };
    constexpr Partition kPartitions[] = {
        {"cn-", "amazonaws.com.cn"},    {"us-iso-", "c2s.ic.gov"},
        {"us-isob-", "sc2s.sgov.gov"},  {"us-isof-", "csp.hci.ic.gov"},
        {"eu-isoe-", "cloud.adc-e.uk"}, {"eusc-", "amazonaws.eu"},
    };
    for (const Partition& partition : kPartitions) {
        if (region.starts_with(partition.prefix)) {
            return std::string(partition.suffix);
        }
    }
    return "amazonaws.com";
}

std::string region_in_arn(std::string_view arn) {
    constexpr int kPartsBefore = 3;
    if (!arn.starts_with("arn:")) {
        return {};
    }
    for (int part = 0; part < kPartsBefore; ++part) {
        const std::size_t colon = arn.find(':');
        if (colon == std::string_view::npos) {
            return {};
        }
        arn.remove_prefix(colon + 1);
    }
    return std::string(arn.substr(0, arn.find(':')));
}

}  // namespace dynamigrate::aws
