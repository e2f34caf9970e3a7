#include <dynamigrate/cloud/event.hpp>

#include <dynamigrate/cloud/command_request.hpp>
#include <dynamigrate/json/members.hpp>

namespace dynamigrate::cloud {

std::string_view to_string(EventKind kind) noexcept {
    switch (kind) {
        case EventKind::onetable:
            return "onetable";
        case EventKind::command:
            return "command";
        case EventKind::custom_resource:
            return "custom_resource";
        case EventKind::worker:
            return "worker";
        case EventKind::deployment:
            return "deployment";
        case EventKind::execution_ended:
            return "execution_ended";
        case EventKind::unknown:
            break;
    }
    return "unknown";
}

EventKind kind_of(const json::Value& event) {
    if (event.find("RequestType") && event.find("ResponseURL") && event.find("StackId")) {
        return EventKind::custom_resource;
    }
    if (const json::Value* work = event.find("work"); work && work->is_object()) {
        return EventKind::worker;
    }
    if (const json::Value* look = event.find("deployment"); look && look->is_object()) {
        return EventKind::deployment;
    }
    if (json::text_of(event, "source") == "aws.states" &&
        json::text_of(event, "detail-type") == "Step Functions Execution Status Change") {
        return EventKind::execution_ended;
    }
    const std::string command = json::text_of(event, "cmd");
    if (verb_of(command)) {
        return EventKind::command;
    }
    return command.empty() && json::text_of(event, "action").empty() ? EventKind::unknown
                                                                     : EventKind::onetable;
}

bool is_truthy(const json::Value* value) {
    if (!value || value->is_null()) {
        return false;
    }
    if (value->is_boolean()) {
        return value->as_boolean();
    }
    if (value->is_string()) {
        return !value->text().empty();
    }
    // A number is false when none of its digits says otherwise.
    return !value->is_number() || value->text().find_first_of("123456789") != std::string::npos;
}

}  // namespace dynamigrate::cloud
