#include <dynamigrate/cloud/function.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/cloud/metrics.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

namespace dynamigrate::cloud {
namespace {

using base::Error;
using base::ErrorKind;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The Runtime API with some invocations; afterwards it is gone.
class FakeApi final : public http::Client {
public:
    struct Sent {
        std::string url, body, error_type;
    };

    void send(const http::Request& request, http::Response& response) override {
        response.clear();
        if (request.method == "GET") {
            return give(request, response);
        }
        Sent post{request.url, std::string(request.body), ""};
        for (const http::Header& header : request.headers) {
            if (header.name == "lambda-runtime-function-error-type") {
                post.error_type = header.value;
            }
        }
        const bool is_refused = request.url.ends_with("/response") && !answers.empty();
        response.status = is_refused ? answers.front() : 202;
        if (is_refused) {
            answers.erase(answers.begin());
        }
        sent.push_back(std::move(post));
    }

    std::vector<std::string> events;  ///< "" : the long poll runs out of time
    std::vector<int> answers;         ///< to responses
    std::string trace;
    std::vector<Sent> sent;
    int number = 0;

private:
    void give(const http::Request& request, http::Response& response) {
        EXPECT_EQ(request.url, "http://api:9001/2018-06-01/runtime/invocation/next");
        EXPECT_GE(request.timeout, std::chrono::hours(1));
        if (events.empty()) {
            throw Error(ErrorKind::unavailable, "gone");
        }
        const std::string event = events.front();
        events.erase(events.begin());
        if (event.empty()) {
            throw Error(ErrorKind::unavailable, "no answer").service_code("RequestTimeout");
        }
        response.status = 200;
        response.body = event;
        response.add_header("lambda-runtime-aws-request-id", "id" + std::to_string(++number));
        response.add_header("lambda-runtime-deadline-ms", "1700000060000");
        response.add_header("lambda-runtime-invoked-function-arn", "arn:f");
        if (!trace.empty()) {
            response.add_header("lambda-runtime-trace-id", trace);
        }
    }
};

void run(FakeApi& api, const Handler& handler, base::Log& log = base::null_log()) {
    RuntimeClient runtime(api, "api:9001");
    base::SystemClock clock;
    EXPECT_THROW(serve(runtime, handler, {clock, log}), Error);
}

TEST(Function, AnswersOneInvocationAfterTheOther) {
    FakeApi api;
    api.events = {"1", "", "2"};
    std::vector<std::string> arns;
    run(api, [&](const Invocation& invocation, const Deadline&) {
        arns.push_back(invocation.function_arn);
        EXPECT_EQ(invocation.deadline.time_since_epoch(), milliseconds(1700000060000));
        return "got " + invocation.event;
    });
    ASSERT_EQ(api.sent.size(), 2U);
    EXPECT_EQ(api.sent[0].url, "http://api:9001/2018-06-01/runtime/invocation/id1/response");
    EXPECT_EQ(api.sent[0].body, "got 1");
    EXPECT_EQ(api.sent[1].body, "got 2");
    EXPECT_THAT(arns, ElementsAre("arn:f", "arn:f"));
}

TEST(Function, TellsFailuresAsErrorsAndGoesOn) {
    FakeApi api;
    api.events = {"1", "2", "3"};
    run(api, [](const Invocation& invocation, const Deadline&) -> std::string {
        if (invocation.event == "1") {
            throw Error(ErrorKind::not_found, "no such table");
        }
        if (invocation.event == "2") {
            throw std::logic_error("oh");
        }
        return "ok";
    });
    ASSERT_EQ(api.sent.size(), 3U);
    EXPECT_THAT(api.sent[0].url, HasSubstr("/invocation/id1/error"));
    EXPECT_EQ(api.sent[0].error_type, "Runtime.not_found");
    EXPECT_THAT(api.sent[0].body, HasSubstr(R"("errorMessage":"no such table")"));
    EXPECT_THAT(api.sent[1].body, HasSubstr(R"("errorMessage":"oh")"));
    EXPECT_EQ(api.sent[2].body, "ok");
}

TEST(Function, AnAnswerThatIsTooLargeBecomesAnError) {
    FakeApi api;
    api.events = {"1"};
    api.answers = {413};
    run(api, [](const Invocation&, const Deadline&) { return std::string("much"); });
    ASSERT_EQ(api.sent.size(), 2U);
    EXPECT_THAT(api.sent[1].url, HasSubstr("/id1/error"));
    EXPECT_EQ(api.sent[1].error_type, "Runtime.AnswerTooLarge");
}

TEST(Function, AnAnswerThatComesTooLateIsForgotten) {
    FakeApi api;
    api.events = {"1", "2"};
    api.answers = {403};
    run(api, [](const Invocation&, const Deadline&) { return std::string("x"); });
    EXPECT_EQ(api.sent.size(), 2U);
}

TEST(Function, EndsWhenTheApiIsBroken) {
    FakeApi api;
    api.events = {"1", "2"};
    api.answers = {500};
    run(api, [](const Invocation&, const Deadline&) { return std::string("x"); });
    EXPECT_EQ(api.sent.size(), 1U);
}

TEST(Function, HandsOnTheTrace) {
    FakeApi api;
    api.events = {"1"};
    api.trace = "Root=1-2-3";
    std::string seen;
    run(api, [&](const Invocation& invocation, const Deadline&) {
        seen = std::getenv("_X_AMZN_TRACE_ID");
        return invocation.trace_id;
    });
    EXPECT_EQ(seen, "Root=1-2-3");
    EXPECT_EQ(api.sent[0].body, "Root=1-2-3");
    FakeApi other;
    other.events = {"1"};
    run(other, [&](const Invocation&, const Deadline&) {
        EXPECT_EQ(std::getenv("_X_AMZN_TRACE_ID"), nullptr);
        return std::string();
    });
}

TEST(Function, TellsThatItCannotBegin) {
    FakeApi api;
    RuntimeClient(api, "api:9001").fail_to_begin("InitError", "no configuration");
    EXPECT_EQ(api.sent[0].url, "http://api:9001/2018-06-01/runtime/init/error");
    EXPECT_EQ(api.sent[0].error_type, "Runtime.InitError");
    EXPECT_THAT(api.sent[0].body, HasSubstr("no configuration"));
}

TEST(Deadline, LeavesAMinuteOrAThirdOfLess) {
    EXPECT_EQ(deadline_margins(minutes(15)).gently, minutes(1));
    EXPECT_EQ(deadline_margins(minutes(15)).at_once, seconds(10));
    EXPECT_EQ(deadline_margins(seconds(30)).gently, seconds(10));
    EXPECT_EQ(deadline_margins(seconds(30)).at_once, seconds(3));
    EXPECT_EQ(deadline_margins(seconds(-1)).gently, milliseconds(0));
}

TEST(Deadline, StopsGentlyAndThenAtOnce) {
    base::FakeClock clock;
    Deadline deadline(clock, clock.now() + minutes(15));
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait(lock, deadline.stop_now(), [] { return false; });
    EXPECT_TRUE(deadline.is_near());
    EXPECT_EQ(clock.waited(), minutes(15) - seconds(10));
}

TEST(JsonLog, WritesLambdasMembers) {
    base::FakeClock clock;
    std::vector<std::string> lines;
    JsonLog log(base::LogLevel::info, clock,
                [&](std::string_view line) { lines.emplace_back(line); });
    log.set_request("r-1");
    log.warning("a \"quoted\" {}", 7);
    log.debug("not told");
    log.write_document("{}");
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0],
              R"({"timestamp":"2023-11-14T22:13:20.000Z","level":"WARN","requestId":"r-1",)"
              R"("message":"a \"quoted\" 7"})");
    EXPECT_EQ(lines[1], "{}");
    EXPECT_EQ(log_level_of("DEBUG", base::LogLevel::info), base::LogLevel::debug);
    EXPECT_EQ(log_level_of("", base::LogLevel::info), base::LogLevel::info);
}

