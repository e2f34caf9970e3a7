#include "wiring.hpp"

#include "account.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/http/url.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr int kConnectionAttempts = 3;

aws::EndpointOptions endpoint_options(const Project& project) {
    if (project.endpoint.starts_with("embedded:")) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("the endpoint is {}, but this version has no embedded engine and "
                                "needs a server: give --endpoint URL, such as "
                                "http://localhost:8000",
                                project.endpoint));
    }
    return {project.region, project.endpoint, project.config.aws_profile};
}

std::unique_ptr<aws::CredentialsProvider> make_credentials(const Project& project,
                                                           const aws::Endpoint& endpoint,
                                                           const aws::Surroundings& surroundings) {
    aws::CredentialsOptions options;
    options.profile = project.config.aws_profile;
    options.region = endpoint.region;
    options.endpoint = endpoint.url;
    if (!project.access_key.empty()) {
        options.explicit_credentials =
            aws::Credentials{project.access_key, project.secret_key, "", {}, "configuration"};
    }
    return aws::make_credentials_chain(options, surroundings);
}

}  // namespace

Wiring::Wiring(const Project& project, const base::Environment& environment, base::Log& log)
    : environment_(environment),
      log_(log),
      shared_config_(aws::SharedConfig::load(environment)),
      endpoint_options_(endpoint_options(project)),
      endpoint_(aws::resolve_endpoint("dynamodb", endpoint_options_, environment, shared_config_)),
      http_(http::make_curl_client()),
      credentials_(
          make_credentials(project, endpoint_, {environment, *http_, programs_, clock_, log})),
      pace_(clock_, {}),
      remote_(remote::make_dynamodb_service({.endpoint = endpoint_,
                                             .http = *http_,
                                             .credentials = *credentials_,
                                             .clock = clock_,
                                             .log = log})),
      metered_(std::make_unique<layers::MeterService>(*remote_, meter_)),
      paced_(std::make_unique<layers::PaceService>(*metered_, pace_)),
      retry_(std::make_unique<layers::RetryService>(*paced_, aws::RetryPolicy{}, clock_, random_,
                                                    &meter_)) {}

migrate::World Wiring::world() {
    return {.service = retry_.get(),
            .pace = &pace_,
            .meter = &meter_,
            .clock = &clock_,
            .random = &random_,
            .log = &log_,
            .identity = base::ProcessIdentity::of_process()};
}

bool Wiring::is_local() const { return http::is_loopback(http::parse_url(endpoint_.url).host); }

void Wiring::check_connection(const std::string& table, const std::string& database) {
    aws::RetryPolicy policy;
    policy.max_attempts = kConnectionAttempts;
    policy.max_throttled_attempts = kConnectionAttempts;
    layers::RetryService service(*remote_, policy, clock_, random_);
    try {
        dynamodb::describe_table(service, table);
    } catch (const Error& error) {
        // Whatever the service finds wrong, it is not the user's migrations.
        const bool is_refusal = error.kind() == base::ErrorKind::invalid_argument;
        throw Error(is_refusal ? base::ErrorKind::internal : error.kind(),
                    fmt::format("Cannot communicate with DynamoDB \"{}\" at \"{}\"\n{}", database,
                                endpoint_.url, error.what()));
    }
}

void Wiring::check_account(const std::string& account) {
    if (account.empty() || is_local()) {
        return;
    }
    aws::EndpointOptions options = endpoint_options_;
    options.endpoint.clear();
    options.region = endpoint_.region;
    aws::Endpoint sts = aws::resolve_endpoint("sts", options, environment_, shared_config_);
    std::string found = caller_account(sts, *http_, *credentials_, clock_);
    if (found != account) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("the credentials are of AWS account {}, but the configuration says "
                                "`account: {}`; use that account's credentials or another profile",
                                found, account));
    }
}

}  // namespace dynamigrate::cli
