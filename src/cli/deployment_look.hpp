#pragma once

#include "session.hpp"

#include <dynamigrate/cloud/deployment.hpp>
#include <dynamigrate/remote/state_machines.hpp>

#include <functional>
#include <optional>
#include <string>

namespace dynamigrate::cli {

/// Who asks in the name of deployments.
inline constexpr const char* kDeploymentRequest = "deployment";

/// What a look is told and may use. All must outlive it.
struct DeploymentLookInputs {
    Session& session;  ///< connected, with its migrations
    const cloud::CustomResourceRequest& request;
    const cloud::DeploymentWishes& wishes;
    std::string execution;   ///< of the deployment's state machine
    base::WallTime started;  ///< when that began
    std::string function;    ///< ARN, for commands
    std::stop_token stop;
};

/// Ends a deployment that CloudFormation does not wait for any more, and saves it.
/// `of_resource`: a request about the same resource.
void forsake(migrate::Deployments& deployments, migrate::Deployment& deployment,
             const cloud::CustomResourceRequest& of_resource, const std::string& later_request);

/// One look at a deployment: sees how far it is and does what is next.
class DeploymentLook {
public:
    explicit DeploymentLook(const DeploymentLookInputs& inputs);

    /// The record as it was found, or a new one.
    const migrate::Deployment& record() const { return record_; }
    /// Looks until there is something to wait for, or the end. Returns how long to wait.
    /// Errors: those that may pass; what stops the deployment becomes its end.
    std::chrono::seconds look();
    /// Ends the deployment, unless it has ended.
    void fail(const std::string& reason);

private:
    migrate::Deployment found_or_new();
    void supersede(migrate::Deployment& other, const migrate::Deployment& by);
    cloud::DeploymentFacts facts();
    std::optional<cloud::CurrentRun> current_run();
    void plan(cloud::DeploymentFacts& facts);
    std::optional<cloud::NextRun> next_up();
    std::optional<cloud::NextRun> next_down();
    std::string running_execution(const migrate::HistoryRow* row);
    std::optional<std::chrono::seconds> estimate(const migrate::Migration& migration);
    const migrate::HistoryRow* latest_row(const std::string& id) const;
    const migrate::HistoryRow* row_of(const std::string& execution) const;
    void note_begin(const std::string& migration);
    void start(const cloud::NextRun& next);
    void adopt(const cloud::NextRun& next);
    bool is_pause_of_a_deployment(const std::string& run, std::uint64_t paused_at);
    void stop_run(const cloud::NextRun& next, std::chrono::milliseconds elapsed);
    void pause(const cloud::CurrentRun& current);
    void finish(const std::string& outcome, const std::string& reason);
    base::WallTime now() const { return inputs_.session.wiring().world().clock->now(); }
    void save() { deployments_.save(record_); }

    DeploymentLookInputs inputs_;
    remote::StateMachines& machines_;
    migrate::Deployments deployments_;
    std::vector<migrate::HistoryRow> rows_;
    migrate::Deployment record_;
};

}  // namespace dynamigrate::cli
