#include <dynamigrate/remote/dynamodb_service.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/http/server.hpp>
#include <dynamigrate/http/testing/fault_proxy.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <latch>
#include <thread>

namespace dynamigrate::remote {
namespace {

using http::ServedRequest;
using http::ServedResponse;
using http::testing::Fault;
using http::testing::FaultProxy;

class Keys final : public aws::CredentialsProvider {
public:
    std::shared_ptr<const aws::Credentials> get(std::stop_token) override {
        return std::make_shared<const aws::Credentials>(
            aws::Credentials{fmt::format("KEY{}", refusals.load()), "secret", token, {}, "test"});
    }
    void refused(const std::shared_ptr<const aws::Credentials>&) override { ++refusals; }

    std::atomic<int> refusals = 0;
    std::string token;
};

/// A service over a server that the test scripts; `proxy` puts faults in between.
struct Fixture {
    explicit Fixture(http::Handler handler, http::testing::FaultPlan plan = nullptr)
        : server(http::make_server({}, std::move(handler))) {
        if (plan) {
            proxy = std::make_unique<FaultProxy>("127.0.0.1", server->port(), std::move(plan));
        }
        service = make_dynamodb_service({{"eu-west-1", proxy ? proxy->origin() : server->origin()},
                                         *client,
                                         keys,
                                         clock,
                                         base::null_log()});
    }

    base::Error failure(std::string_view operation, std::stop_token stop = {}) {
        dynamodb::Reply reply;
        try {
            service->call({operation, "{}", stop}, reply);
        } catch (const base::Error& error) {
            return error;
        }
        return {base::ErrorKind::internal, "no failure"};
    }

