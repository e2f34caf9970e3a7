#include <dynamigrate/cloud/ended_execution.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/members.hpp>

#include <fmt/format.h>

namespace dynamigrate::cloud {

bool EndedExecution::is_unfinished() const {
    return status == "FAILED" || status == "TIMED_OUT" || status == "ABORTED";
}

std::string EndedExecution::reason() const {
    std::string text = status == "TIMED_OUT" ? "the time of its execution was over"
                       : status == "ABORTED" ? "its execution was stopped"
                                             : "its execution failed";
    for (const std::string& more : {error, cause}) {
        text += more.empty() ? "" : ": " + more;
    }
    return text;
}

EndedExecution read_ended_execution(const json::Value& event) {
    const json::Value* detail = event.find("detail");
    EndedExecution ended{json::text_of(detail, "executionArn"), json::text_of(detail, "status"),
                         json::text_of(detail, "error"), json::text_of(detail, "cause")};
    if (ended.execution.empty() || ended.status.empty()) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "the event tells of a change of an execution, but not which (no "
                          "executionArn or status in its detail)");
    }
    return ended;
}

}  // namespace dynamigrate::cloud
