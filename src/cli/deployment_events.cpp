#include "deployment_events.hpp"

#include "deployment_look.hpp"

#include <dynamigrate/cloud/custom_resource.hpp>
#include <dynamigrate/cloud/response_url.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <fmt/format.h>

#include <iostream>
#include <sstream>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using cloud::CustomResourceRequest;

constexpr std::string_view kNothing = "{}";

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
    try {
        machines.start(wishes.machine, name, cloud::deployment_input(request), stop);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::already_exists) {
            throw;
        }
    }
    const auto state = machines.describe(execution, stop);
    if (state && state->is_running()) {
        return std::nullopt;
    }
    if (auto told = known()) {
        return told;
    }
    throw Error(ErrorKind::failed_precondition,
                fmt::format("the deployment's execution {} ended ({}) without an answer", execution,
                            state ? state->status : "unknown"));
}

std::string reason_of(const json::Value& asked) {
    const json::Value* error = asked.find("error");
    if (!error) {
        return "the deployment failed";
    }
    return fmt::format("{}: {}", json::text_of(error, "Error"),
                       cloud::message_in(json::text_of(error, "Cause")));
}

bool is_last_call(const json::Value& asked) { return json::text_of(asked, "do") == "fail"; }

/// The end of a deployment of which nothing can be recorded.
std::string end_unrecorded(const CustomResourceRequest& request, const std::string& execution,
                           const std::string& reason, const FarSurroundings& surroundings) {
    migrate::Deployment record;
    record.outcome = "failed";
    record.execution = execution;
    record.reason = reason;
    answer(request, cloud::answer_of(record, ""), surroundings);
    return cloud::look_answer(record, std::chrono::seconds(0));
}

std::string look(const json::Value& asked, const CustomResourceRequest& request,
                 const std::string& execution, const FarSurroundings& surroundings) {
    const cloud::DeploymentWishes wishes = cloud::read_wishes(request);
    Deploying deploying(surroundings);
    Session& session = deploying.open(true);
    DeploymentLook looking({session, request, wishes, execution,
                            base::parse_iso8601(json::text_of(asked, "started")),
                            surroundings.invocation.function_arn, surroundings.deadline.stop()});
    std::chrono::seconds wait{0};
    if (is_last_call(asked)) {
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

bool may_pass(ErrorKind kind) {
    return base::is_retryable(kind) || kind == ErrorKind::aborted ||
           kind == ErrorKind::outcome_unknown || kind == ErrorKind::cancelled;
}

}  // namespace

std::string answer_custom_resource(const json::Value& event, const FarSurroundings& surroundings) {
    const CustomResourceRequest request = cloud::read_custom_resource(event);
    if (request.type == CustomResourceRequest::Type::remove) {
        answer(request, {true, "nothing is run when the migrations' stack is deleted"},
               surroundings);
        return std::string(kNothing);
    }
    std::optional<std::string> told;
    try {
        Deploying deploying(surroundings);
        told = begin(request, deploying.open(false), surroundings.deadline.stop());
    } catch (const Error& error) {
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
    const std::string execution = json::text_of(asked, "execution");
    try {
        return look(asked, request, execution, surroundings);
    } catch (const Error& error) {
        if (is_last_call(asked)) {
            return end_unrecorded(request, execution, reason_of(asked), surroundings);
        }
        if (may_pass(error.kind())) {
            throw;
        }
        return end_unrecorded(request, execution, error.what(), surroundings);
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
    json::Value error = json::Value::object();
    error.set("Error", json::Value::string(status));
    error.set("Cause", json::Value::string("the deployment's execution " +
                                           json::text_of(detail, "executionArn") + " was ended"));
    json::Value asked = json::Value::object();
    asked.set("do", json::Value::string("fail"));
    asked.set("request", *request);
    asked.set("execution", json::Value::string(json::text_of(detail, "executionArn")));
    asked.set("started", json::Value::string(base::to_iso8601(base::SystemClock().now())));
    asked.set("error", std::move(error));
    json::Value look = json::Value::object();
    look.set("deployment", std::move(asked));
    return answer_deployment(look, surroundings);
}

}  // namespace dynamigrate::cli
