#include "wiring.hpp"

#include <dynamigrate/dynamodb/operations.hpp>

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

constexpr int kConnectionAttempts = 3;
/// In the name of whoever runs: who asked.
constexpr const char* kOfRequest = " request ";

/// Many functions share host name, boot id and process ids: none may take another for dead.
base::ProcessIdentity make_identity(const base::Environment& environment,
                                    const std::string& request) {
    base::ProcessIdentity identity = base::ProcessIdentity::of_process();
    if (const auto function = environment.get(kLambdaFunction)) {
        identity.user = "lambda";
        identity.host = *function;
        identity.boot_id.clear();
    }
    if (!request.empty()) {
        identity.host += std::string(kOfRequest) + request;
    }
    return identity;
}

}  // namespace

Wiring::Wiring(const Project& project, const base::Environment& environment, base::Log& log)
    : environment_(environment),
      identity_(make_identity(environment, project.request)),
      log_(log),
      database_(open_database(project, environment_, clock_, log)),
      pace_(clock_, {}),
      metered_(std::make_unique<layers::MeterService>(database_->service(), meter_)),
      paced_(std::make_unique<layers::PaceService>(*metered_, pace_)),
      retry_(std::make_unique<layers::RetryService>(*paced_, aws::RetryPolicy{}, clock_, random_,
                                                    &meter_)),
      unpaced_(std::make_unique<layers::RetryService>(*metered_, aws::RetryPolicy{}, clock_,
                                                      random_, &meter_)),
      journals_(std::make_unique<Journals>(
          project, JournalSurroundings{environment_, *unpaced_, clock_, random_, log})),
      programs_({environment_, clock_, random_, log_, project.region, project.config.profile}),
      machines_(make_regional_state_machines(project, {environment_, clock_, random_, log_})),
      executions_(make_execution_watch(*machines_)) {}

bool is_of_request(const migrate::HistoryRow& row, const std::string& request) {
    return !request.empty() && row.by.ends_with(std::string(kOfRequest) + request);
}

bool is_of_request(const migrate::LockOwner& owner, const std::string& request) {
    return !request.empty() && owner.identity.host.ends_with(std::string(kOfRequest) + request);
}

migrate::World Wiring::world() {
    return {.service = retry_.get(),
            .pace = &pace_,
            .meter = &meter_,
            .clock = &clock_,
            .random = &random_,
            .log = &log_,
            .identity = identity_,
            .journals = journals_.get(),
            .programs = &programs_,
            .executions = executions_.get()};
}

void Wiring::check_connection(const std::string& table, const std::string& database) {
    aws::RetryPolicy policy;
    policy.max_attempts = kConnectionAttempts;
    policy.max_throttled_attempts = kConnectionAttempts;
    layers::RetryService service(database_->service(), policy, clock_, random_);
    try {
        dynamodb::describe_table(service, table);
    } catch (const Error& error) {
        // Whatever the service finds wrong, it is not the user's migrations.
        const bool is_refusal = error.kind() == base::ErrorKind::invalid_argument;
        throw Error(is_refusal ? base::ErrorKind::internal : error.kind(),
                    fmt::format("Cannot communicate with DynamoDB \"{}\" at \"{}\"\n{}", database,
                                database_->location(), error.what()));
    }
}

}  // namespace dynamigrate::cli
