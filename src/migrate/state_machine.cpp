#include <dynamigrate/migrate/state_machine.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/fleet.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using json::Writer;

constexpr std::uint32_t kMostConcurrency = 10'000;
/// Rounds over a step's segments in which none of them was finished.
constexpr int kMostRoundsInVain = 9;
/// A call that does not answer at all is given up a little after its own end.
constexpr std::chrono::seconds kGrace{30};

// Events and transitions of states, as the service counts them.
constexpr std::uint64_t kTaskEvents = 5;
constexpr std::uint64_t kMapEvents = 6;
constexpr std::uint64_t kPlainEvents = 2;
constexpr std::uint64_t kExecutionEvents = 2;
/// What a state holds besides the numbers of segments.
constexpr std::uint64_t kPlainBytes = 2048;

/// What can pass by itself: Lambda's own failures, calls that did not end, and ours by kind.
constexpr std::string_view kRetry =
    R"([{"ErrorEquals":["Lambda.ServiceException","Lambda.AWSLambdaException",)"
    R"("Lambda.SdkClientException","Lambda.ClientExecutionTimeoutException",)"
    R"("Lambda.TooManyRequestsException","Lambda.Unknown","Lambda.EC2ThrottledException",)"
    R"("Lambda.EC2UnexpectedException","Lambda.ENILimitReachedException",)"
    R"("Lambda.SubnetIPAddressLimitReachedException",)"
    R"("Lambda.ResourceConflictException","Lambda.ResourceNotReadyException"],)"
    R"("IntervalSeconds":2,"MaxAttempts":8,"BackoffRate":2,"MaxDelaySeconds":60,)"
    R"("JitterStrategy":"FULL"},)"
    R"({"ErrorEquals":["throttled","unavailable","outcome_unknown","aborted"],)"
    R"("IntervalSeconds":5,"MaxAttempts":8,"BackoffRate":2,"MaxDelaySeconds":120,)"
    R"("JitterStrategy":"FULL"},)"
    // Permissions take a while to come into force.
    R"({"ErrorEquals":["permission_denied"],"IntervalSeconds":10,"MaxAttempts":5,"BackoffRate":1.5},)"
    R"({"ErrorEquals":["States.Timeout","States.HeartbeatTimeout","Sandbox.Timedout",)"
    R"("Runtime.ExitError","Runtime.OutOfMemory"],)"
    R"("IntervalSeconds":5,"MaxAttempts":3,"BackoffRate":2}])";

constexpr std::string_view kCatch =
    R"([{"ErrorEquals":["States.ALL"],"ResultPath":"$.error","Next":"Record"}])";

void begin_call(Writer& out, const StateMachine& machine) {
    out.begin_object().key("Type").string("Task");
    out.key("Resource").string("arn:aws:states:::lambda:invoke");
    out.key("TimeoutSeconds").number((machine.call_timeout + kGrace).count());
    out.key("Retry").raw(kRetry);
    out.key("Parameters").begin_object();
    out.key("FunctionName").string(machine.function_arn);
    out.key("Payload").begin_object();
}

void end_call(Writer& out, std::string_view execution, std::string_view selected,
              std::string_view next) {
    out.key("execution.$").string(execution).end_object().end_object();
    out.raw(selected);
    if (next.empty()) {
        out.key("End").boolean(true);
    } else {
        out.key("Next").string(next);
    }
}

void add_begin(Writer& out, const StateMachine& machine) {
    constexpr std::string_view kNone = R"({"step":-1,"best":0,"rounds":0})";
    out.key("Begin").raw(
        R"({"Type":"Choice","Choices":[{"And":[{"Variable":"$.dry","IsPresent":true},)"
        R"({"Not":{"Variable":"$.dry","IsBoolean":true}}],"Next":"Wrong dry"},)"
        R"({"And":[{"Variable":"$.action","IsPresent":true},)"
        R"({"Not":{"Variable":"$.action","IsString":true}}],"Next":"Wrong action"},)"
        R"({"And":[{"Variable":"$.dry","IsPresent":true},)"
        R"({"Variable":"$.dry","BooleanEquals":true},{"Variable":"$.action","IsPresent":true}],)"
        R"("Next":"Asked dry"},{"And":[{"Variable":"$.dry","IsPresent":true},)"
        R"({"Variable":"$.dry","BooleanEquals":true}],"Next":"Unasked dry"},)"
        R"({"Variable":"$.action","IsPresent":true,"Next":"Asked"}],"Default":"Unasked"})");
    out.key("Wrong dry")
        .raw(
            R"({"Type":"Fail","Error":"invalid_argument","Cause":"\"dry\" of the execution's input )"
            R"(must be true or false; nothing was run"})");
    out.key("Wrong action")
        .raw(R"({"Type":"Fail","Error":"invalid_argument","Cause":"\"action\" of the execution's )"
             R"(input must be a text, like \"up\"; nothing was run"})");
    out.key("Asked").begin_object().key("Type").string("Pass").key("Parameters").begin_object();
    out.key("action.$").string("$.action").key("progress").raw(kNone).end_object();
    out.key("Next").string("Turn").end_object();
    out.key("Unasked").begin_object().key("Type").string("Pass").key("Parameters").begin_object();
    out.key("action").string(machine.action).key("progress").raw(kNone).end_object();
    out.key("Next").string("Turn").end_object();
}

