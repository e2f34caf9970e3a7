#include "deployment_events.hpp"

#include "deployment_look.hpp"
#include "patience.hpp"

#include <dynamigrate/cloud/custom_resource.hpp>
#include <dynamigrate/cloud/response_url.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <sstream>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using cloud::CustomResourceRequest;

constexpr std::string_view kNothing = "{}";
constexpr const char* kDeleted = "nothing is run when the migrations' stack is deleted";
constexpr int kAttempts = 5;

/// A command from CloudFormation: nobody reads what it prints.
struct Deploying {
    std::istringstream in;
    std::ostringstream out;
    Console console{in, out, out, false, false};
    FarSession far;

    explicit Deploying(const FarSurroundings& surroundings)
        : far(arguments(), kDeploymentRequest, console, surroundings) {}

    static Arguments arguments() {
        Arguments arguments;
        arguments.verb = "deployment";
        arguments.quiet = true;
        return arguments;
    }
    Session& open(bool with_migrations) {
        Session& session = far.session();
        session.open_project();
        if (with_migrations) {
            session.load_migrations(false);
        }
        session.connect();
        return session;
    }
};

void put(const CustomResourceRequest& request, const std::string& body,
         const FarSurroundings& surroundings) {
    base::SystemClock clock;
    const auto http = http::make_curl_client(
        {.ca_bundle = base::Environment::of_process().get("AWS_CA_BUNDLE").value_or("")});
    cloud::put_answer(*http, clock, request.response_url, body, surroundings.deadline.stop());
}

/// Puts the answer; what is refused for good is only logged.
void deliver(const CustomResourceRequest& request, const std::string& body,
             const FarSurroundings& surroundings) {
    try {
        put(request, body, surroundings);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::failed_precondition) {
            throw;
        }
        surroundings.log.write(base::LogLevel::error, error.what());
    }
}

void answer(const CustomResourceRequest& request, const cloud::CustomResourceAnswer& answer,
            const FarSurroundings& surroundings) {
    deliver(request, cloud::answer_body(request, answer), surroundings);
    surroundings.log.info("request {} is answered: {}", request.request_id, answer.reason);
}

/// Begins the deployment, or answers again what it came to. Nothing: it is under way.
std::optional<std::string> begin(const CustomResourceRequest& request, Session& session,
                                 std::stop_token stop) {
    const cloud::DeploymentWishes wishes = cloud::read_wishes(request);
    migrate::Deployments deployments(session.wiring().world(), session.project.settings);
    const auto known = [&]() -> std::optional<std::string> {
        const auto record = deployments.find(request.request_id);
        return record && !record->answer.empty() ? std::optional(record->answer) : std::nullopt;
    };
    if (auto told = known()) {
        return told;
    }
    remote::StateMachines& machines = session.wiring().state_machines();
    const std::string name = cloud::execution_name(request.request_id);
    const std::string execution = remote::execution_arn(wishes.machine, name);
    const auto state = machines.describe(execution, stop);
    if (!state) {
        // Nothing may be known of it for a while after its start, either.
        machines.start(wishes.machine, name, cloud::deployment_input(request), stop);
        return std::nullopt;
    }
    if (state->is_running()) {
        return std::nullopt;
    }
    if (auto told = known()) {
        return told;
    }
    throw Error(ErrorKind::failed_precondition,
                fmt::format("the deployment's execution {} ended ({}) without an answer", execution,
                            state->status));
}

std::string reason_of(const json::Value& asked) {
    const json::Value* error = asked.find("error");
    if (!error) {
        return "the deployment failed";
    }
    return fmt::format("{}: {}", json::text_of(error, "Error"),
                       cloud::message_in(json::text_of(error, "Cause")));
}

std::string word_of(const json::Value& asked) { return json::text_of(asked, "do"); }

std::chrono::milliseconds elapsed(const json::Value& asked) {
    return base::SystemClock().now() - base::parse_iso8601(json::text_of(asked, "started"));
}

