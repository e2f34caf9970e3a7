#include "gateway_fixture.hpp"

#include "../gzip.hpp"

#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <latch>
#include <set>
#include <thread>

namespace dynamigrate::gateway {
namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::Call;
using dynamodb::Reply;

TEST(Gateway, PassesCallsAndAnswersUnchanged) {
    Fixture fixture;
    fixture.service.script = [](const Call& call, Reply& reply) {
        reply.body = fmt::format(R"({{"asked":"{}","was":{}}})", call.operation, call.body);
    };
    fixture.call("SomeNewOperation", R"({"TableName" : "app"})");
    EXPECT_EQ(fixture.response.status, 200);
    EXPECT_EQ(fixture.response.body, R"({"asked":"SomeNewOperation","was":{"TableName" : "app"}})");
    EXPECT_EQ(fixture.header("content-type"), "application/x-amz-json-1.0");
    EXPECT_EQ(fixture.header("x-amz-crc32"), std::to_string(base::crc32(fixture.response.body)));
    EXPECT_EQ(fixture.header("server"), "");
}

TEST(Gateway, GivesEachAnswerARequestIdUnlessTheServiceDid) {
    Fixture fixture;
    std::set<std::string> ids;
    for (int i = 0; i < 20; ++i) {
        fixture.call("ListTables");
        EXPECT_EQ(fixture.header("x-amzn-requestid").size(), 52U);
        ids.insert(fixture.header("x-amzn-requestid"));
    }
    EXPECT_EQ(ids.size(), 20U);
    fixture.service.script = [](const Call&, Reply& reply) { reply.request_id = "THEIRS"; };
    fixture.call("ListTables");
    EXPECT_EQ(fixture.header("x-amzn-requestid"), "THEIRS");
}

TEST(Gateway, AnswersFailedConditionsWithTheirDocument) {
    Fixture fixture;
    for (auto outcome :
         {dynamodb::Outcome::condition_failed, dynamodb::Outcome::transaction_cancelled}) {
        fixture.service.script = [outcome](const Call&, Reply& reply) {
            reply.outcome = outcome;
            reply.body = R"({"__type":"x#Y","Item":{}})";
        };
        fixture.call("PutItem");
        EXPECT_EQ(fixture.response.status, 400);
        EXPECT_EQ(fixture.response.body, R"({"__type":"x#Y","Item":{}})");
    }
}

TEST(Gateway, AnswersErrorsWithTheServicesOwnDocument) {
    Fixture fixture;
    for (auto [code, status] : {std::pair("ValidationException", 400),
                                {"ProvisionedThroughputExceededException", 400},
                                {"InternalServerError", 500},
                                {"ServiceUnavailable", 503}}) {
        std::string document =
            fmt::format(R"({{"__type":"com.amazonaws.dynamodb.v20120810#{}","more":1}})", code);
        fixture.service.script = [&](const Call& call, Reply&) {
            throw dynamodb::make_service_error(call.operation, 400, document);
        };
        fixture.call("PutItem");
        EXPECT_EQ(fixture.response.status, status) << code;
        EXPECT_EQ(fixture.response.body, document);
    }
}

struct Mapping {
    ErrorKind kind;
    int status;
    const char* type;
};

TEST(Gateway, AnswersOurErrorsWithTheNearestDocument) {
    Fixture fixture;
    const Mapping mappings[] = {
        {ErrorKind::invalid_argument, 400, "com.amazonaws.dynamodb.v20120810#ValidationException"},
        {ErrorKind::failed_precondition, 400,
         "com.amazonaws.dynamodb.v20120810#ValidationException"},
        {ErrorKind::not_found, 400, "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"},
        {ErrorKind::already_exists, 400, "com.amazonaws.dynamodb.v20120810#ResourceInUseException"},
        {ErrorKind::throttled, 400, "com.amazonaws.dynamodb.v20120810#ThrottlingException"},
        {ErrorKind::unavailable, 503, "com.amazonaws.dynamodb.v20120810#ServiceUnavailable"},
        {ErrorKind::cancelled, 503, "com.amazonaws.dynamodb.v20120810#ServiceUnavailable"},
        {ErrorKind::aborted, 400, "com.amazonaws.dynamodb.v20120810#TransactionConflictException"},
        {ErrorKind::outcome_unknown, 500, "com.amazonaws.dynamodb.v20120810#InternalServerError"},
        {ErrorKind::corrupted, 500, "com.amazonaws.dynamodb.v20120810#InternalServerError"},
        {ErrorKind::internal, 500, "com.amazonaws.dynamodb.v20120810#InternalServerError"},
        {ErrorKind::unauthenticated, 400,
         "com.amazonaws.dynamodb.v20120810#UnrecognizedClientException"},
        {ErrorKind::permission_denied, 400,
         "com.amazonaws.dynamodb.v20120810#AccessDeniedException"},
        {ErrorKind::unimplemented, 400, "com.amazon.coral.service#UnknownOperationException"},
    };
    for (const Mapping& mapping : mappings) {
        fixture.service.script = [&](const Call&, Reply&) {
            throw Error(mapping.kind, "the \"reason\"");
        };
        fixture.call("PutItem");
        EXPECT_EQ(fixture.response.status, mapping.status) << mapping.type;
        EXPECT_EQ(fixture.response.body,
                  fmt::format(R"({{"__type":"{}","message":"the \"reason\""}})", mapping.type));
    }
    fixture.service.script = [](const Call&, Reply&) {
        throw Error(ErrorKind::aborted, "busy").service_code("ResourceInUseException");
    };
    EXPECT_EQ(
        fixture.call("PutItem").body,
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ResourceInUseException","message":"busy"})");
    fixture.service.script = [](const Call&, Reply&) { throw std::runtime_error("odd"); };
    EXPECT_EQ(fixture.call("PutItem").status, 500);
}

TEST(Gateway, KnowsOnlyDynamoDbsOperations) {
    Fixture fixture;
    int calls = 0;
    fixture.service.script = [&](const Call&, Reply&) { ++calls; };
    for (const char* target :
         {"", "DynamoDB_20120810.", "DynamoDBStreams_20120810.ListStreams",
          "DynamoDB_20111205.GetItem", "DynamoDB_20120810.Get Item", "GetItem"}) {
        fixture.send("POST", "/", "{}", {{"X-Amz-Target", target}});
        EXPECT_EQ(fixture.response.status, 400) << target;
        EXPECT_TRUE(fixture.response.body.starts_with(
            R"({"__type":"com.amazon.coral.service#UnknownOperationException")"));
    }
    EXPECT_EQ(fixture.send("POST", "/shell", "{}", {}).status, 404);
    EXPECT_EQ(fixture.send("DELETE", "/", "", {}).status, 404);
    EXPECT_EQ(calls, 0);
}

TEST(Gateway, TellsThatItIsHealthy) {
    Fixture fixture;
    fixture.send("GET", "/", "", {});
    EXPECT_EQ(fixture.response.status, 200);
    EXPECT_EQ(fixture.response.body, "healthy: dynamodb (dynamigrate)\n");
    EXPECT_EQ(fixture.header("content-type"), "text/plain");
}

TEST(Gateway, TakesPackedRequests) {
    Fixture fixture;
    fixture.service.script = [](const Call& call, Reply& reply) { reply.body = call.body; };
    std::string body = R"({"a":")" + std::string(50'000, 'x') + R"("})";
    fixture.call("PutItem", gzip(body), {{"Content-Encoding", "gzip"}});
    EXPECT_EQ(fixture.response.body, body);
    fixture.call("PutItem", "no gzip at all, but long enough", {{"Content-Encoding", "gzip"}});
    EXPECT_EQ(fixture.response.status, 400);
    EXPECT_NE(fixture.response.body.find("SerializationException"), std::string::npos);
    EXPECT_EQ(fixture.call("PutItem", "{}", {{"Content-Encoding", "br"}}).status, 415);
}

TEST(Gateway, RefusesAPackedRequestThatIsTooLargeInside) {
    GatewayOptions options;
    options.max_request_bytes = 10'000;
    Fixture fixture(options);
    std::string bomb = gzip(std::string(10'001, ' '));
    ASSERT_LT(bomb.size(), 1'000U);
    EXPECT_EQ(fixture.call("PutItem", bomb, {{"Content-Encoding", "gzip"}}).status, 400);
    EXPECT_EQ(
        fixture.call("PutItem", gzip(std::string(10'000, ' ')), {{"Content-Encoding", "gzip"}})
            .status,
        200);
}

TEST(Gateway, PacksLargeAnswersWhereThatIsAskedFor) {
    Fixture fixture;
    std::string large(100'000, 'x');
    fixture.service.script = [&](const Call& call, Reply& reply) {
        reply.body = call.operation == "Scan" ? large : "{}";
    };
    fixture.call("Scan", "{}", {{"Accept-Encoding", "deflate, gzip;q=0.5"}});
    EXPECT_EQ(fixture.header("content-encoding"), "gzip");
    EXPECT_LT(fixture.response.body.size(), 2'000U);
    EXPECT_EQ(gunzip(fixture.response.body, large.size()), large);
    // The sum is that of the bytes on the wire, as AWS counts it.
    EXPECT_EQ(fixture.header("x-amz-crc32"), std::to_string(base::crc32(fixture.response.body)));
    EXPECT_EQ(fixture.call("GetItem", "{}", {{"Accept-Encoding", "gzip"}}).body, "{}");
    EXPECT_EQ(fixture.call("Scan", "{}", {{"Accept-Encoding", "gzip;q=0"}}).body, large);
    EXPECT_EQ(fixture.call("Scan", "{}", {{"Accept-Encoding", "identity"}}).body, large);
    EXPECT_EQ(fixture.call("Scan").body, large);
}

TEST(Gateway, RefusesALargeRequestAndServesOn) {
    GatewayOptions options;
    options.max_request_bytes = 1'000;
    Fixture fixture(options);
    fixture.call("PutItem", std::string(1'001, ' '));
    EXPECT_EQ(fixture.response.status, 413);
    EXPECT_TRUE(fixture.response.body.starts_with(
        R"({"__type":"com.amazon.coral.service#RequestEntityTooLargeException")"));
    EXPECT_EQ(fixture.header("content-type"), "application/x-amz-json-1.0");
    EXPECT_EQ(fixture.call("PutItem", std::string(1'000, ' ')).status, 200);
}

TEST(Gateway, CancelsItsCallsWhenItStops) {
    Fixture fixture;
    std::latch entered(1);
    fixture.service.script = [&](const Call& call, Reply&) {
        std::latch stopped(1);
        std::stop_callback on_stop(call.stop, [&] { stopped.count_down(); });
        entered.count_down();
        stopped.wait();
        throw Error(ErrorKind::cancelled, "stopped");
    };
    std::jthread asker([&] { EXPECT_EQ(fixture.call("Scan").status, 503); });
    entered.wait();
    fixture.gateway.stop();
}

TEST(Gateway, ListensForOthersOnlyWithAccessKeys) {
    GatewayOptions options;
    options.host = "0.0.0.0";
    try {
        Fixture fixture(options);
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::failed_precondition);
        EXPECT_NE(error.message().find("--access-key"), std::string::npos) << error.message();
    }
    options.access_keys = {{"KEY", "secret"}};
    Fixture fixture(options);
    EXPECT_EQ(fixture.send("GET", "/", "", {}).status, 200);
}

}  // namespace
}  // namespace dynamigrate::gateway
