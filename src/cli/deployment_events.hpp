#pragma once

#include "far_session.hpp"

#include <optional>
#include <string>

namespace dynamigrate::cli {

/// Answers CloudFormation's request about the migrations of a stack: begins the deployment's
/// state machine and returns; a deletion, and what cannot be begun, is answered at once. The same
/// request again begins nothing a second time.
/// Errors: invalid_argument for an event that names no one to answer; unavailable when the answer
/// cannot be delivered: then the event may be sent again.
std::string answer_custom_resource(const json::Value& event, const FarSurroundings& surroundings);

/// Tells CloudFormation that nothing can be run because of this.
std::string refuse_custom_resource(const json::Value& event, const base::Error& error,
                                   const FarSurroundings& surroundings);

/// Answers a look of the deployment's state machine (`cloud::deployment_definition`).
/// Errors: what may pass, so that the look is repeated.
std::string answer_deployment(const json::Value& event, const FarSurroundings& surroundings);

/// Answers CloudFormation for a deployment whose state machine was stopped or ran out of time, as
/// EventBridge tells it. Nothing: the execution that it tells of is no such deployment's.
std::optional<std::string> answer_stopped_deployment(const json::Value& event,
                                                     const FarSurroundings& surroundings);

}  // namespace dynamigrate::cli