/// The deployment's record, if it has ended.
std::optional<migrate::Deployment> recorded_end(const CustomResourceRequest& request,
                                                const FarSurroundings& surroundings) {
    Deploying deploying(surroundings);
    Session& session = deploying.open(false);
    auto found = migrate::Deployments(session.wiring().world(), session.project.settings)
                     .find(request.request_id);
    return found && found->has_ended() ? found : std::nullopt;
}

/// Nothing also where it cannot be read, unless a later call may.
std::optional<migrate::Deployment> known_end(const json::Value& asked,
                                             const CustomResourceRequest& request,
                                             const FarSurroundings& surroundings) {
    try {
        return recorded_end(request, surroundings);
    } catch (const Error& error) {
        surroundings.log.write(base::LogLevel::error, error.what());
        if (word_of(asked) != "tell" && cloud::may_pass(error.kind(), elapsed(asked))) {
            throw;
        }
        return std::nullopt;
    }
}

/// The end as it is recorded; where none is, a failure for this reason, of which there is no record.
std::string end(const json::Value& asked, const CustomResourceRequest& request,
                const std::string& reason, const FarSurroundings& surroundings) {
    if (const auto record = known_end(asked, request, surroundings)) {
        deliver(request, record->answer, surroundings);
        return cloud::look_answer(*record, std::chrono::seconds(0));
    }
    migrate::Deployment record;
    record.outcome = "failed";
    record.execution = json::text_of(asked, "execution");
    record.reason = reason;
    answer(request, cloud::answer_of(record, ""), surroundings);
    return cloud::look_answer(record, std::chrono::seconds(0));
}

std::string look(const json::Value& asked, const CustomResourceRequest& request,
                 const FarSurroundings& surroundings) {
    const cloud::DeploymentWishes wishes = cloud::read_wishes(request);
    const bool is_failure = word_of(asked) == "fail";
    Deploying deploying(surroundings);
    Session& session = deploying.open(!is_failure);
    DeploymentLook looking({session, request, wishes, json::text_of(asked, "execution"),
                            base::parse_iso8601(json::text_of(asked, "started")),
                            surroundings.invocation.function_arn, surroundings.deadline.stop()});
    std::chrono::seconds wait{0};
    if (is_failure) {
        looking.fail(reason_of(asked));
    } else {
        wait = looking.look();
    }
    const migrate::Deployment& record = looking.record();
    if (record.has_ended()) {
        deliver(request, record.answer, surroundings);
    }
    return cloud::look_answer(record, wait);
}

/// No deployment of the resource begins anything more, one that has made no record yet included.
void end_all(const CustomResourceRequest& request, const FarSurroundings& surroundings) {
    Deploying deploying(surroundings);
    Session& session = deploying.open(false);
    migrate::Deployments deployments(session.wiring().world(), session.project.settings);
    if (!deployments.find(request.request_id)) {
        migrate::Deployment deletion;
        deletion.request = request.request_id;
        deletion.stack = request.stack_id;
        deletion.resource = request.logical_id;
        deletion.began_at = base::to_iso8601(base::SystemClock().now());
        deletion.outcome = "succeeded";
        deletion.reason = kDeleted;
        deployments.save(deletion);
    }
    for (migrate::Deployment& one : deployments.of_resource(request.stack_id, request.logical_id)) {
        if (!one.has_ended()) {
            forsake(deployments, one, request, request.request_id);
        }
    }
}

/// When the execution began, by EventBridge's word of it: milliseconds.
base::WallTime began_at(const json::Value& detail) {
    const json::Value* began = detail.find("startDate");
    const std::int64_t time =
        began && began->is_number() ? std::strtoll(began->text().c_str(), nullptr, 10) : 0;
    return time > 0 ? base::WallTime(std::chrono::milliseconds(time)) : base::SystemClock().now();
}

