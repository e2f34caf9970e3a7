#include "function_caller.hpp"

#include "project_credentials.hpp"

#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/remote/lambda_functions.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

/// Lambda takes a function's name as well.
const std::string& checked(const std::string& arn) {
    if (arn.starts_with("arn:") && (arn.find(":lambda:") == std::string::npos ||
                                    arn.find(":function:") == std::string::npos)) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          fmt::format("{} is no Lambda function: --arn (`arn` in the "
                                      "configuration) takes "
                                      "arn:aws:lambda:REGION:ACCOUNT:function:NAME",
                                      arn));
    }
    return arn;
}

aws::EndpointOptions endpoint_options(const Session& session) {
    const Project& project = session.project;
    const std::string region = aws::region_in_arn(project.arn);
    return {region.empty() ? project.region : region, session.arguments.lambda_endpoint,
            project.config.aws_profile};
}

}  // namespace

struct FunctionCaller::Parts {
    explicit Parts(Session& session)
        : arn(checked(session.project.arn)),
          config(aws::SharedConfig::load(session.environment)),
          endpoint(aws::resolve_endpoint("lambda", endpoint_options(session), session.environment,
                                         config)),
          http(http::make_curl_client(
              {.ca_bundle = session.environment.get("AWS_CA_BUNDLE").value_or("")})),
          credentials(
              make_credentials(session.project, endpoint,
                               {session.environment, *http, programs, clock, session.log()})),
          functions(remote::make_lambda_functions({endpoint, *http, *credentials, clock})) {}

    std::string arn;
    base::SystemClock clock;
    base::SystemChildProcesses programs;
    aws::SharedConfig config;
    aws::Endpoint endpoint;
    std::unique_ptr<http::Client> http;
    std::unique_ptr<aws::CredentialsProvider> credentials;
    std::unique_ptr<remote::LambdaFunctions> functions;
};

FunctionCaller::FunctionCaller(Session& session) : parts_(std::make_unique<Parts>(session)) {}

FunctionCaller::~FunctionCaller() = default;

base::Clock& FunctionCaller::clock() { return parts_->clock; }

cloud::FunctionAnswer FunctionCaller::call(std::string_view event, std::stop_token stop) {
    remote::LambdaAnswer answer = parts_->functions->invoke(parts_->arn, event, std::move(stop));
    return {answer.status, std::move(answer.function_error), std::move(answer.payload)};
}

}  // namespace dynamigrate::cli
