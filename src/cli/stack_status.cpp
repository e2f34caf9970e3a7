#include "stack_status.hpp"

#include "query_request.hpp"

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/http/client.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr int kAttempts = 3;
constexpr std::chrono::seconds kTimeout{10};
constexpr std::chrono::milliseconds kPause{500};

/// One signed request. Errors: permission_denied, unavailable.
std::string describe_stacks(const aws::Endpoint& endpoint, http::Client& http,
                            aws::CredentialsProvider& credentials, const base::Clock& clock,
                            const std::string& stack_id) {
    const std::string body = fmt::format("Action=DescribeStacks&Version=2010-05-15&StackName={}",
                                         http::percent_encoded(stack_id));
    http::Response response =
        send_query(endpoint, "cloudformation", body, http, credentials, clock, kTimeout);
    if (response.status != 200) {
        throw Error(
            response.status >= 500 ? ErrorKind::unavailable : ErrorKind::permission_denied,
            fmt::format("CloudFormation answers DescribeStacks with status {}", response.status));
    }
    return std::move(response.body);
}

}  // namespace

std::optional<std::string> stack_status_in(const std::string& answer) {
    constexpr std::string_view kOpen = "<StackStatus>";
    const std::size_t begin = answer.find(kOpen);
    const std::size_t end = answer.find("</StackStatus>");
    if (begin == std::string::npos || end == std::string::npos) {
        return std::nullopt;
    }
    return answer.substr(begin + kOpen.size(), end - begin - kOpen.size());
}

std::optional<std::string> stack_status(const Project& project,
                                        const StateMachineSurroundings& surroundings,
                                        const std::string& stack_id, bool is_local) {
    try {
        const aws::SharedConfig config = aws::SharedConfig::load(surroundings.environment);
        const std::string region = aws::region_in_arn(stack_id);
        const aws::Endpoint endpoint = aws::resolve_endpoint(
            "cloudformation",
            {region.empty() ? project.region : region, "", project.config.aws_profile},
            surroundings.environment, config);
        if (is_local && !endpoint.is_custom) {
            return std::nullopt;
        }
        const std::unique_ptr<http::Client> http = http::make_curl_client(
            {.ca_bundle = surroundings.environment.get("AWS_CA_BUNDLE").value_or("")});
        base::SystemChildProcesses programs;
        aws::CredentialsOptions options;
        options.profile = project.config.aws_profile;
        options.region = endpoint.region;
        options.endpoint = endpoint.url;
        const auto credentials = aws::make_credentials_chain(
            options,
            {surroundings.environment, *http, programs, surroundings.clock, surroundings.log});
        for (int attempt = 1;; ++attempt) {
            try {
                return stack_status_in(
                    describe_stacks(endpoint, *http, *credentials, surroundings.clock, stack_id));
            } catch (const Error& error) {
                if (attempt == kAttempts || error.kind() != ErrorKind::unavailable) {
                    throw;
                }
                surroundings.clock.wait(kPause, {});
            }
        }
    } catch (const Error& error) {
        surroundings.log.warning(
            "whether the stack is rolled back is judged by the records of its deployments only "
            "(cloudformation:DescribeStacks): {}",
            error.what());
        return std::nullopt;
    }
}

}  // namespace dynamigrate::cli