/// What the deployment's state machine would have called the function with in the end.
json::Value stopped(const char* word, const json::Value& request, const json::Value& detail) {
    const std::string execution = json::text_of(detail, "executionArn");
    json::Value error = json::Value::object();
    error.set("Error", json::Value::string(json::text_of(detail, "status")));
    error.set("Cause",
              json::Value::string("the deployment's execution " + execution + " was ended"));
    json::Value asked = json::Value::object();
    asked.set("do", json::Value::string(word));
    asked.set("request", request);
    asked.set("execution", json::Value::string(execution));
    asked.set("started", json::Value::string(base::to_iso8601(began_at(detail))));
    asked.set("error", std::move(error));
    json::Value event = json::Value::object();
    event.set("deployment", std::move(asked));
    return event;
}

/// A look may save a record meanwhile.
void try_to_end_all(const CustomResourceRequest& request, const FarSurroundings& surroundings) {
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
        try {
            return end_all(request, surroundings);
        } catch (const Error& error) {
            surroundings.log.warning("deployments under way may go on: {}", error.what());
            if (error.kind() != ErrorKind::aborted) {
                return;
            }
        }
    }
}

}  // namespace

std::string answer_custom_resource(const json::Value& event, const FarSurroundings& surroundings) {
    const CustomResourceRequest request = cloud::read_custom_resource(event);
    if (request.type == CustomResourceRequest::Type::remove) {
        try_to_end_all(request, surroundings);
        answer(request, {true, kDeleted}, surroundings);
        return std::string(kNothing);
    }
    std::optional<std::string> told;
    try {
        base::SystemClock clock;
        const std::stop_token stop = surroundings.deadline.stop();
        told = patiently(clock, stop, [&] {
            Deploying deploying(surroundings);
            return begin(request, deploying.open(false), stop);
        });
    } catch (const Error& error) {
        if (cloud::may_pass(error.kind(), cloud::kLatePermissions)) {
            throw;
        }
        return refuse_custom_resource(event, error, surroundings);
    }
    if (told) {
        deliver(request, *told, surroundings);
    }
    return std::string(kNothing);
}

std::string refuse_custom_resource(const json::Value& event, const Error& error,
                                   const FarSurroundings& surroundings) {
    const CustomResourceRequest request = cloud::read_custom_resource(event);
    const bool is_deletion = request.type == CustomResourceRequest::Type::remove;
    surroundings.log.write(base::LogLevel::error, error.what());
    answer(request, {is_deletion, error.what()}, surroundings);
    return std::string(kNothing);
}

std::string answer_deployment(const json::Value& event, const FarSurroundings& surroundings) {
    const json::Value& asked = *event.find("deployment");
    const json::Value* described = asked.find("request");
    const CustomResourceRequest request =
        cloud::read_custom_resource(described ? *described : json::Value::object());
    if (word_of(asked) == "tell") {
        return end(asked, request, reason_of(asked), surroundings);
    }
    try {
        return look(asked, request, surroundings);
    } catch (const Error& error) {
        if (cloud::may_pass(error.kind(), elapsed(asked))) {
            throw;
        }
        return end(asked, request, word_of(asked) == "fail" ? reason_of(asked) : error.what(),
                   surroundings);
    }
}

std::optional<std::string> answer_stopped_deployment(const json::Value& event,
                                                     const FarSurroundings& surroundings) {
    const json::Value* detail = event.find("detail");
    const std::string input = json::text_of(detail, "input");
    const std::string status = json::text_of(detail, "status");
    if (input.empty() || (status != "ABORTED" && status != "TIMED_OUT")) {
        return std::nullopt;
    }
    const json::Value given = json::parse_json(input, "the execution's input");
    const json::Value* request = given.find("request");
    if (!request || json::text_of(request, "ResponseURL").empty()) {
        return std::nullopt;
    }
    try {
        return answer_deployment(stopped("fail", *request, *detail), surroundings);
    } catch (const Error& error) {
        surroundings.log.write(base::LogLevel::error, error.what());
        return answer_deployment(stopped("tell", *request, *detail), surroundings);
    }
}

}  // namespace dynamigrate::cli
