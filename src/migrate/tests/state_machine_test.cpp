#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/migrate/state_machine.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace dynamigrate::migrate {
namespace {

using ::testing::HasSubstr;

StateMachine machine() {
    StateMachine machine;
    machine.migration = "1.0.0";
    machine.function_arn = "arn:aws:lambda:eu-west-1:1:function:dynamigrate";
    return machine;
}

/// Every state that the states name as following, and all states there are.
void collect(const json::Value& states, std::set<std::string>& named) {
    for (const json::Value::Member& member : states.members()) {
        const json::Value& state = member.value;
        for (const char* key : {"Next", "Default"}) {
            if (const json::Value* next = state.find(key)) {
                named.insert(next->text());
            }
        }
        for (const char* list : {"Choices", "Catch"}) {
            if (const json::Value* all = state.find(list)) {
                for (const json::Value& one : all->elements()) {
                    named.insert(one.find("Next")->text());
                }
            }
        }
    }
}

TEST(StateMachineDefinition, NamesOnlyStatesThatItHas) {
    const json::Value text = json::parse_json(definition(machine()), "definition");
    const json::Value& states = *text.find("States");
    std::set<std::string> named{text.find("StartAt")->text()};
    collect(states, named);
    for (const std::string& name : named) {
        EXPECT_NE(states.find(name), nullptr) << name;
    }
    for (const json::Value::Member& member : states.members()) {
        EXPECT_TRUE(named.contains(member.key)) << member.key;
    }
}

/// What a rule of a choice says of an input.
bool holds(const json::Value& rule, const json::Value& input) {
    if (const json::Value* all = rule.find("And")) {
        return std::all_of(all->elements().begin(), all->elements().end(),
                           [&](const json::Value& one) { return holds(one, input); });
    }
    if (const json::Value* negated = rule.find("Not")) {
        return !holds(*negated, input);
    }
    const json::Value* value = input.find(rule.find("Variable")->text().substr(2));
    if (rule.find("IsPresent")) {
        return value != nullptr;
    }
    if (rule.find("IsBoolean")) {
        return value->is_boolean();
    }
    if (rule.find("IsString")) {
        return value->is_string();
    }
    return value->is_boolean() &&
           json::to_json(*value) == json::to_json(*rule.find("BooleanEquals"));
}

std::string begins_with(const std::string& input_text) {
    const json::Value text = json::parse_json(definition(machine()), "definition");
    const json::Value input = json::parse_json(input_text, "input");
    const json::Value& begin = *text.find("States")->find("Begin");
    for (const json::Value& choice : begin.find("Choices")->elements()) {
        if (holds(choice, input)) {
            return choice.find("Next")->text();
        }
    }
    return begin.find("Default")->text();
}

TEST(StateMachineDefinition, RunsNothingWhereDryOrTheActionIsNoWordItKnows) {
    EXPECT_EQ(begins_with("{}"), "Unasked");
    EXPECT_EQ(begins_with(R"({"dry":false})"), "Unasked");
    EXPECT_EQ(begins_with(R"({"dry":true})"), "Unasked dry");
    EXPECT_EQ(begins_with(R"({"dry":true,"action":"up"})"), "Asked dry");
    EXPECT_EQ(begins_with(R"({"dry":false,"action":"up"})"), "Asked");
    for (const char* wrong : {R"("true")", "1", "null", "{}", "[]"}) {
        EXPECT_EQ(begins_with(fmt::format(R"({{"dry":{}}})", wrong)), "Wrong dry") << wrong;
        EXPECT_EQ(begins_with(fmt::format(R"({{"dry":{},"action":"up"}})", wrong)), "Wrong dry");
    }
    EXPECT_EQ(begins_with(R"({"action":5})"), "Wrong action");
    EXPECT_EQ(begins_with(R"({"dry":true,"action":null})"), "Wrong action");
    const json::Value text = json::parse_json(definition(machine()), "definition");
    for (const char* state : {"Wrong dry", "Wrong action"}) {
        EXPECT_EQ(text.find("States")->find(state)->find("Type")->text(), "Fail");
    }
}

TEST(StateMachineDefinition, WorksSegmentsInAMapOfStandardExecutions) {
    StateMachine wanted = machine();
    wanted.concurrency = 40;
    wanted.tolerated_failure_percent = 2.5;
    const json::Value text = json::parse_json(definition(wanted), "definition");
    const json::Value& map = *text.find("States")->find("Segments");
    EXPECT_EQ(map.find("MaxConcurrency")->text(), "40");
    EXPECT_EQ(map.find("ToleratedFailurePercentage")->text(), "2.5");
    const json::Value& config = *map.find("ItemProcessor")->find("ProcessorConfig");
    EXPECT_EQ(config.find("Mode")->text(), "DISTRIBUTED");
    EXPECT_EQ(config.find("ExecutionType")->text(), "STANDARD");
    EXPECT_TRUE(map.find("ResultPath")->is_null());
    for (const auto& [name, work] : {std::pair{"Segments", "Work"}, {"Dry segments", "Try"}}) {
        const json::Value& called =
            *text.find("States")->find(name)->find("ItemProcessor")->find("States")->find(work);
        const json::Value& payload = *called.find("Parameters")->find("Payload");
        EXPECT_EQ(payload.find("work")->find("concurrency")->text(), "40") << name;
    }
}

TEST(StateMachineDefinition, RetriesWhatCanPassAndRecordsTheRest) {
    const std::string text = definition(machine());
    for (const char* error : {"Lambda.ServiceException", "Lambda.AWSLambdaException",
                              "Lambda.SdkClientException", "Lambda.ClientExecutionTimeoutException",
                              "Lambda.TooManyRequestsException", "Lambda.Unknown", "States.Timeout",
                              "throttled", "unavailable", "outcome_unknown", "aborted"}) {
        EXPECT_THAT(text, HasSubstr(fmt::format("\"{}\"", error)));
    }
    EXPECT_THAT(text, ::testing::Not(HasSubstr("failed_precondition")));
    const json::Value parsed = json::parse_json(text, "definition");
    for (const char* state : {"Turn", "Segments"}) {
        const json::Value& handler =
            parsed.find("States")->find(state)->find("Catch")->elements()[0];
        EXPECT_EQ(handler.find("ErrorEquals")->elements()[0].text(), "States.ALL");
        EXPECT_EQ(handler.find("Next")->text(), "Record");
    }
}

TEST(StateMachineDefinition, WaitsForPermissionsForTwoMinutes) {
    const json::Value retries = json::parse_json(std::string(call_retries()), "retries");
    double waited = 0;
    for (const json::Value& one : retries.elements()) {
        if (one.find("ErrorEquals")->elements()[0].text() != "permission_denied") {
            continue;
        }
        double interval = std::stod(one.find("IntervalSeconds")->text());
        for (int i = 0; i < std::stoi(one.find("MaxAttempts")->text()); ++i) {
            waited += interval;
            interval *= std::stod(one.find("BackoffRate")->text());
        }
    }
    EXPECT_GT(waited, 120);
    EXPECT_LT(waited, 180);
}

TEST(StateMachineDefinition, RefusesWhatTheServiceWould) {
    StateMachine wrong = machine();
    wrong.concurrency = 0;
    EXPECT_THROW(definition(wrong), base::Error);
    wrong.concurrency = 10'001;
    EXPECT_THROW(definition(wrong), base::Error);
    wrong = machine();
    wrong.call_timeout = std::chrono::seconds(100);
    EXPECT_THROW(definition(wrong), base::Error);
    wrong = machine();
    wrong.function_arn.clear();
    EXPECT_THROW(definition(wrong), base::Error);
}

TEST(ExecutionSize, StaysFarBelowTheLimitsForAnyNumberOfSegments) {
    for (std::uint32_t segments = 1; segments <= 10'000; ++segments) {
        ExecutionWork work;
        work.segments = segments;
        work.steps = 10;
        work.time_of_a_segment = std::chrono::hours(24 * 7);
        work.time_of_turns = std::chrono::hours(24 * 7);
        work.paused = std::chrono::hours(24 * 2);
        const ExecutionSize size = size_of(work, machine());
        EXPECT_LT(size.events, kMostEvents / 2) << segments;
        EXPECT_LT(size.child_events, kMostEvents / 2) << segments;
        EXPECT_LT(size.payload_bytes, kMostPayloadBytes / 4) << segments;
    }
    ExecutionWork most;
    most.segments = 10'000;
    const ExecutionSize size = size_of(most, machine());
    std::string numbers;
    for (int i = 0; i < 10'000; ++i) {
        numbers += std::to_string(i) + ",";
    }
    EXPECT_EQ(size.payload_bytes, 2048 + numbers.size());
    EXPECT_EQ(size.transitions, 3U + 4 + 3 + 10'000 * 3);
}

TEST(ExecutionSize, GrowsWithWorkAndRest) {
    ExecutionWork work;
    const ExecutionSize small = size_of(work, machine());
    work.time_of_a_segment = std::chrono::hours(1);
    EXPECT_EQ(size_of(work, machine()).child_events, small.child_events + 4 * 7);
    work.paused = std::chrono::minutes(10);
    EXPECT_EQ(size_of(work, machine()).events, small.events + 2 * 9);
}

}  // namespace
}  // namespace dynamigrate::migrate
