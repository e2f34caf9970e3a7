#include <dynamigrate/dynamodb/testing/scripted_service.hpp>
#include <dynamigrate/layers/meter.hpp>

#include <gmock/gmock.h>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using dynamodb::Outcome;
using dynamodb::testing::ScriptedService;
using testing::ElementsAre;
using testing::Pair;

namespace {

class MeterTest : public testing::Test {
protected:
    void call(std::string_view operation, std::string_view body = "{}") {
        dynamodb::Reply reply;
        service_.call({operation, body}, reply);
    }

    ScriptedService inner_;
    Meter meter_;
    MeterService service_{inner_, meter_};
};

}  // namespace

TEST_F(MeterTest, CountsRequestsAndBytes) {
    inner_.answer(R"({"Item":{}})").answer("{}");
    call("GetItem", R"({"TableName":"app"})");
    call("PutItem");
    const MeterReading reading = meter_.reading();
    EXPECT_EQ(reading.requests, 2u);
    EXPECT_EQ(reading.failures, 0u);
    EXPECT_EQ(reading.request_bytes, 21u);
    EXPECT_EQ(reading.response_bytes, 13u);
    EXPECT_THAT(reading.requests_by_operation, ElementsAre(Pair("GetItem", 1), Pair("PutItem", 1)));
    EXPECT_EQ(service_.location(), inner_.location());
}

TEST_F(MeterTest, AddsUnitsToReadsOrWritesByOperation) {
    const std::string capacity = R"({"ConsumedCapacity":{"TableName":"app","CapacityUnits":2.5}})";
    inner_.answer(capacity).answer(capacity).answer(capacity).answer(capacity);
    call("Scan");
    EXPECT_EQ(meter_.reading().read_units, 2.5);
    EXPECT_EQ(meter_.reading().write_units, 0);
    call("UpdateItem");
    EXPECT_EQ(meter_.reading().write_units, 2.5);
    call("ExecuteStatement", R"({"Statement":" select * FROM app"})");
    EXPECT_EQ(meter_.reading().read_units, 5);
    call("ExecuteStatement", R"({"Statement":"UPDATE app SET a=1"})");
    EXPECT_EQ(meter_.reading().write_units, 5);
}

TEST_F(MeterTest, AddsTheUnitsOfAllTablesAndBothSides) {
    inner_
        .answer(R"({"ConsumedCapacity":[{"TableName":"a","CapacityUnits":2},
                                        {"TableName":"b","CapacityUnits":3}]})")
        .answer(R"({"ConsumedCapacity":[{"TableName":"a","CapacityUnits":6,
                                         "ReadCapacityUnits":2,"WriteCapacityUnits":4}]})");
    call("BatchWriteItem");
    EXPECT_EQ(meter_.reading().write_units, 5);
    call("TransactWriteItems");
    EXPECT_EQ(meter_.reading().write_units, 9);
    EXPECT_EQ(meter_.reading().read_units, 2);
}

TEST_F(MeterTest, PassesAnAnswerWhoseCapacityCannotBeRead) {
    inner_.answer(R"({"ConsumedCapacity":{"TableName":"app","CapacityUnits":}})");
    EXPECT_NO_THROW(call("PutItem"));
    EXPECT_EQ(meter_.reading().requests, 1u);
    EXPECT_EQ(meter_.reading().write_units, 0);
}

TEST_F(MeterTest, CountsFailuresAndPassesThemOn) {
    inner_.fail(400, "ValidationException").answer("{}", Outcome::condition_failed);
    try {
        call("PutItem");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.service_code(), "ValidationException");
    }
    call("PutItem");
    const MeterReading reading = meter_.reading();
    EXPECT_EQ(reading.requests, 2u);
    EXPECT_EQ(reading.failures, 1u);
    EXPECT_EQ(reading.throttles(), 0u);
    EXPECT_GT(reading.response_bytes, 2u);
}

TEST_F(MeterTest, TellsThrottlesApartByReason) {
    inner_.fail(Error(ErrorKind::throttled, "slow").throttling_reasons("Table,Index,Table"));
    inner_.fail(Error(ErrorKind::throttled, "slow").throttling_reasons("Table"));
    inner_.fail(Error(ErrorKind::throttled, "slow"));
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW(call("PutItem"), Error);
    }
    inner_.answer(R"({"Responses":[{"Error":{"Code":"ThrottlingError","Message":"slow"}},
                                   {"TableName":"app"}]})");
    call("BatchExecuteStatement");
    EXPECT_THAT(meter_.reading().throttles_by_reason,
                ElementsAre(Pair("", 2), Pair("Index", 1), Pair("Table", 2)));
    EXPECT_EQ(meter_.reading().throttles(), 5u);
}

TEST_F(MeterTest, TellsWhatWasAddedSince) {
    inner_.answer("{}").fail(Error(ErrorKind::throttled, "slow").throttling_reasons("Table"));
    inner_.answer(R"({"ConsumedCapacity":{"TableName":"app","CapacityUnits":2}})").answer("{}");
    call("GetItem");
    EXPECT_THROW(call("PutItem"), Error);
    meter_.count_retry();
    const MeterReading earlier = meter_.reading();
    call("PutItem", "{ }");
    call("DeleteItem", "{ }");
    meter_.count_retry();
    const MeterReading added = meter_.reading().since(earlier);
    EXPECT_EQ(added.requests, 2u);
    EXPECT_EQ(added.retries, 1u);
    EXPECT_EQ(added.failures, 0u);
    EXPECT_EQ(added.request_bytes, 6u);
    EXPECT_EQ(added.response_bytes, 60u);
    EXPECT_EQ(added.write_units, 2);
    EXPECT_EQ(added.read_units, 0);
    EXPECT_EQ(added.throttles(), 0u);
    EXPECT_THAT(added.requests_by_operation,
                ElementsAre(Pair("DeleteItem", 1), Pair("PutItem", 1)));
}

}  // namespace dynamigrate::layers
