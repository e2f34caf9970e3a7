#include <dynamigrate/dynamodb/testing/scripted_service.hpp>
#include <dynamigrate/layers/meter.hpp>
#include <dynamigrate/layers/retry.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using dynamodb::Outcome;
using dynamodb::testing::ScriptedService;

namespace {

constexpr std::string_view kPlainUpdate = R"({"TableName":"app","UpdateExpression":"SET a=:a"})";
constexpr std::string_view kConditionalUpdate =
    R"({"TableName":"app","UpdateExpression":"SET a=:a","ConditionExpression":"a=:b"})";

Error unavailable(bool may_have_applied = false) {
    return Error(ErrorKind::unavailable, "down").may_have_applied(may_have_applied);
}

Error throttled() { return Error(ErrorKind::throttled, "slow"); }

class RetryTest : public testing::Test {
protected:
    void call(std::string_view operation = "PutItem", std::string_view body = "{}",
              std::stop_token stop = {}) {
        service_.call({operation, body, stop}, reply_);
    }
    Error error_of(std::string_view operation = "PutItem", std::string_view body = "{}",
                   std::stop_token stop = {}) {
        try {
            call(operation, body, stop);
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "no error";
        return Error(ErrorKind::internal, "no error");
    }

    ScriptedService inner_;
    base::FakeClock clock_;
    base::SeededRandom random_{1};
    Meter meter_;
    RetryService service_{inner_, aws::RetryPolicy{}, clock_, random_, &meter_};
    dynamodb::Reply reply_;
};

}  // namespace

TEST_F(RetryTest, PassesAnAnswer) {
    inner_.answer("{}", Outcome::condition_failed);
    call();
    EXPECT_EQ(reply_.outcome, Outcome::condition_failed);
    EXPECT_FALSE(reply_.earlier_attempt_may_have_applied);
    EXPECT_EQ(clock_.waited().count(), 0);
    EXPECT_EQ(service_.location(), "scripted");
}

TEST_F(RetryTest, RepeatsTheSameCallAfterRetryableFailures) {
    inner_.fail(unavailable()).fail(throttled()).answer(R"({"ok":1})");
    call("PutItem", R"({"TableName":"app"})");
    const auto calls = inner_.calls();
    ASSERT_EQ(calls.size(), 3u);
    EXPECT_EQ(calls[2].operation, "PutItem");
    EXPECT_EQ(calls[2].body, R"({"TableName":"app"})");
    EXPECT_EQ(reply_.body, R"({"ok":1})");
    EXPECT_FALSE(reply_.earlier_attempt_may_have_applied);
    EXPECT_EQ(meter_.reading().retries, 2u);
    EXPECT_GT(clock_.waited().count(), 0);
}

TEST_F(RetryTest, PassesOtherFailuresAtOnce) {
    for (const ErrorKind kind : {ErrorKind::invalid_argument, ErrorKind::aborted,
                                 ErrorKind::permission_denied, ErrorKind::cancelled}) {
        inner_.fail(Error(kind, "no"));
        EXPECT_EQ(error_of().kind(), kind);
    }
    EXPECT_EQ(inner_.calls().size(), 4u);
    EXPECT_EQ(clock_.waited().count(), 0);
}

TEST_F(RetryTest, GivesUpAfterTheAttemptsOfThePolicy) {
    for (int i = 0; i < 20; ++i) {
        inner_.fail(unavailable());
    }
    EXPECT_EQ(error_of().kind(), ErrorKind::unavailable);
    EXPECT_EQ(inner_.calls().size(), 10u);
}

TEST_F(RetryTest, KeepsRepeatingThrottledCalls) {
    for (int i = 0; i < 1000; ++i) {
        inner_.fail(throttled());
    }
    inner_.fail(unavailable()).answer("{}");
    call();
    EXPECT_EQ(inner_.calls().size(), 1002u);
}

TEST_F(RetryTest, SharesAQuotaAmongCalls) {
    inner_.otherwise([](const dynamodb::Call&, dynamodb::Reply&) { throw unavailable(); });
    for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(error_of().kind(), ErrorKind::unavailable);
    }
    EXPECT_LT(inner_.calls().size(), 200u);
    const std::size_t before = inner_.calls().size();
    error_of();
    EXPECT_EQ(inner_.calls().size(), before + 1);
}

TEST_F(RetryTest, RemembersThatAnEarlierAttemptMayHaveApplied) {
    inner_.fail(unavailable(true)).fail(throttled()).answer("{}", Outcome::condition_failed);
    call("UpdateItem", kConditionalUpdate);
    EXPECT_TRUE(reply_.earlier_attempt_may_have_applied);
    EXPECT_EQ(reply_.outcome, Outcome::condition_failed);

    inner_.answer("{}");
    call("UpdateItem", kConditionalUpdate);
    EXPECT_FALSE(reply_.earlier_attempt_may_have_applied);
}

TEST_F(RetryTest, KeepsTheMarkOfAnInnerLayer) {
    inner_.answer("{}", Outcome::success, true);
    call();
    EXPECT_TRUE(reply_.earlier_attempt_may_have_applied);
}

TEST_F(RetryTest, MarksErrorsAfterAnAttemptThatMayHaveApplied) {
    inner_.fail(unavailable(true)).fail(Error(ErrorKind::invalid_argument, "no"));
    const Error error = error_of();
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    EXPECT_TRUE(error.may_have_applied());
    inner_.fail(unavailable(false)).fail(Error(ErrorKind::invalid_argument, "no"));
    EXPECT_FALSE(error_of().may_have_applied());
}

