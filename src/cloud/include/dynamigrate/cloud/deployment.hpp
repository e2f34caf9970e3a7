#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/cloud/custom_resource.hpp>
#include <dynamigrate/migrate/deployments.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a deployment does next: pure functions of what is known of it.
namespace dynamigrate::cloud {

/// How the execution of a migration's state machine stands.
struct LookedExecution {
    enum class State { running, succeeded, ended, unknown };
    State state = State::unknown;
    std::string status;        ///< as Step Functions says
    std::string error, cause;  ///< of one that ended otherwise
};

/// The migration that the deployment runs now.
struct CurrentRun {
    std::string migration;
    std::string execution;  ///< ARN
    LookedExecution looked;
    std::chrono::milliseconds age{0};  ///< since it was started or found
    std::string run;                   ///< "" : it has none yet
    std::string row_error;             ///< what the run's row says
    bool row_has_ended = false;
    std::string paused_by;  ///< "": it is not paused
};

/// The migration that is to be run next.
struct NextRun {
    std::string migration;
    std::string action = "up";  ///< up or down
    std::string machine;        ///< ARN; "": there is none
    std::string execution;      ///< that runs it already and has not ended; "": none
    std::string run;            ///< of that
    std::size_t others = 0;     ///< that follow
    /// At least, at the pace that it may have; nothing: unknown.
    std::optional<std::chrono::seconds> estimate = {};
};

/// What is known when a deployment is looked at.
struct DeploymentFacts {
    const DeploymentWishes& wishes;
    const migrate::Deployment& record;
    std::chrono::milliseconds elapsed{0};
    std::optional<CurrentRun> current = {};
    /// Without a current one: what is next, nothing when all is done ...
    std::optional<NextRun> next = {};
    std::string refusal = {};   ///< ... or why nothing may be run
    std::string function = {};  ///< ARN or name, for commands
};

/// What is to be done.
struct DeploymentStep {
    enum class Do {
        wait,       ///< look again later
        note_done,  ///< note that the current one ended well, and look on
        adopt,      ///< what runs already is the current one; it is not to be paused any more
        start,      ///< start the next one's machine
        stop_run,  ///< end the next one's execution, which is not wanted any more; look again later
        finish     ///< answer
    };
    Do what = Do::wait;
    std::chrono::seconds wait{0};
    bool starts_first = false;  ///< of finish: the next one's machine is to be started
    bool pauses = false;        ///< of finish: the current run is to be paused
    std::string outcome;        ///< of finish: succeeded, failed or detached
    std::string reason;
};

/// So long Step Functions may know nothing yet of an execution that it has started.
inline constexpr std::chrono::minutes kLateKnowledge{5};
/// So long permissions may take until they are in force.
inline constexpr std::chrono::minutes kLatePermissions{2};

/// Whether a failure may pass by itself, so long after the deployment began.
bool may_pass(base::ErrorKind kind, std::chrono::milliseconds elapsed);

DeploymentStep decide(const DeploymentFacts& facts);

/// What an execution's cause says: the message in a function's error, else the text as it is.
std::string message_in(const std::string& cause);

/// A request for the same resource that CloudFormation made after this one; nullptr: none.
const migrate::Deployment* later_than(const migrate::Deployment& deployment,
                                      const std::vector<migrate::Deployment>& others);

/// Whether the update may be a rollback of its stack: it brings other migrations.
bool may_be_rollback(const CustomResourceRequest& request, const DeploymentWishes& wishes);
/// Whether it is one. `stack_status`: what CloudFormation says of the stack; nothing where it cannot
/// be asked: then it is one if it goes back to migrations that were deployed before and the
/// deployment that it goes back from failed. `deployments`: before it, of the resource, oldest first.
bool is_rollback(const std::optional<std::string>& stack_status, const DeploymentWishes& wishes,
                 const std::vector<migrate::Deployment>& deployments);

/// What a rollback undoes: migrations that the deployments it goes back from began, that the present
/// files are without, and that `standing` names as applied or begun; newest first.
std::vector<std::string> to_undo(const DeploymentWishes& wishes,
                                 const std::vector<migrate::Deployment>& deployments,
                                 const std::vector<std::string>& standing);

/// What CloudFormation is told of a deployment that ended.
/// `current_version`: of the history; "": unknown.
CustomResourceAnswer answer_of(const migrate::Deployment& deployment,
                               const std::string& current_version);

/// What the deployment's state machine is told: to look again, or the end.
std::string look_answer(const migrate::Deployment& deployment, std::chrono::seconds wait);

}  // namespace dynamigrate::cloud
