#include <dynamigrate/cloud/deployment_machine.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/state_machine.hpp>

#include <algorithm>

namespace dynamigrate::cloud {

namespace {

using json::Writer;

/// A look is short: one that does not answer is made again.
constexpr int kLookTimeout = 120;
/// CloudFormation has given up by then.
constexpr int kWholeTimeout = 7'200;

// A look's task and choice, and the wait after it; begin and end.
constexpr std::uint64_t kLookEvents = 5 + 2 + 2;
constexpr std::uint64_t kOtherEvents = 2 + 2;

/// While the deployment's end may still be recorded, or found: three minutes at most.
constexpr std::string_view kAnswerRetry =
    R"([{"ErrorEquals":["States.ALL"],"IntervalSeconds":5,"MaxAttempts":6,"BackoffRate":2,)"
    R"("MaxDelaySeconds":60}])";
/// Until CloudFormation has given up.
constexpr std::string_view kTellRetry =
    R"([{"ErrorEquals":["States.ALL"],"IntervalSeconds":5,"MaxAttempts":12,"BackoffRate":2,)"
    R"("MaxDelaySeconds":300,"JitterStrategy":"FULL"}])";

void begin_call(Writer& out, std::string_view function_arn, std::string_view asked,
                std::string_view retry) {
    out.begin_object().key("Type").string("Task");
    out.key("Resource").string("arn:aws:states:::lambda:invoke");
    out.key("TimeoutSeconds").number(kLookTimeout);
    out.key("Retry").raw(retry);
    out.key("Parameters").begin_object().key("FunctionName").string(function_arn);
    out.key("Payload").begin_object().key("deployment").begin_object();
    out.key("do").string(asked);
    out.key("request.$").string("$.request");
    out.key("execution.$").string("$$.Execution.Id");
    out.key("started.$").string("$$.Execution.StartTime");
}

void end_call(Writer& out, std::string_view next, std::string_view otherwise) {
    out.end_object().end_object().end_object();
    out.raw(R"("ResultSelector":{"next.$":"$.Payload.next","seconds.$":"$.Payload.seconds",)"
            R"("error.$":"$.Payload.error","reason.$":"$.Payload.reason"},"ResultPath":"$.look")");
    out.key("Next").string(next);
    out.key("Catch").begin_array().raw(otherwise).end_array();
    out.end_object();
}

void add_look(Writer& out, std::string_view function_arn) {
    out.key("Look");
    begin_call(out, function_arn, "look", migrate::call_retries());
    end_call(out, "Looked",
             R"({"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"Answer"})");
    out.key("Looked").begin_object().key("Type").string("Choice").key("Choices").begin_array();
    for (const auto& [word, next] :
         {std::pair{"wait", "Rest"}, std::pair{"done", "Done"}, std::pair{"failed", "Failed"}}) {
        out.begin_object().key("Variable").string("$.look.next");
        out.key("StringEquals").string(word).key("Next").string(next).end_object();
    }
    out.end_array().key("Default").string("Not understood").end_object();
    out.key("Rest").raw(R"({"Type":"Wait","SecondsPath":"$.look.seconds","Next":"Look"})");
    out.key("Not understood")
        .raw(
            R"({"Type":"Pass","Result":{"Error":"internal","Cause":"the function answers what this )"
            R"(state machine does not know; deploy both anew"},"ResultPath":"$.error",)"
            R"("Next":"Answer"})");
}

void add_ends(Writer& out, std::string_view function_arn) {
    out.key("Answer");
    begin_call(out, function_arn, "fail", kAnswerRetry);
    out.key("error.$").string("$.error");
    end_call(out, "Answered", R"({"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"Tell"})");
    out.key("Tell");
    begin_call(out, function_arn, "tell", kTellRetry);
    out.key("error.$").string("$.error");
    end_call(out, "Answered",
             R"({"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"Unanswered"})");
    out.key("Answered")
        .raw(R"({"Type":"Choice","Choices":[{"Variable":"$.look.next","StringEquals":"done",)"
             R"("Next":"Done"}],"Default":"Failed"})");
    out.key("Done").raw(R"({"Type":"Succeed","OutputPath":"$.look"})");
    out.key("Failed").raw(
        R"({"Type":"Fail","ErrorPath":"$.look.error","CausePath":"$.look.reason"})");
    out.key("Unanswered")
        .raw(R"({"Type":"Fail","Error":"unanswered","Cause":"CloudFormation could not be told how )"
             R"(the deployment ended; the calls of this execution tell why"})");
}

}  // namespace

std::string deployment_definition(std::string_view function_arn) {
    if (function_arn.empty()) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "a deployment's state machine needs the function that it calls");
    }
    std::string text;
    Writer out(text);
    out.begin_object().key("Comment").string("dynamigrate: the migrations of a deployment");
    out.key("TimeoutSeconds").number(kWholeTimeout);
    out.key("StartAt").string("Look").key("States").begin_object();
    add_look(out, function_arn);
    add_ends(out, function_arn);
    out.end_object().end_object();
    return text;
}

std::chrono::seconds look_interval(std::chrono::seconds elapsed) {
    return std::clamp<std::chrono::seconds>(elapsed / 20, std::chrono::seconds(1),
                                            std::chrono::seconds(30));
}

std::uint64_t deployment_events(std::chrono::seconds elapsed) {
    std::uint64_t events = kOtherEvents;
    for (std::chrono::seconds time{0}; time <= elapsed; time += look_interval(time)) {
        events += kLookEvents;
    }
    return events;
}

}  // namespace dynamigrate::cloud
