#include <dynamigrate/cloud/deployment_machine.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::cloud {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFunction = "arn:aws:lambda:us-east-1:123456789012:function:migrations";

const json::Value& state_of(const json::Value& machine, std::string_view name) {
    return *machine.find("States")->find(name);
}

TEST(DeploymentMachine, CallsTheFunctionWithTheRequestAndItsExecution) {
    const json::Value machine = json::parse_json(deployment_definition(kFunction), "definition");
    const json::Value& look = state_of(machine, json::text_of(machine, "StartAt"));
    const json::Value& parameters = *look.find("Parameters");
    EXPECT_EQ(json::text_of(parameters, "FunctionName"), kFunction);
    const json::Value& asked = *parameters.find("Payload")->find("deployment");
    EXPECT_EQ(json::text_of(asked, "do"), "look");
    EXPECT_EQ(json::text_of(asked, "request.$"), "$.request");
    EXPECT_EQ(json::text_of(asked, "execution.$"), "$$.Execution.Id");
    EXPECT_EQ(json::text_of(asked, "started.$"), "$$.Execution.StartTime");
}

TEST(DeploymentMachine, AnswersByALastCallWhatNoLookGotOver) {
    const json::Value machine = json::parse_json(deployment_definition(kFunction), "definition");
    const json::Value& caught = state_of(machine, "Look").find("Catch")->elements().front();
    EXPECT_EQ(caught.find("ErrorEquals")->elements().front().text(), "States.ALL");
    const json::Value& last = state_of(machine, json::text_of(caught, "Next"));
    const json::Value& asked = *last.find("Parameters")->find("Payload")->find("deployment");
    EXPECT_EQ(json::text_of(asked, "do"), "fail");
    const json::Value& retry = last.find("Retry")->elements().front();
    EXPECT_EQ(retry.find("ErrorEquals")->elements().front().text(), "States.ALL");
    const json::Value& then = last.find("Catch")->elements().front();
    const json::Value& told = state_of(machine, json::text_of(then, "Next"));
    EXPECT_EQ(json::text_of(*told.find("Parameters")->find("Payload")->find("deployment"), "do"),
              "tell");
}

TEST(DeploymentMachine, NamesEveryStateItGoesTo) {
    const json::Value machine = json::parse_json(deployment_definition(kFunction), "definition");
    for (const json::Value::Member& state : machine.find("States")->members()) {
        for (const char* name : {"Next", "Default"}) {
            const std::string next = json::text_of(state.value, name);
            EXPECT_TRUE(next.empty() || machine.find("States")->find(next)) << next;
        }
    }
}

TEST(DeploymentMachine, StaysFarBelowTheMostEvents) {
    EXPECT_EQ(deployment_events(0s), 13u);
    EXPECT_LT(deployment_events(1h), 2'500u);
    EXPECT_LT(deployment_events(2h), 5'000u);
}

TEST(DeploymentMachine, LooksOftenFirstAndSeldomLater) {
    EXPECT_EQ(look_interval(0s), 1s);
    EXPECT_EQ(look_interval(100s), 5s);
    EXPECT_EQ(look_interval(1h), 30s);
}

TEST(DeploymentMachine, NeedsAFunction) { EXPECT_THROW(deployment_definition(""), base::Error); }

}  // namespace
}  // namespace dynamigrate::cloud
