#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/aws/retry_policy.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/http/client.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace dynamigrate::remote {

/// What Step Functions' API is reached with. The references must outlive it.
struct StateMachineOptions {
    aws::Endpoint endpoint;  ///< of the service "sfn"
    http::Client& http;
    aws::CredentialsProvider& credentials;
    base::Clock& clock;
    base::Random& random;
    aws::RetryPolicy retry{.max_attempts = 8, .max_throttled_attempts = 8};
    std::chrono::milliseconds timeout{std::chrono::seconds(30)};  ///< of an attempt
};

/// How an execution stands.
struct ExecutionState {
    std::string status;  ///< RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED or PENDING_REDRIVE
    std::string error, cause;  ///< of one that failed or was aborted
    std::string output;        ///< JSON, of one that succeeded
    std::string input;         ///< JSON
    base::WallTime started_at{};
    std::optional<base::WallTime> stopped_at;

    bool is_running() const { return status == "RUNNING" || status == "PENDING_REDRIVE"; }
};

/// Executions of Step Functions' standard workflows.
///
/// Every call may be made again, and is where it fails in passing.
/// Threads: any number of calls at once.
/// Errors: permission_denied, unauthenticated, invalid_argument for what the service refuses;
/// throttled or unavailable when the retries were in vain.
/// Cancel: cancelled.
class StateMachines {
public:
    virtual ~StateMachines() = default;

    /// Starts an execution; of those with the same name there is one only, whose ARN is returned
    /// also when it was started before, or ended within ninety days.
    /// `name`: 1 to 80 of A-Z a-z 0-9 - _.
    /// Errors: not_found for the machine; already_exists when the execution of this name has
    /// another input; unavailable when it is there but not known yet.
    virtual std::string start(std::string_view machine_arn, std::string_view name,
                              std::string_view input, std::stop_token stop) = 0;
    /// Nothing for an execution that is not known: it ended more than ninety days ago, never was, or
    /// was started a moment ago.
    virtual std::optional<ExecutionState> describe(std::string_view execution_arn,
                                                   std::stop_token stop) = 0;
    /// Ends an execution as ABORTED; nothing happens to one that has ended.
    /// Errors: not_found.
    virtual void stop(std::string_view execution_arn, std::string_view error,
                      std::string_view cause, std::stop_token stop) = 0;
};

std::unique_ptr<StateMachines> make_state_machines(const StateMachineOptions& options);

/// The ARN of the machine's execution of this name.
std::string execution_arn(std::string_view machine_arn, std::string_view name);

}  // namespace dynamigrate::remote