TEST(Metrics, AreAnEmbeddedMetricDocument) {
    InvocationMetrics metrics;
    metrics.function = "f";
    metrics.request_id = "r";
    metrics.action = "up";
    metrics.items = 10;
    metrics.conflicts = 2;
    metrics.write_units = 4.5;
    metrics.duration = milliseconds(1500);
    const json::Value line = json::parse_json(
        metrics_line(metrics, base::WallTime{milliseconds{1700000000000}}), "line");
    const json::Value& about = *line.find("_aws");
    EXPECT_EQ(about.find("Timestamp")->text(), "1700000000000");
    const json::Value& directive = about.find("CloudWatchMetrics")->elements().front();
    EXPECT_EQ(directive.find("Namespace")->text(), "dynamigrate");
    for (const json::Value& metric : directive.find("Metrics")->elements()) {
        EXPECT_NE(line.find(metric.find("Name")->text()), nullptr);
    }
    for (const json::Value& set : directive.find("Dimensions")->elements()) {
        for (const json::Value& dimension : set.elements()) {
            EXPECT_TRUE(line.find(dimension.text())->is_string());
        }
    }
    EXPECT_EQ(line.find("Items")->text(), "10");
    EXPECT_EQ(line.find("Conflicts")->text(), "2");
    EXPECT_EQ(line.find("WriteUnits")->text(), "4.5");
    EXPECT_EQ(line.find("Duration")->text(), "1500");
}

}  // namespace
}  // namespace dynamigrate::cloud
