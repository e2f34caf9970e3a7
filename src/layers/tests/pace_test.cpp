#include <dynamigrate/dynamodb/testing/scripted_service.hpp>
#include <dynamigrate/layers/pace.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using dynamodb::testing::ScriptedService;

namespace {

/// A fake clock that calls back at every wait.
class WatchedClock final : public base::Clock {
public:
    base::WallTime now() const override { return inner_.now(); }
    base::SteadyTime steady_now() const override { return inner_.steady_now(); }
    bool wait(std::chrono::nanoseconds duration, std::stop_token stop) override {
        longest = std::max(longest, duration);
        if (at_wait) {
            at_wait();
        }
        return inner_.wait(duration, stop);
    }
    void advance(std::chrono::nanoseconds duration) { inner_.advance(duration); }
    double waited() const { return std::chrono::duration<double>(inner_.waited()).count(); }

    std::function<void()> at_wait;
    std::chrono::nanoseconds longest{0};

private:
    base::FakeClock inner_;
};

constexpr double kNear = 1e-3;

class PaceTest : public testing::Test {
protected:
    WatchedClock clock_;
    Pace pace_{clock_, {100, 10}};
};

/// How many units a call debits in the end, answered as told.
struct Debit {
    std::string answer = "{}";

    double of(std::string_view operation, std::string_view body, double expected_units = 0) const {
        ScriptedService inner;
        inner.answer(answer);
        WatchedClock clock;
        Pace pace(clock, {100, 100});
        PaceService service(inner, pace);
        dynamodb::Reply reply;
        service.call({operation, body, {}, expected_units}, reply);
        pace.take_read("app", 0, {});
        const double read = clock.waited();
        EXPECT_TRUE(read == 0 || is_read(operation, body));
        pace.take_write("app", 0, {});
        return clock.waited() * 100;
    }
    static bool is_read(std::string_view operation, std::string_view body) {
        return operation == "Scan" || operation == "Query" || operation.ends_with("GetItem") ||
               body.find("SELECT") != body.npos;
    }
};

class PaceServiceTest : public PaceTest {
protected:
    static double debited(std::string_view operation, std::string_view body, double expected = 0) {
        return Debit{}.of(operation, body, expected);
    }

    ScriptedService inner_;
    PaceService service_{inner_, pace_};
};

}  // namespace

TEST_F(PaceTest, LetsTheFirstCallPassAndKeepsTheRate) {
    pace_.take_write("app", 25, {});
    EXPECT_EQ(clock_.waited(), 0);
    pace_.take_write("app", 25, {});
    EXPECT_NEAR(clock_.waited(), 2.5, kNear);
    pace_.take_write("app", 1, {});
    EXPECT_NEAR(clock_.waited(), 5.0, kNear);
}

TEST_F(PaceTest, KeepsTheRateOverManyCalls) {
    for (int i = 0; i < 1000; ++i) {
        pace_.take_write("app", 1, {});
    }
    EXPECT_NEAR(clock_.waited(), 99.9, 0.1);
}

TEST_F(PaceTest, HasABucketForEachTableAndSide) {
    pace_.take_write("app", 100, {});
    pace_.take_write("other", 100, {});
    pace_.take_read("app", 100, {});
    EXPECT_EQ(clock_.waited(), 0);
    pace_.take_read("app", 100, {});
    EXPECT_NEAR(clock_.waited(), 1, kNear);
}

TEST_F(PaceTest, SavesAtMostOneSecondsTokens) {
    pace_.take_write("app", 0, {});
    clock_.advance(std::chrono::hours(1));
    pace_.take_write("app", 15, {});
    EXPECT_EQ(clock_.waited(), 0);
    pace_.take_write("app", 1, {});
    EXPECT_NEAR(clock_.waited(), 0.5, kNear);
}

TEST_F(PaceTest, CorrectsEstimates) {
    pace_.take_write("app", 10, {});
    pace_.correct_write("app", 10);
    pace_.take_write("app", 0, {});
    EXPECT_NEAR(clock_.waited(), 2, kNear);
    pace_.take_write("app", 10, {});
    pace_.correct_write("app", -10);
    pace_.take_write("app", 0, {});
    EXPECT_NEAR(clock_.waited(), 2, kNear);
    pace_.take_read("app", 100, {});
    pace_.correct_read("app", 100);
    pace_.take_read("app", 0, {});
    EXPECT_NEAR(clock_.waited(), 4, kNear);
}