void add_turn(Writer& out, const StateMachine& machine) {
    out.key("Turn");
    begin_call(out, machine);
    out.key("work").begin_object().key("do").string("turn");
    out.key("migration").string(machine.migration).key("action.$").string("$.action").end_object();
    end_call(out, "$$.Execution.Id",
             R"("ResultSelector":{"next.$":"$.Payload.next","run.$":"$.Payload.run",)"
             R"("step.$":"$.Payload.step","unfinished.$":"$.Payload.unfinished",)"
             R"("segments.$":"$.Payload.segments"},"ResultPath":"$.turn")",
             "After turn");
    out.key("Catch").raw(kCatch).end_object();
    out.key("After turn").begin_object().key("Type").string("Choice").key("Choices").begin_array();
    for (const auto& [word, next] :
         {std::pair{"turn", "Turn"}, std::pair{"wait", "Rest"}, std::pair{"segments", "Progress"},
          std::pair{"done", "Done"}, std::pair{"aborted", "Aborted"}}) {
        out.begin_object().key("Variable").string("$.turn.next");
        out.key("StringEquals").string(word).key("Next").string(next).end_object();
    }
    out.end_array().key("Default").string("Not understood").end_object();
    out.key("Rest").begin_object().key("Type").string("Wait").key("Seconds").number(kRest.count());
    out.key("Next").string("Turn").end_object();
}

/// Failed segments are tried again in the next round, as long as rounds finish any.
void add_progress(Writer& out) {
    out.key("Progress").begin_object().key("Type").string("Choice").key("Choices").begin_array();
    out.raw(R"({"Not":{"Variable":"$.turn.step","NumericEqualsPath":"$.progress.step"},)"
            R"("Next":"Better"})");
    out.raw(R"({"Variable":"$.turn.unfinished","NumericLessThanPath":"$.progress.best",)"
            R"("Next":"Better"})");
    out.begin_object().key("Variable").string("$.progress.rounds");
    out.key("NumericGreaterThanEquals").number(kMostRoundsInVain);
    out.key("Next").string("In vain").end_object();
    out.end_array().key("Default").string("Same").end_object();
    out.key("Better").raw(
        R"({"Type":"Pass","Parameters":{"step.$":"$.turn.step","best.$":"$.turn.unfinished",)"
        R"("rounds":0},"ResultPath":"$.progress","Next":"Segments"})");
    out.key("Same").raw(
        R"j({"Type":"Pass","Parameters":{"step.$":"$.turn.step","best.$":"$.progress.best",)j"
        R"j("rounds.$":"States.MathAdd($.progress.rounds, 1)"},"ResultPath":"$.progress",)j"
        R"j("Next":"Segments"})j");
    out.key("In vain").raw(
        R"({"Type":"Pass","Result":{"Error":"no_progress","Cause":"no segment was finished in )"
        R"(several rounds; the map runs of this execution tell why"},"ResultPath":"$.error",)"
        R"("Next":"Record"})");
}

