#pragma once

#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/environment.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::aws {

/// What the user said by flags or configuration; empty: nothing.
struct EndpointOptions {
    std::string region;
    std::string endpoint;
    std::string profile;
};

/// Where requests go and which region they are signed for.
struct Endpoint {
    std::string region;
    std::string url;         ///< without a slash at the end
    bool is_custom = false;  ///< not AWS's own address of the region
};

/// Region: option, AWS_REGION, AWS_DEFAULT_REGION, the profile's `region`; a custom endpoint without
/// any of them is signed for us-east-1.
/// Address: option, AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's `services` section,
/// the profile's `endpoint_url`, else AWS's. AWS_IGNORE_CONFIGURED_ENDPOINT_URLS (or the profile's
/// `ignore_configured_endpoint_urls`) leaves only the option and AWS's.
///
/// `service`: "dynamodb", "s3", "sts", "lambda", "sfn" (Step Functions).
/// Errors: failed_precondition when no region is known; invalid_argument for a bad URL or region.
Endpoint resolve_endpoint(const std::string& service, const EndpointOptions& options,
                          const base::Environment& environment, const SharedConfig& config);

/// "amazonaws.com", "amazonaws.com.cn" ...: the DNS suffix of the region's partition.
std::string dns_suffix(const std::string& region);

/// "eu-west-1" of "arn:aws:lambda:eu-west-1:123456789012:function:name"; "" of what is no ARN.
std::string region_in_arn(std::string_view arn);

}  // namespace dynamigrate::aws
