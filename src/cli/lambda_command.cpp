#include "commands.hpp"
#include "deployment_events.hpp"
#include "far_command.hpp"
#include "far_onetable.hpp"
#include "fleet_worker.hpp"
#include "program_version.hpp"

#include <dynamigrate/cloud/answer.hpp>
#include <dynamigrate/cloud/event.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>

#include <optional>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using cloud::EventKind;

std::string hello() {
    std::string body;
    json::Writer writer(body);
    writer.begin_object().key("dynamigrate").string(kProgramVersion);
    writer.key("protocol").number(1).end_object();
    return cloud::good_answer(body);
}

std::string answer_own(const json::Value& event, const FarSurroundings& surroundings) {
    try {
        const cloud::CommandRequest request = cloud::read_command_request(event);
        if (request.verb == cloud::CommandRequest::Verb::hello) {
            return hello();
        }
        return cloud::good_answer(to_body(answer_command(request, surroundings)));
    } catch (const Error& error) {
        surroundings.log.write(base::LogLevel::error, error.what());
        return cloud::bad_answer(error);
    }
}

std::string answer_event(const FarSurroundings& surroundings) {
    const json::Value event = json::parse_json(surroundings.invocation.event, "event");
    const EventKind kind = cloud::kind_of(event);
    if (kind == EventKind::command) {
        return answer_own(event, surroundings);
    }
    if (kind == EventKind::onetable) {
        try {
            return answer_onetable(cloud::read_onetable_request(event), surroundings);
        } catch (const Error& error) {
            return cloud::bad_answer(error);
        }
    }
    if (kind == EventKind::custom_resource) {
        return answer_custom_resource(event, surroundings);
    }
    if (kind == EventKind::deployment) {
        return answer_deployment(event, surroundings);
    }
    if (kind == EventKind::worker) {
        return answer_work(event, surroundings);
    }
    if (kind == EventKind::execution_ended) {
        const auto stopped = answer_stopped_deployment(event, surroundings);
        return stopped ? *stopped : answer_ended_execution(event, surroundings);
    }
    throw Error(ErrorKind::invalid_argument,
                "the event is none that this function knows: OneTable's (`cmd` or `action`), "
                "dynamigrate's own (`cmd`: hello, start, poll, cancel), CloudFormation's, those of "
                "state machines (`work`, `deployment`) and EventBridge's about executions");
}

/// What is wrong with configuration or files is told when the function starts, not with the first
/// call.
void check_project(const Session& session, base::Log& log) {
    Session trial(session.arguments, session.console, session.environment, log, session.registry);
    trial.open_project();
    trial.load_migrations(false);
}

/// Answers for a function whose project is wrong: CloudFormation would wait for an hour otherwise.
std::string answer_broken(const Error& why, const FarSurroundings& surroundings) {
    const json::Value event = json::parse_json(surroundings.invocation.event, "event");
    const EventKind kind = cloud::kind_of(event);
    if (kind == EventKind::custom_resource) {
        return refuse_custom_resource(event, why, surroundings);
    }
    if (kind == EventKind::deployment) {
        return answer_deployment(event, surroundings);
    }
    throw cloud::CannotBegin(why.what());
}

}  // namespace

ExitCode serve_lambda(Session& session) {
    const int code = cloud::run_function([&session](cloud::JsonLog& log) -> cloud::Handler {
        std::optional<Error> wrong;
        try {
            check_project(session, log);
        } catch (const Error& error) {
            log.write(base::LogLevel::error, error.what());
            wrong = error;
        }
        return [&session, &log, wrong](const cloud::Invocation& invocation,
                                       const cloud::Deadline& deadline) {
            const FarSurroundings surroundings{invocation, deadline, log, session.registry,
                                               session.arguments};
            return wrong ? answer_broken(*wrong, surroundings) : answer_event(surroundings);
        };
    });
    return static_cast<ExitCode>(code);
}

}  // namespace dynamigrate::cli