TEST_F(PaceTest, DoesNotSaveCorrectionsBeyondOneSecond) {
    pace_.correct_write("app", -1000);
    pace_.take_write("app", 20, {});
    pace_.take_write("app", 0, {});
    EXPECT_NEAR(clock_.waited(), 1, kNear);
}

TEST_F(PaceTest, NeverWaitsWithoutALimit) {
    pace_.set_limits({0, 0});
    pace_.take_write("app", 1e9, {});
    pace_.correct_write("app", 1e9);
    pace_.take_write("app", 1e9, {});
    pace_.take_read("app", 1e9, {});
    pace_.take_read("app", 1e9, {});
    EXPECT_EQ(clock_.waited(), 0);
    pace_.set_limits({0, 10});
    pace_.take_write("app", 1, {});
    EXPECT_EQ(clock_.waited(), 0);
}

TEST_F(PaceTest, TakesNewLimitsWhileACallWaits) {
    pace_.take_write("app", 100, {});
    clock_.at_wait = [&] {
        if (clock_.waited() > 0.95) {
            pace_.set_limits({100, 1000});
        }
    };
    pace_.take_write("app", 1, {});
    EXPECT_LT(clock_.waited(), 1.3);
    EXPECT_GE(clock_.waited(), 1.0);
    EXPECT_LE(clock_.longest, std::chrono::milliseconds(101));
    EXPECT_EQ(pace_.limits().write_units_per_second, 1000);
}

TEST_F(PaceTest, CreditsTheTimeBeforeAChangeByTheOldLimits) {
    pace_.take_write("app", 10, {});
    clock_.advance(std::chrono::milliseconds(500));
    pace_.set_limits({100, 1});
    pace_.take_write("app", 0, {});
    EXPECT_NEAR(clock_.waited(), 5, kNear);
}

TEST_F(PaceTest, StopsWaitingAndDebitsNothing) {
    pace_.take_write("app", 10, {});
    std::stop_source stop;
    clock_.at_wait = [&] { stop.request_stop(); };
    try {
        pace_.take_write("app", 1000, stop.get_token());
        FAIL() << "not stopped";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::cancelled);
    }
    clock_.at_wait = nullptr;
    pace_.take_write("app", 0, {});
    EXPECT_LT(clock_.waited(), 1.1);
}

TEST_F(PaceTest, ServesManyThreads) {
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&](std::stop_token) {
                for (int j = 0; j < 50; ++j) {
                    pace_.take_write("app", 1, {});
                    pace_.correct_write("app", 1);
                }
            });
        }
    }
    pace_.take_write("app", 0, {});
    EXPECT_GE(clock_.waited(), 39.9);
}

TEST_F(PaceServiceTest, PassesControlCallsFreely) {
    EXPECT_EQ(debited("DescribeTable", R"({"TableName":"app"})"), 0);
    EXPECT_EQ(debited("CreateTable", R"({"TableName":"app"})", 100), 0);
}

TEST_F(PaceServiceTest, BelievesTheCallersEstimate) {
    EXPECT_NEAR(debited("PutItem", R"({"TableName":"app"})", 7), 7, kNear);
    EXPECT_NEAR(debited("Scan", R"({"TableName":"app"})", 7), 7, kNear);
}

TEST_F(PaceServiceTest, GuessesReads) {
    EXPECT_NEAR(debited("GetItem", R"({"TableName":"app"})"), 0.5, kNear);
    EXPECT_NEAR(debited("GetItem", R"({"ConsistentRead": true,"TableName":"app"})"), 1, kNear);
    EXPECT_NEAR(debited("GetItem", R"({"ConsistentRead":false,"TableName":"app"})"), 0.5, kNear);
    EXPECT_NEAR(debited("Scan", R"({"TableName":"app"})"), 128, 0.1);
    EXPECT_NEAR(debited("Query", R"({"TableName":"app","ConsistentRead":true})"), 256, 0.1);
    EXPECT_NEAR(debited("Query", R"({"TableName":"app","Limit":10})"), 5, kNear);
    EXPECT_NEAR(debited("Query", R"({"TableName":"app","Limit":9999})"), 128, 0.1);
    EXPECT_NEAR(debited("BatchGetItem",
                        R"({"RequestItems":{"app":{"Keys":[{"pk":{"S":"a"}},{"pk":{"S":"b"}}]}}})"),
                1, kNear);
    EXPECT_NEAR(debited("BatchGetItem", R"({"RequestItems": {"app": {"Keys": [
                            {"pk": {"S": "a"}}, {"pk": {"S": "b"}}, {"pk": {"S": "c"}}]}}})"),
                1.5, kNear);
    EXPECT_NEAR(debited("ExecuteStatement", R"({"Statement":"\n\t SELECT * FROM app"})"), 0.5,
                kNear);
    EXPECT_NEAR(debited("BatchExecuteStatement",
                        R"({"Statements":[{"Statement":"SELECT * FROM app WHERE pk='a'"}]})"),
                1, kNear);
}

