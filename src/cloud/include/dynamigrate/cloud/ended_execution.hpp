#pragma once

#include <dynamigrate/json/value.hpp>

#include <string>

namespace dynamigrate::cloud {

/// What EventBridge tells of an execution of Step Functions.
struct EndedExecution {
    std::string execution;     ///< ARN
    std::string status;        ///< FAILED, TIMED_OUT, ABORTED ...
    std::string error, cause;  ///< where they are told

    /// It ended before its work did.
    bool is_unfinished() const;
    /// For people and the history: "its execution was stopped: ...".
    std::string reason() const;
};

/// Errors: invalid_argument for an event without an execution.
EndedExecution read_ended_execution(const json::Value& event);

}  // namespace dynamigrate::cloud
