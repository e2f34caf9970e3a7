#include <dynamigrate/remote/state_machines.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/members.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace dynamigrate::remote {
namespace {

using base::Error;
using base::ErrorKind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kMachine = "arn:aws:states:eu-west-1:1:stateMachine:count";
constexpr const char* kExecution = "arn:aws:states:eu-west-1:1:execution:count:a";

struct Answer {
    int status = 200;
    std::string body = "{}";
    std::string error_type;  ///< header
};

/// Gives the answers in order, the last one again and again, and keeps what it was sent.
class FakeHttp final : public http::Client {
public:
    void send(const http::Request& request, http::Response& response) override {
        url = request.url;
        bodies.emplace_back(request.body);
        headers.clear();
        for (const http::Header& header : request.headers) {
            headers += header.name + ": " + header.value + "\n";
            if (header.name == "x-amz-target") {
                targets.push_back(header.value.substr(header.value.find('.') + 1));
            }
        }
        const Answer answer = answers.front();
        if (answers.size() > 1) {
            answers.pop_front();
        }
        response.clear();
        response.status = answer.status;
        response.body = answer.body;
        if (!answer.error_type.empty()) {
            response.add_header("x-amzn-errortype", answer.error_type);
        }
    }

    std::deque<Answer> answers{{}};
    std::vector<std::string> bodies, targets;
    std::string url, headers;
};

class Keys final : public aws::CredentialsProvider {
public:
    std::shared_ptr<const aws::Credentials> get(std::stop_token) override {
        return std::make_shared<aws::Credentials>(
            aws::Credentials{"AKID", "secret", "token", {}, "test"});
    }
    void refused(const std::shared_ptr<const aws::Credentials>&) override {}
};

struct Machines {
    FakeHttp http;
    Keys keys;
    base::FakeClock clock;
    base::SeededRandom random{1};
    std::unique_ptr<StateMachines> api =
        make_state_machines({{"eu-west-1", "https://states.eu-west-1.amazonaws.com", false},
                             http,
                             keys,
                             clock,
                             random});

    explicit Machines(std::deque<Answer> answers = {{}}) { http.answers = std::move(answers); }