TEST_F(PaceServiceTest, GuessesWritesByLengthAndCount) {
    EXPECT_NEAR(debited("PutItem", R"({"TableName":"app"})"), 1, kNear);
    const std::string large =
        R"({"TableName":"app","Item":{"a":{"S":")" + std::string(3000, 'x') + R"("}}})";
    EXPECT_NEAR(debited("UpdateItem", large), 3, kNear);
    EXPECT_NEAR(debited("BatchWriteItem",
                        R"({"RequestItems":{"app":[{"PutRequest":{}},{"DeleteRequest":{}}]}})"),
                2, kNear);
    EXPECT_NEAR(
        debited("TransactWriteItems",
                R"({"TransactItems":[{"Put":{"TableName":"app"}},{"Put":{"TableName":"app"}}]})"),
        4, kNear);
    EXPECT_NEAR(debited("BatchExecuteStatement",
                        R"({"Statements":[{"Statement":"UPDATE \"app\" SET a=1 WHERE pk='a'"},
                                          {"Statement":"DELETE FROM \"app\" WHERE pk='b'"}]})"),
                2, kNear);
}

TEST_F(PaceServiceTest, IsNotMisledByAttributesNamedLikeMembers) {
    EXPECT_NEAR(debited("GetItem", R"({"Key":{"ConsistentRead":{"BOOL":true},
                                     "TableName":{"S":"x"}},"TableName":"app"})"),
                0.5, kNear);
}

TEST_F(PaceServiceTest, CorrectsByTheAnswer) {
    const Debit debit{R"({"ConsumedCapacity":{"TableName":"app","CapacityUnits":3}})"};
    EXPECT_NEAR(debit.of("PutItem", R"({"TableName":"app"})", 7), 3, kNear);
    EXPECT_NEAR(debit.of("PutItem", R"({"TableName":"app"})", 1), 3, kNear);
    EXPECT_NEAR(debit.of("Scan", R"({"TableName":"app"})"), 3, kNear);
}

TEST_F(PaceServiceTest, SplitsTheEstimateOfSeveralTables) {
    const std::string body =
        R"({"RequestItems":{"app":[{"PutRequest":{}}],"b":[{"PutRequest":{}}]}})";
    EXPECT_NEAR(debited("BatchWriteItem", body, 10), 5, kNear);
    const Debit debit{R"({"ConsumedCapacity":[{"TableName":"app","CapacityUnits":2},
                                              {"TableName":"b","CapacityUnits":30}]})"};
    EXPECT_NEAR(debit.of("BatchWriteItem", body, 10), 2, kNear);
}

TEST_F(PaceServiceTest, LeavesTheDebitOfAFailedCall) {
    inner_.fail(Error(ErrorKind::throttled, "slow"));
    dynamodb::Reply reply;
    EXPECT_THROW(service_.call({"PutItem", R"({"TableName":"app"})"}, reply), Error);
    pace_.take_write("app", 0, {});
    EXPECT_NEAR(clock_.waited(), 0.1, kNear);
}

TEST_F(PaceServiceTest, SendsNothingWhenStoppedWhileWaiting) {
    pace_.take_write("app", 100, {});
    std::stop_source stop;
    clock_.at_wait = [&] { stop.request_stop(); };
    dynamodb::Reply reply;
    dynamodb::Call call{"PutItem", R"({"TableName":"app"})", stop.get_token()};
    EXPECT_THROW(service_.call(call, reply), Error);
    EXPECT_TRUE(inner_.calls().empty());
}

}  // namespace dynamigrate::layers