    std::unique_ptr<http::Server> server;
    std::unique_ptr<FaultProxy> proxy;
    std::unique_ptr<http::Client> client = http::make_curl_client();
    Keys keys;
    base::FakeClock clock;
    std::unique_ptr<dynamodb::Service> service;
};

void fail_with(ServedResponse& response, int status, const std::string& code) {
    response.status = status;
    response.body =
        fmt::format(R"({{"__type":"com.amazonaws.dynamodb.v20120810#{}","message":"m"}})", code);
}

TEST(DynamoDbService, SendsASignedTargetedCallAndReturnsTheAnswer) {
    Fixture fixture([](const ServedRequest& request, ServedResponse& response) {
        response.headers = {{"x-amzn-RequestId", "R1"}};
        response.body = fmt::format("{}|{}|{}|{}", request.header("x-amz-target"),
                                    request.header("content-type"), request.header("authorization"),
                                    request.body);
    });
    dynamodb::Reply reply;
    fixture.service->call({"BrandNewOperation", R"({"Unknown":1})"}, reply);
    EXPECT_EQ(reply.outcome, dynamodb::Outcome::success);
    EXPECT_EQ(reply.request_id, "R1");
    EXPECT_TRUE(reply.body.starts_with(
        "DynamoDB_20120810.BrandNewOperation|application/x-amz-json-1.0|AWS4-HMAC-SHA256 "
        "Credential=KEY0/20231114/eu-west-1/dynamodb/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature="))
        << reply.body;
    EXPECT_TRUE(reply.body.ends_with(R"(|{"Unknown":1})"));
}

TEST(DynamoDbService, SendsASessionTokenOnlyWhenThereIsOne) {
    Fixture fixture([](const ServedRequest& request, ServedResponse& response) {
        response.body = request.header("x-amz-security-token");
    });
    dynamodb::Reply reply;
    fixture.keys.token = "session";
    fixture.service->call({"GetItem", "{}"}, reply);
    EXPECT_EQ(reply.body, "session");
    fixture.keys.token = "";
    fixture.service->call({"GetItem", "{}"}, reply);
    EXPECT_EQ(reply.body, "");
}

TEST(DynamoDbService, LeavesRoomForTheReaderBehindTheBody) {
    Fixture fixture([](const ServedRequest&, ServedResponse& response) {
        response.body = std::string(100'000, ' ');
    });
    dynamodb::Reply reply;
    fixture.service->call({"GetItem", "{}"}, reply);
    EXPECT_GE(reply.body.capacity() - reply.body.size(), 64U);
    const char* place = reply.body.data();
    fixture.service->call({"GetItem", "{}"}, reply);
    EXPECT_EQ(reply.body.data(), place) << "the caller's buffer is reused";
}

TEST(DynamoDbService, ReturnsFailedConditionsAsOutcomes) {
    std::string code;
    Fixture fixture([&code](const ServedRequest&, ServedResponse& response) {
        fail_with(response, 400, code);
    });
    dynamodb::Reply reply;
    code = "ConditionalCheckFailedException";
    fixture.service->call({"PutItem", "{}"}, reply);
    EXPECT_EQ(reply.outcome, dynamodb::Outcome::condition_failed);
    EXPECT_NE(reply.body.find("message"), std::string::npos);
    code = "TransactionCanceledException";
    fixture.service->call({"TransactWriteItems", "{}"}, reply);
    EXPECT_EQ(reply.outcome, dynamodb::Outcome::transaction_cancelled);
}

TEST(DynamoDbService, RefusesAnAnswerWithAWrongChecksum) {
    Fixture fixture([](const ServedRequest& request, ServedResponse& response) {
        response.body = R"({"Item":{}})";
        bool is_right = request.header("x-amz-target") == "DynamoDB_20120810.Query";
        response.headers = {
            {"x-amz-crc32", std::to_string(base::crc32(response.body) + (is_right ? 0 : 1))}};
    });
    dynamodb::Reply reply;
    fixture.service->call({"Query", "{}"}, reply);
    base::Error read = fixture.failure("GetItem");
    EXPECT_EQ(read.kind(), base::ErrorKind::unavailable);
    EXPECT_FALSE(read.may_have_applied());
    EXPECT_TRUE(fixture.failure("PutItem").may_have_applied());
}

TEST(DynamoDbService, TellsWhetherAnErrorMayHaveApplied) {
    int status = 0;
    std::string code;
    Fixture fixture([&](const ServedRequest&, ServedResponse& response) {
        fail_with(response, status, code);
        response.headers = {{"Retry-After", "7"}};
    });
    status = 500;
    code = "InternalServerError";
    EXPECT_TRUE(fixture.failure("UpdateItem").may_have_applied());
    EXPECT_FALSE(fixture.failure("Scan").may_have_applied());
    code = "SomethingNew";
    EXPECT_TRUE(fixture.failure("UpdateItem").may_have_applied());
    status = 400;
    code = "ProvisionedThroughputExceededException";
    base::Error throttled = fixture.failure("UpdateItem");
    EXPECT_EQ(throttled.kind(), base::ErrorKind::throttled);
    EXPECT_FALSE(throttled.may_have_applied());
    EXPECT_EQ(throttled.retry_after(), std::chrono::seconds(7));
    EXPECT_EQ(throttled.where(), "UpdateItem");
}

TEST(DynamoDbService, AppliesALostAnswerOnceAndSaysSo) {
    std::atomic<int> applied = 0;
    Fixture fixture(
        [&](const ServedRequest&, ServedResponse&) { ++applied; },
        [](std::uint64_t n) { return n == 2 ? Fault{.kind = Fault::Kind::lose_answer} : Fault{}; });
    dynamodb::Reply reply;
    fixture.service->call({"UpdateItem", "{}"}, reply);
    base::Error error = fixture.failure("UpdateItem");
    EXPECT_EQ(error.kind(), base::ErrorKind::unavailable);
    EXPECT_TRUE(error.may_have_applied());
    EXPECT_EQ(applied, 2);
    EXPECT_EQ(fixture.proxy->requests(), 2U);
}

TEST(DynamoDbService, LostAnswerOfAReadAppliedNothing) {
    Fixture fixture([](const ServedRequest&, ServedResponse&) {},
                    [](std::uint64_t) { return Fault{.kind = Fault::Kind::truncate_answer}; });
    EXPECT_FALSE(fixture.failure("Query").may_have_applied());
}

TEST(DynamoDbService, RefusedConnectionAppliedNothing) {
    Fixture fixture([](const ServedRequest&, ServedResponse&) {});
    fixture.server->stop();
    base::Error error = fixture.failure("PutItem");
    EXPECT_EQ(error.kind(), base::ErrorKind::unavailable);
    EXPECT_FALSE(error.may_have_applied());
}

TEST(DynamoDbService, StopEndsACallUnderWay) {
    std::latch received(1);
    Fixture fixture([](const ServedRequest&, ServedResponse&) {},
                    [&received](std::uint64_t) {
                        received.count_down();
                        return Fault{.delay = std::chrono::hours(1)};
                    });
    std::stop_source stop;
    std::jthread stopper([&] {
        received.wait();
        stop.request_stop();
    });
    base::Error error = fixture.failure("PutItem", stop.get_token());
    EXPECT_EQ(error.kind(), base::ErrorKind::cancelled);
    EXPECT_TRUE(error.may_have_applied());
}

TEST(DynamoDbService, FetchesCredentialsAnewOnceWhenTheyExpired) {
    std::atomic<int> calls = 0;
    bool is_forgiving = true;
    Fixture fixture([&](const ServedRequest& request, ServedResponse& response) {
        ++calls;
        bool is_first = request.header("authorization").find("KEY0/") != std::string::npos;
        if (is_first || !is_forgiving) {
            fail_with(response, 400, "ExpiredTokenException");
        }
    });
    dynamodb::Reply reply;
    fixture.service->call({"PutItem", "{}"}, reply);
    EXPECT_EQ(calls, 2);
    is_forgiving = false;
    EXPECT_EQ(fixture.failure("PutItem").kind(), base::ErrorKind::unauthenticated);
    EXPECT_EQ(calls, 4);
}

TEST(DynamoDbService, SignsWithTheServersTimeWhenItsOwnIsRefused) {
    std::vector<std::string> dates;
    Fixture fixture([&dates](const ServedRequest& request, ServedResponse& response) {
        dates.push_back(request.header("x-amz-date"));
        response.headers = {{"Date", "Wed, 15 Nov 2023 10:00:00 GMT"}};
        if (!dates.back().starts_with("20231115T1000")) {
            fail_with(response, 400, "InvalidSignatureException");
        }
    });
    dynamodb::Reply reply;
    fixture.service->call({"PutItem", "{}"}, reply);
    fixture.service->call({"PutItem", "{}"}, reply);
    EXPECT_EQ(dates, (std::vector<std::string>{"20231114T221320Z", "20231115T100000Z",
                                               "20231115T100000Z"}));
}

TEST(DynamoDbService, DoesNotRepeatAWrongSignatureAtTheRightTime) {
    std::atomic<int> calls = 0;
    Fixture fixture([&calls](const ServedRequest&, ServedResponse& response) {
        ++calls;
        response.headers = {{"Date", "Tue, 14 Nov 2023 22:13:20 GMT"}};
        fail_with(response, 400, "InvalidSignatureException");
    });
    EXPECT_EQ(fixture.failure("PutItem").kind(), base::ErrorKind::unauthenticated);
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace dynamigrate::remote