    std::string start(std::string_view input = "{}") {
        return api->start(kMachine, "a", input, {});
    }
    ErrorKind refusal() {
        try {
            start();
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::internal;
    }
};

Answer refused(const std::string& code, int status = 400) {
    return {status, R"({"__type":"com.amazonaws.swf#)" + code + R"(","message":"no"})", ""};
}

TEST(StateMachines, StartsAnExecutionSignedForStates) {
    Machines machines({{200, R"({"executionArn":"arn:x","startDate":1.5})", ""}});
    EXPECT_EQ(machines.start(R"({"action":"down"})"), "arn:x");
    EXPECT_EQ(machines.http.url, "https://states.eu-west-1.amazonaws.com/");
    EXPECT_THAT(machines.http.headers, HasSubstr("x-amz-target: AWSStepFunctions.StartExecution"));
    EXPECT_THAT(machines.http.headers, HasSubstr("application/x-amz-json-1.0"));
    EXPECT_THAT(machines.http.headers, HasSubstr("/eu-west-1/states/aws4_request"));
    EXPECT_THAT(machines.http.headers, HasSubstr("x-amz-security-token: token"));
    const json::Value body = json::parse_json(machines.http.bodies.front(), "body");
    EXPECT_EQ(json::text_of(body, "stateMachineArn"), kMachine);
    EXPECT_EQ(json::text_of(body, "name"), "a");
    EXPECT_EQ(json::text_of(body, "input"), R"({"action":"down"})");
}

TEST(StateMachines, AnExecutionOfTheSameNameAndInputIsTheOne) {
    Machines machines({refused("ExecutionAlreadyExists"),
                       {200, R"({"status":"SUCCEEDED","input":"{\"a\":1}"})", ""}});
    EXPECT_EQ(machines.start(R"({"a":1})"), kExecution);
    EXPECT_THAT(machines.http.targets, ElementsAre("StartExecution", "DescribeExecution"));
}

TEST(StateMachines, AnExecutionOfTheSameNameWithAnotherInputIsNot) {
    Machines machines({refused("ExecutionAlreadyExists"),
                       {200, R"({"status":"RUNNING","input":"{\"a\":2}"})", ""}});
    EXPECT_EQ(machines.refusal(), ErrorKind::already_exists);
}

TEST(StateMachines, AnExecutionOfTheSameNameThatIsNotKnownYetIsToBeAskedForAgain) {
    Machines machines({refused("ExecutionAlreadyExists"), refused("ExecutionDoesNotExist")});
    EXPECT_EQ(machines.refusal(), ErrorKind::unavailable);
}

TEST(StateMachines, DescribesAnExecution) {
    Machines machines({{200,
                        R"({"status":"FAILED","error":"E","cause":"C","input":"{}",)"
                        R"("startDate":1700000000.25,"stopDate":1700000001})",
                        ""}});
    const auto state = machines.api->describe(kExecution, {});
    ASSERT_TRUE(state);
    EXPECT_EQ(state->status, "FAILED");
    EXPECT_FALSE(state->is_running());
    EXPECT_EQ(state->error, "E");
    EXPECT_EQ(state->cause, "C");
    EXPECT_EQ(state->input, "{}");
    EXPECT_EQ(base::to_iso8601(state->started_at), "2023-11-14T22:13:20.250Z");
    EXPECT_EQ(base::to_iso8601(state->stopped_at.value()), "2023-11-14T22:13:21.000Z");
}

TEST(StateMachines, AnUnknownExecutionIsNoFailure) {
    Machines machines({refused("ExecutionDoesNotExist")});
    EXPECT_FALSE(machines.api->describe(kExecution, {}));
    EXPECT_THROW(machines.api->stop(kExecution, "", "", {}), Error);
}

TEST(StateMachines, StopsWithTheReasonAsLongAsTheServiceTakes) {
    Machines machines;
    machines.api->stop(kExecution, std::string(300, 'e'), std::string(40'000, 'c'), {});
    const json::Value body = json::parse_json(machines.http.bodies.front(), "body");
    EXPECT_EQ(json::text_of(body, "executionArn"), kExecution);
    EXPECT_EQ(json::text_of(body, "error").size(), 256);
    EXPECT_EQ(json::text_of(body, "cause").size(), 32'768);
}

TEST(StateMachines, WaitsAndTriesAgainWhatPasses) {
    Machines machines({refused("ThrottlingException"),
                       {503, "<html>", ""},
                       {400, "{}", "ThrottlingException:http://x"},
                       {200, R"({"executionArn":"arn:x"})", ""}});
    EXPECT_EQ(machines.start(), "arn:x");
    EXPECT_EQ(machines.http.bodies.size(), 4);
    EXPECT_GT(machines.clock.waited().count(), 0);
}

TEST(StateMachines, GivesUpWhatDoesNotPass) {
    Machines machines({refused("ThrottlingException")});
    EXPECT_EQ(machines.refusal(), ErrorKind::throttled);
    EXPECT_EQ(machines.http.bodies.size(), 8);
}

TEST(StateMachines, StopsTryingWhenAsked) {
    Machines machines({{503, "", ""}});
    std::stop_source stop;
    stop.request_stop();
    try {
        machines.api->start(kMachine, "a", "{}", stop.get_token());
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::cancelled);
    }
}

TEST(StateMachines, SaysWhatTheCallerMayDo) {
    for (const auto& [code, kind] : {std::pair{"StateMachineDoesNotExist", ErrorKind::not_found},
                                     {"StateMachineDeleting", ErrorKind::failed_precondition},
                                     {"AccessDeniedException", ErrorKind::permission_denied},
                                     {"ExpiredTokenException", ErrorKind::unauthenticated},
                                     {"InvalidArn", ErrorKind::invalid_argument}}) {
        Machines machines({refused(code)});
        EXPECT_EQ(machines.refusal(), kind) << code;
        EXPECT_EQ(machines.http.bodies.size(), 1);
    }
}

TEST(StateMachines, ExecutionsOfVersionsAndAliasesAreTheMachines) {
    EXPECT_EQ(execution_arn(kMachine, "a"), kExecution);
    EXPECT_EQ(execution_arn(std::string(kMachine) + ":3", "a"), kExecution);
    EXPECT_THROW(execution_arn("arn:aws:lambda:x:1:function:f", "a"), Error);
}

}  // namespace
}  // namespace dynamigrate::remote
