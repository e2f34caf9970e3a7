#include "executions.hpp"

#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/aws/shared_config.hpp>
#include <dynamigrate/base/child_process.hpp>
#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <map>
#include <mutex>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

/// Step Functions of one region.
struct Region {
    Region(const Project& project, const StateMachineSurroundings& surroundings,
           const std::string& name)
        : config(aws::SharedConfig::load(surroundings.environment)),
          endpoint(aws::resolve_endpoint(
              "sfn", {name.empty() ? project.region : name, "", project.config.aws_profile},
              surroundings.environment, config)),
          http(http::make_curl_client(
              {.ca_bundle = surroundings.environment.get("AWS_CA_BUNDLE").value_or("")})),
          credentials(aws::make_credentials_chain(
              credentials_options(project),
              {surroundings.environment, *http, programs, surroundings.clock, surroundings.log})),
          machines(remote::make_state_machines({.endpoint = endpoint,
                                                .http = *http,
                                                .credentials = *credentials,
                                                .clock = surroundings.clock,
                                                .random = surroundings.random})) {}

    aws::CredentialsOptions credentials_options(const Project& project) const {
        aws::CredentialsOptions options;
        options.profile = project.config.aws_profile;
        options.region = endpoint.region;
        options.endpoint = endpoint.url;
        if (!project.access_key.empty()) {
            options.explicit_credentials =
                aws::Credentials{project.access_key, project.secret_key, "", {}, "configuration"};
        }
        return options;
    }

    base::SystemChildProcesses programs;
    aws::SharedConfig config;
    aws::Endpoint endpoint;
    std::unique_ptr<http::Client> http;
    std::unique_ptr<aws::CredentialsProvider> credentials;
    std::unique_ptr<remote::StateMachines> machines;
};

class RegionalStateMachines final : public remote::StateMachines {
public:
    RegionalStateMachines(const Project& project, const StateMachineSurroundings& surroundings)
        : project_(project),
          surroundings_(surroundings) {}

    std::string start(std::string_view machine_arn, std::string_view name, std::string_view input,
                      std::stop_token stop) override {
        return of(machine_arn).start(machine_arn, name, input, std::move(stop));
    }
    std::optional<remote::ExecutionState> describe(std::string_view execution_arn,
                                                   std::stop_token stop) override {
        return of(execution_arn).describe(execution_arn, std::move(stop));
    }
    void stop(std::string_view execution_arn, std::string_view error, std::string_view cause,
              std::stop_token stop) override {
        of(execution_arn).stop(execution_arn, error, cause, std::move(stop));
    }

private:
    remote::StateMachines& of(std::string_view arn) {
        const std::string name = aws::region_in_arn(arn);
        const std::lock_guard lock(mutex_);
        std::unique_ptr<Region>& region = regions_[name];
        if (!region) {
            region = std::make_unique<Region>(project_, surroundings_, name);
        }
        return *region->machines;
    }

    const Project& project_;
    const StateMachineSurroundings surroundings_;
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Region>> regions_;
};

class StepFunctionsWatch final : public migrate::ExecutionWatch {
public:
    explicit StepFunctionsWatch(remote::StateMachines& machines) : machines_(machines) {}

    bool is_running(const std::string& arn) override {
        try {
            const auto state = machines_.describe(arn, {});
            if (!state) {
                throw Error(ErrorKind::not_found, "Step Functions does not know it");
            }
            return state->is_running();
        } catch (const Error& error) {
            throw Error(error.kind(),
                        fmt::format("locked by execution {}, and whether it has ended is not known "
                                    "(states:DescribeExecution); run `dynamigrate unlock` if it "
                                    "has",
                                    arn))
                .because(error);
        }
    }

private:
    remote::StateMachines& machines_;
};

}  // namespace

std::unique_ptr<remote::StateMachines> make_regional_state_machines(
    const Project& project, const StateMachineSurroundings& surroundings) {
    return std::make_unique<RegionalStateMachines>(project, surroundings);
}

std::unique_ptr<migrate::ExecutionWatch> make_execution_watch(remote::StateMachines& machines) {
    return std::make_unique<StepFunctionsWatch>(machines);
}

}  // namespace dynamigrate::cli
