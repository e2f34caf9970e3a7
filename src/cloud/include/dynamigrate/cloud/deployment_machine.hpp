#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// The state machine that runs a deployment's migrations, as a value.
namespace dynamigrate::cloud {

/// In the Amazon States Language: a standard workflow of short looks by the function, with waits
/// between them, until the function has answered CloudFormation. An execution's input is what
/// `deployment_input` makes. What no look gets over is recorded and told to CloudFormation by a
/// call `fail`; when that is in vain for some minutes too, `tell` tells it without a record.
/// Errors: invalid_argument without a function.
std::string deployment_definition(std::string_view function_arn);

/// Until the next look, by the time that has passed: looks are frequent first.
std::chrono::seconds look_interval(std::chrono::seconds elapsed);

/// Events of an execution that looks for this long, without failures: 25,000 are allowed.
std::uint64_t deployment_events(std::chrono::seconds elapsed);

}  // namespace dynamigrate::cloud
