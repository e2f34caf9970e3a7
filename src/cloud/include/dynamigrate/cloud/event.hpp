#pragma once

#include <dynamigrate/json/value.hpp>

#include <string_view>

namespace dynamigrate::cloud {

/// What an event asks for, by its shape.
enum class EventKind {
    onetable,         ///< OneTable's command line or controller, either generation
    command,          ///< our own command line: hello, start, poll, cancel
    custom_resource,  ///< CloudFormation
    worker,           ///< the state machine of a migration
    deployment,       ///< a look of a deployment's state machine
    execution_ended,  ///< EventBridge: how an execution of a state machine stands
    unknown
};
std::string_view to_string(EventKind kind) noexcept;

EventKind kind_of(const json::Value& event);

/// Whether JavaScript takes the value for true; nullptr: false.
bool is_truthy(const json::Value* value);

}  // namespace dynamigrate::cloud