TEST_F(RetryTest, RepeatsWhatCannotDoHarmAlthoughItMayHaveApplied) {
    static const std::pair<std::string_view, std::string_view> kHarmless[] = {
        {"PutItem", "{}"},
        {"DeleteItem", "{}"},
        {"BatchWriteItem", "{}"},
        {"BatchExecuteStatement", R"({"Statements":[{"Statement":"UPDATE app SET a=1"}]})"},
        {"UpdateItem", kConditionalUpdate},
        {"TransactWriteItems", R"({"ClientRequestToken":"t","TransactItems":[]})"},
    };
    for (const auto& [operation, body] : kHarmless) {
        SCOPED_TRACE(operation);
        inner_.fail(unavailable(true)).answer("{}");
        EXPECT_NO_THROW(call(operation, body));
        EXPECT_TRUE(reply_.earlier_attempt_may_have_applied);
        EXPECT_EQ(inner_.answers_left(), 0u);
    }
}

TEST_F(RetryTest, RepeatsReadsWhichNeverApplyAnything) {
    static const std::pair<std::string_view, std::string_view> kReads[] = {
        {"ExecuteStatement", R"({"Statement":"SELECT * FROM app"})"},
        {"ExecuteTransaction", R"({"TransactStatements":[{"Statement":"select * FROM app"}]})"},
        {"Scan", "{}"},
        {"DescribeTable", "{}"},
    };
    for (const auto& [operation, body] : kReads) {
        SCOPED_TRACE(operation);
        inner_.fail(unavailable(true)).answer("{}");
        EXPECT_NO_THROW(call(operation, body));
        EXPECT_FALSE(reply_.earlier_attempt_may_have_applied);
    }
}

TEST_F(RetryTest, DoesNotRepeatWhatCouldApplyTwice) {
    static const std::pair<std::string_view, std::string_view> kHarmful[] = {
        {"UpdateItem", kPlainUpdate},
        {"UpdateItem", R"({"Key":{"ConditionExpression":{"S":"x"}}})"},
        {"UpdateItem", R"({"ExpressionAttributeNames":{"#a":"ConditionExpression"}})"},
        {"TransactWriteItems", R"({"TransactItems":[]})"},
        {"ExecuteStatement", R"({"Statement":"UPDATE app SET a=a+1 WHERE pk='x'"})"},
        {"CreateTable", "{}"},
        {"UpdateTable", "{}"},
        {"DeleteTable", "{}"},
        {"SomethingNew", "{}"},
    };
    std::size_t sent = 0;
    for (const auto& [operation, body] : kHarmful) {
        SCOPED_TRACE(operation);
        inner_.fail(throttled()).fail(unavailable(true));
        const Error error = error_of(operation, body);
        EXPECT_EQ(error.kind(), ErrorKind::outcome_unknown);
        EXPECT_TRUE(error.may_have_applied());
        EXPECT_NE(std::string(error.what()).find("down"), std::string::npos);
        EXPECT_EQ(inner_.calls().size(), sent += 2);
    }
}

TEST_F(RetryTest, RepeatsHarmfulCallsThatSurelyHadNoEffect) {
    for (const std::string_view operation : {"UpdateItem", "TransactWriteItems", "CreateTable"}) {
        inner_.fail(throttled()).fail(unavailable(false)).answer("{}");
        EXPECT_NO_THROW(call(operation));
        EXPECT_FALSE(reply_.earlier_attempt_may_have_applied);
    }
}

TEST_F(RetryTest, RepeatsAfterAnUnknownOutcomeOnlyWhatCannotDoHarm) {
    inner_.fail(Error(ErrorKind::outcome_unknown, "lost")).answer("{}");
    call("UpdateItem", kConditionalUpdate);
    EXPECT_TRUE(reply_.earlier_attempt_may_have_applied);
    inner_.fail(Error(ErrorKind::outcome_unknown, "lost"));
    const Error error = error_of("UpdateItem", kPlainUpdate);
    EXPECT_EQ(error.kind(), ErrorKind::outcome_unknown);
    EXPECT_TRUE(error.may_have_applied());
    inner_.fail(Error(ErrorKind::outcome_unknown, "lost")).answer("{}");
    call("Query");
    EXPECT_FALSE(reply_.earlier_attempt_may_have_applied);
}

TEST_F(RetryTest, StopsBetweenAttempts) {
    std::stop_source stop;
    inner_.then([&](const dynamodb::Call&, dynamodb::Reply&) {
        stop.request_stop();
        throw unavailable(true);
    });
    const Error error = error_of("PutItem", "{}", stop.get_token());
    EXPECT_EQ(error.kind(), ErrorKind::cancelled);
    EXPECT_TRUE(error.may_have_applied());
    EXPECT_EQ(inner_.calls().size(), 1u);
}

TEST_F(RetryTest, ForgetsWhatAFailedAttemptLeftInTheReply) {
    inner_.then([](const dynamodb::Call&, dynamodb::Reply& reply) {
        reply.body = "half an answer";
        throw unavailable();
    });
    inner_.answer("{}");
    call();
    EXPECT_EQ(reply_.body, "{}");
}

TEST_F(RetryTest, WorksWithoutAMeter) {
    RetryService service(inner_, aws::RetryPolicy{}, clock_, random_);
    inner_.fail(unavailable()).answer("{}");
    EXPECT_NO_THROW(service.call({"PutItem", "{}"}, reply_));
}

}  // namespace dynamigrate::layers