void add_segments(Writer& out, const StateMachine& machine) {
    out.key("Segments").begin_object().key("Type").string("Map");
    out.key("ItemsPath").string("$.turn.segments");
    out.key("ItemSelector").begin_object().key("segment.$").string("$$.Map.Item.Value");
    out.key("run.$").string("$.turn.run").key("step.$").string("$.turn.step");
    out.key("execution.$").string("$$.Execution.Id").end_object();
    out.key("MaxConcurrency").number(machine.concurrency);
    out.key("ToleratedFailurePercentage").number(machine.tolerated_failure_percent);
    out.key("ItemProcessor").begin_object();
    out.key("ProcessorConfig").raw(R"({"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"})");
    out.key("StartAt").string("Work").key("States").begin_object();
    out.key("Work");
    begin_call(out, machine);
    out.key("work").begin_object().key("do").string("segment");
    for (const char* name : {"run", "step", "segment"}) {
        out.key(fmt::format("{}.$", name)).string(fmt::format("$.{}", name));
    }
    out.key("concurrency").number(machine.concurrency).end_object();
    end_call(out, "$.execution",
             R"("ResultSelector":{"next.$":"$.Payload.next"},"ResultPath":"$.answer")",
             "After work");
    out.end_object();
    out.key("After work")
        .raw(R"({"Type":"Choice","Choices":[{"Variable":"$.answer.next","StringEquals":"segment",)"
             R"("Next":"Work"}],"Default":"Worked"})");
    out.key("Worked").raw(R"({"Type":"Pass","Result":0,"End":true})");
    out.end_object().end_object();
    out.raw(R"("ResultPath":null)").key("Catch").raw(kCatch);
    out.key("Next").string("Turn").end_object();
}

/// Tries a step's segments, each by one call, and adds up what they showed.
void add_dry(Writer& out, const StateMachine& machine) {
    out.key("Asked dry")
        .raw(R"({"Type":"Pass","Parameters":{"action.$":"$.action"},"Next":"Dry"})");
    out.key("Unasked dry").begin_object().key("Type").string("Pass").key("Parameters");
    out.begin_object().key("action").string(machine.action).end_object();
    out.key("Next").string("Dry").end_object();
    out.key("Dry");
    begin_call(out, machine);
    out.key("work").begin_object().key("do").string("dry");
    out.key("migration").string(machine.migration).key("action.$").string("$.action").end_object();
    end_call(out, "$$.Execution.Id",
             R"("ResultSelector":{"next.$":"$.Payload.next","step.$":"$.Payload.step",)"
             R"("total.$":"$.Payload.total","line.$":"$.Payload.line",)"
             R"("why_not.$":"$.Payload.why_not","segments.$":"$.Payload.segments"},)"
             R"("ResultPath":"$.dry")",
             "After dry");
    out.end_object();
    out.key("After dry")
        .raw(R"({"Type":"Choice","Choices":[{"Variable":"$.dry.next","StringEquals":"segments",)"
             R"("Next":"Dry segments"}],"Default":"Nothing tried"})");
    out.key("Nothing tried").raw(R"({"Type":"Succeed","OutputPath":"$.dry"})");
    out.key("Dry segments").begin_object().key("Type").string("Map");
    out.key("ItemsPath").string("$.dry.segments");
    out.key("ItemSelector").begin_object().key("segment.$").string("$$.Map.Item.Value");
    out.key("step.$").string("$.dry.step").key("total.$").string("$.dry.total");
    out.key("execution.$").string("$$.Execution.Id").end_object();
    out.key("MaxConcurrency").number(machine.concurrency);
    out.key("ItemProcessor").begin_object();
    out.key("ProcessorConfig").raw(R"({"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"})");
    out.key("StartAt").string("Try").key("States").begin_object();
    out.key("Try");
    begin_call(out, machine);
    out.key("work").begin_object().key("do").string("dry-segment");
    out.key("migration").string(machine.migration);
    for (const char* name : {"step", "segment", "total"}) {
        out.key(fmt::format("{}.$", name)).string(fmt::format("$.{}", name));
    }
    out.key("concurrency").number(machine.concurrency).end_object();
    end_call(out, "$.execution", R"("OutputPath":"$.Payload")", "");
    out.end_object().end_object().end_object();
    out.raw(R"("ResultPath":"$.results")").key("Next").string("Dry total").end_object();
    out.key("Dry total");
    begin_call(out, machine);
    out.key("work").begin_object().key("do").string("dry-total");
    out.key("migration").string(machine.migration).key("step.$").string("$.dry.step");
    out.key("total.$").string("$.dry.total").key("results.$").string("$.results").end_object();
    end_call(out, "$$.Execution.Id", R"("OutputPath":"$.Payload")", "");
    out.end_object();
}

