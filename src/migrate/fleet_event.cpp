#include <dynamigrate/migrate/fleet_event.hpp>

#include "dry_event.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

[[noreturn]] void refuse(std::string_view what) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("the event is no call of a state machine: {}", what));
}

std::string member_text(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    if (value == nullptr || !value->is_string()) {
        refuse(fmt::format("it has no text \"{}\"", name));
    }
    return value->text();
}

std::uint32_t member_number(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    std::uint32_t number = 0;
    if (value != nullptr && value->is_number()) {
        const std::string& digits = value->text();
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error == std::errc{} && end == digits.data() + digits.size()) {
            return number;
        }
    }
    refuse(fmt::format("it has no whole number \"{}\"", name));
}

const json::Value& work_of(const json::Value& event) {
    const json::Value* work = event.is_object() ? event.find("work") : nullptr;
    if (work == nullptr || !work->is_object()) {
        refuse("it has no \"work\"");
    }
    return *work;
}

/// Of a function's error Lambda tells as JSON, in which the message is what matters.
std::string message_in(const std::string& cause) {
    try {
        const std::string message = json::text_of(json::parse_json(cause, "cause"), "errorMessage");
        return message.empty() ? cause : message;
    } catch (const Error&) {
        return cause;
    }
}

/// Errors that say nothing of why segments failed.
bool is_of_segments(std::string_view name) {
    return name == "States.ExceedToleratedFailureThreshold" || name == "no_progress";
}

/// An error of Step Functions need not have a cause.
std::string reason_of(const json::Value& work, const Fleet& fleet) {
    const json::Value* error = work.find("error");
    if (error == nullptr || !error->is_object()) {
        refuse("it has no \"error\" to record");
    }
    const std::string name = json::text_of(*error, "Error");
    const std::string cause = message_in(json::text_of(*error, "Cause"));
    const std::string reason =
        fmt::format("{}{}{}", name, name.empty() || cause.empty() ? "" : ": ", cause);
    return is_of_segments(name) ? fleet.reason_of_segments(reason) : reason;
}

std::string answer(const FleetTurn& turn) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("next").string(to_string(turn.next)).key("run").string(turn.run);
    out.key("step").number(turn.step).key("unfinished").number(turn.unfinished);
    out.key("segments").begin_array();
    for (const std::uint32_t segment : turn.segments) {
        out.number(segment);
    }
    out.end_array().end_object();
    return text;
}

std::string answer(const FleetSegmentTurn& turn) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("next").string(to_string(turn.next));
    out.key("read").number(turn.read).key("changed").number(turn.changed).end_object();
    return text;
}

}  // namespace

std::string execution_of(const json::Value& event) {
    (void)work_of(event);
    return member_text(event, "execution");
}

std::string answer_call(Fleet& fleet, const json::Value& event, Listener& listener,
                        std::stop_token stop, std::stop_token stop_now) {
    const json::Value& work = work_of(event);
    if (is_dry_call(work)) {
        return answer_dry_call(fleet.dry(), work, listener, std::move(stop), std::move(stop_now));
    }
    const std::string what = member_text(work, "do");
    if (what == "turn") {
        return answer(fleet.turn({member_text(work, "action"), member_text(work, "migration")},
                                 listener, std::move(stop), std::move(stop_now)));
    }
    if (what == "segment") {
        const FleetSegment segment{member_text(work, "run"), member_number(work, "step"),
                                   member_number(work, "segment"),
                                   member_number(work, "concurrency")};
        return answer(fleet.work_segment(segment, listener, std::move(stop), std::move(stop_now)));
    }
    if (what == "fail") {
        fleet.fail(reason_of(work, fleet), false, listener, std::move(stop));
        return "{}";
    }
    refuse(fmt::format("it says \"do\": \"{}\"", what));
}

}  // namespace dynamigrate::migrate
