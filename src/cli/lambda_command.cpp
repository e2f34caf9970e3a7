#include "commands.hpp"
#include "far_command.hpp"
#include "far_onetable.hpp"
#include "program_version.hpp"

#include <dynamigrate/cloud/answer.hpp>
#include <dynamigrate/cloud/event.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>

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
    throw Error(
        kind == EventKind::unknown ? ErrorKind::invalid_argument : ErrorKind::unimplemented,
        kind == EventKind::unknown
            ? "the event is none that this function knows: OneTable's (`cmd` or `action`) "
              "or dynamigrate's own (`cmd`: hello, start, poll, cancel)"
            : fmt::format("this version does not answer events of the kind {}", to_string(kind)));
}

/// What is wrong with configuration or files is told when the function starts, not with the first
/// call.
void check_project(const Session& session, base::Log& log) {
    Session trial(session.arguments, session.console, session.environment, log, session.registry);
    trial.open_project();
    trial.load_migrations(false);
}

}  // namespace

ExitCode serve_lambda(Session& session) {
    const int code = cloud::run_function([&session](cloud::JsonLog& log) -> cloud::Handler {
        check_project(session, log);
        return [&](const cloud::Invocation& invocation, const cloud::Deadline& deadline) {
            return answer_event({invocation, deadline, log, session.registry, session.arguments});
        };
    });
    return static_cast<ExitCode>(code);
}

}  // namespace dynamigrate::cli