void add_ends(Writer& out, const StateMachine& machine) {
    out.key("Record");
    begin_call(out, machine);
    out.key("work").begin_object().key("do").string("fail");
    out.key("error.$").string("$.error").end_object();
    end_call(out, "$$.Execution.Id", R"("ResultPath":null)", "Failed");
    out.key("Catch").raw(R"([{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"Failed"}])");
    out.end_object();
    out.key("Done").raw(R"({"Type":"Succeed","OutputPath":"$.turn.run"})");
    // An error need not have a cause.
    out.key("Failed").raw(
        R"({"Type":"Choice","Choices":[{"Variable":"$.error.Cause","IsPresent":true,)"
        R"("Next":"Failed with cause"}],"Default":"Failed without cause"})");
    out.key("Failed with cause")
        .raw(R"({"Type":"Fail","ErrorPath":"$.error.Error","CausePath":"$.error.Cause"})");
    out.key("Failed without cause").raw(R"({"Type":"Fail","ErrorPath":"$.error.Error"})");
    out.key("Aborted").raw(R"({"Type":"Fail","Error":"aborted","Cause":"somebody ended the run; )"
                           R"(it can be resumed"})");
    out.key("Not understood")
        .raw(
            R"({"Type":"Pass","Result":{"Error":"internal","Cause":"the function answers what this )"
            R"(state machine does not know; deploy both anew"},"ResultPath":"$.error",)"
            R"("Next":"Record"})");
}

std::uint64_t calls_for(std::chrono::seconds time, const StateMachine& machine) {
    const auto usable = std::max<std::int64_t>(1, (machine.call_timeout - kBeforeDeadline).count());
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(1, (time.count() + usable - 1) / usable));
}

/// The longest numbers are those of the last segments.
std::uint64_t digits_up_to(std::uint32_t segments) {
    std::uint64_t bytes = 0;
    for (std::uint64_t from = 1, digits = 1; from <= segments; from *= 10, ++digits) {
        const std::uint64_t first = digits == 1 ? 0 : from;
        const std::uint64_t last = std::min<std::uint64_t>(segments, from * 10);
        bytes += (last > first ? last - first : 0) * (digits + 1);
    }
    return bytes;
}

}  // namespace

std::string_view call_retries() noexcept { return kRetry; }

std::string definition(const StateMachine& machine) {
    if (machine.concurrency == 0 || machine.concurrency > kMostConcurrency) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("a state machine works on 1 to {} segments at once, not {}",
                                kMostConcurrency, machine.concurrency));
    }
    if (machine.function_arn.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "a state machine needs the function that it calls");
    }
    if (machine.call_timeout < 2 * kBeforeDeadline) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("the function may run {} s only: it hands back {} s before its end, "
                        "so give it {} s or more",
                        machine.call_timeout.count(), kBeforeDeadline.count(),
                        2 * kBeforeDeadline.count()));
    }
    std::string text;
    Writer out(text);
    out.begin_object();
    out.key("Comment").string(fmt::format("dynamigrate: migration {}", machine.migration));
    out.key("StartAt").string("Begin").key("States").begin_object();
    add_begin(out, machine);
    add_turn(out, machine);
    add_progress(out);
    add_segments(out, machine);
    add_dry(out, machine);
    add_ends(out, machine);
    out.end_object().end_object();
    return text;
}

ExecutionSize size_of(const ExecutionWork& work, const StateMachine& machine) {
    const std::uint64_t steps = work.steps;
    const std::uint64_t turns = calls_for(work.time_of_turns, machine) + steps;
    const auto rests = static_cast<std::uint64_t>(work.paused / kRest);
    const std::uint64_t calls = calls_for(work.time_of_a_segment, machine);
    ExecutionSize size;
    // Begin, Unasked, Done; each turn and its choice; each round's Progress, Better and Segments.
    size.events = kExecutionEvents + 3 * kPlainEvents +
                  (turns + rests) * (kTaskEvents + kPlainEvents) + rests * kPlainEvents +
                  steps * (2 * kPlainEvents + kMapEvents);
    size.child_events = kExecutionEvents + calls * (kTaskEvents + kPlainEvents) + kPlainEvents;
    const auto most = static_cast<std::uint32_t>(kMostSegmentsOfATurn);
    size.payload_bytes = kPlainBytes + digits_up_to(work.segments) -
                         digits_up_to(work.segments - std::min(work.segments, most));
    size.transitions =
        3 + 2 * turns + 3 * rests + 3 * steps + steps * work.segments * (2 * calls + 1);
    return size;
}

}  // namespace dynamigrate::migrate
