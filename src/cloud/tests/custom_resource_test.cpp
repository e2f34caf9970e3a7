#include <dynamigrate/cloud/custom_resource.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cloud {
namespace {

using namespace std::chrono_literals;
using base::Error;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using Type = CustomResourceRequest::Type;

constexpr const char* kUpdate = R"({"RequestType": "Update", "RequestId": "r-1",
  "ResponseURL": "https://s3/x?secret", "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/app/u",
  "LogicalResourceId": "Migrations", "PhysicalResourceId": "p",
  "ResourceProperties": {"ServiceToken": "f", "DeploymentMachine": "d", "Digest": "b",
    "Machines": {"1.0.0": "m1", "1.1.0": "m2"}, "OnTimeout": "detach", "TimeoutMinutes": "0.5"},
  "OldResourceProperties": {"Digest": "a", "Machines": {"1.0.0": "m1"}}})";

CustomResourceRequest read(const std::string& text) {
    return read_custom_resource(json::parse_json(text, "event"));
}

CustomResourceRequest with(const std::string& name, const std::string& value) {
    CustomResourceRequest request = read(kUpdate);
    request.properties.set(name, json::Value::string(value));
    return request;
}

std::string refusal(const CustomResourceRequest& request) {
    try {
        read_wishes(request);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

TEST(CustomResource, IsReadWithItsProperties) {
    const CustomResourceRequest request = read(kUpdate);
    EXPECT_EQ(request.type, Type::update);
    EXPECT_EQ(request.response_url, "https://s3/x?secret");
    const DeploymentWishes wishes = read_wishes(request);
    EXPECT_EQ(wishes.machine, "d");
    EXPECT_EQ(machine_of(wishes.machines, "1.1.0"), "m2");
    EXPECT_EQ(machine_of(wishes.old_machines, "1.1.0"), "");
    EXPECT_EQ(wishes.digest, "b");
    EXPECT_EQ(wishes.old_digest, "a");
    EXPECT_TRUE(wishes.detaches);
    EXPECT_FALSE(wishes.undoes);
    EXPECT_EQ(wishes.time, 30s);
}

TEST(CustomResource, OfAnotherShapeIsRefused) {
    EXPECT_THROW(read(R"({"RequestType": "Move"})"), Error);
    EXPECT_THROW(read(R"({"RequestType": "Create", "RequestId": "r", "StackId": "s",
                          "LogicalResourceId": "l"})"),
                 Error);
}

TEST(CustomResource, PassesThroughTheStateMachineUnchanged) {
    const CustomResourceRequest request = read(kUpdate);
    const json::Value input = json::parse_json(deployment_input(request), "input");
    const CustomResourceRequest again = read_custom_resource(*input.find("request"));
    EXPECT_EQ(again.type, request.type);
    EXPECT_EQ(again.physical_id, "p");
    EXPECT_EQ(again.response_url, request.response_url);
    EXPECT_EQ(json::to_json(again.properties), json::to_json(request.properties));
    EXPECT_EQ(json::to_json(again.old_properties), json::to_json(request.old_properties));
}

TEST(DeploymentWishes, HaveFiftyFiveMinutesAndNoMore) {
    EXPECT_EQ(read_wishes(with("TimeoutMinutes", "")).time, 55min);
    EXPECT_THAT(refusal(with("TimeoutMinutes", "120")), HasSubstr("one hour at most"));
    EXPECT_THAT(refusal(with("TimeoutMinutes", "soon")), HasSubstr("not a number"));
    EXPECT_THAT(refusal(with("TimeoutMinutes", "0")), HasSubstr("not a number"));
}

TEST(DeploymentWishes, MustFitIntoTheServiceTimeout) {
    CustomResourceRequest request = with("TimeoutMinutes", "30");
    request.properties.set("ServiceTimeout", json::Value::string("1800"));
    EXPECT_THAT(refusal(request), HasSubstr("ServiceTimeout"));
    request.properties.set("ServiceTimeout", json::Value::string("3600"));
    EXPECT_EQ(refusal(request), "");
}

TEST(DeploymentWishes, NameAWrongWordAndAMissingMachine) {
    EXPECT_THAT(refusal(with("OnTimeout", "wait")), HasSubstr("it may be fail or detach"));
    EXPECT_THAT(refusal(with("OnRollback", "up")), HasSubstr("it may be keep or down"));
    EXPECT_THAT(refusal(with("DeploymentMachine", "")), HasSubstr("DeploymentMachine"));
}

TEST(ExecutionName, IsTheSameForTheSameAndFitsStepFunctions) {
    const std::string name =
        execution_name(std::string(100, 'r'), "20240115_add/users!" + std::string(90, 'x'), "down");
    EXPECT_LE(name.size(), 80u);
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_"), std::string::npos);
    EXPECT_EQ(execution_name("r", "1.0.0", "up"), execution_name("r", "1.0.0", "up"));
    EXPECT_NE(execution_name("r", "1.0.0", "up"), execution_name("r", "1_0_0", "up"));
    EXPECT_NE(execution_name("r", "1.0.0", "up"), execution_name("r", "1.0.0", "down"));
    EXPECT_NE(execution_name("r"), execution_name("s"));
}

TEST(ResourceAnswer, HasWhatCloudFormationWants) {
    const json::Value answer = json::parse_json(
        answer_body(read(kUpdate), {true, "all well", {{"CurrentVersion", "1"}}}), "answer");
    EXPECT_EQ(json::text_of(answer, "Status"), "SUCCESS");
    EXPECT_EQ(json::text_of(answer, "Reason"), "all well");
    EXPECT_EQ(json::text_of(answer, "PhysicalResourceId"), "p");
    EXPECT_EQ(json::text_of(answer, "RequestId"), "r-1");
    EXPECT_EQ(json::text_of(answer, "LogicalResourceId"), "Migrations");
    EXPECT_THAT(json::text_of(answer, "StackId"), EndsWith("stack/app/u"));
    EXPECT_EQ(json::text_of(answer.find("Data"), "CurrentVersion"), "1");
    EXPECT_THAT(json::to_json(answer), Not(HasSubstr("secret")));
}

TEST(ResourceAnswer, NamesAResourceThatIsBeingCreatedAlwaysAlike) {
    CustomResourceRequest request = read(kUpdate);
    request.physical_id.clear();
    const auto id = [&] {
        return json::text_of(json::parse_json(answer_body(request, {false, "x"}), "answer"),
                             "PhysicalResourceId");
    };
    const std::string first = id();
    EXPECT_FALSE(first.empty());
    request.request_id = "r-2";
    EXPECT_EQ(id(), first);
    request.stack_id += "other";
    EXPECT_NE(id(), first);
}

TEST(ResourceAnswer, CutsALongReasonWithinTheLimit) {
    for (const std::string& piece : {std::string("e"), std::string("\n"), std::string("ü")}) {
        std::string reason;
        while (reason.size() < 20'000) {
            reason += piece;
        }
        const std::string body = answer_body(read(kUpdate), {false, reason});
        EXPECT_LT(body.size(), kMaxResourceAnswer);
        EXPECT_GT(body.size(), kMaxResourceAnswer / 2);
        EXPECT_THAT(json::text_of(json::parse_json(body, "answer"), "Reason"),
                    EndsWith("the function's log has all of it)"));
    }
}

}  // namespace
}  // namespace dynamigrate::cloud
