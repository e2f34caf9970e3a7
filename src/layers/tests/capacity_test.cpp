#include <dynamigrate/dynamodb/testing/scripted_service.hpp>
#include <dynamigrate/expressions/testing/memory_service.hpp>
#include <dynamigrate/layers/capacity.hpp>
#include <dynamigrate/layers/meter.hpp>
#include <dynamigrate/layers/pace.hpp>

#include <gmock/gmock.h>

namespace dynamigrate::layers {

using dynamodb::Reply;
using dynamodb::testing::ScriptedService;
using testing::HasSubstr;
using testing::Not;

namespace {

class CapacityTest : public testing::Test {
protected:
    std::string ask(std::string_view operation, std::string_view body) {
        Reply reply;
        service_.call({operation, body}, reply);
        return reply.body;
    }
    std::string sent() const { return scripted_.calls().back().body; }

    ScriptedService scripted_;
    CapacityService service_{scripted_};
};

/// What a script's calls look like: layers above a service that counts.
class CountedCallsTest : public testing::Test {
protected:
    CountedCallsTest() {
        memory_.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        memory_.create_table("other", {{"pk", dynamodb::AttributeType::string}, {}});
        memory_.put("app", R"({"pk":{"S":"a"}})");
    }
    std::string ask(std::string_view operation, std::string_view body) {
        const MeterReading earlier = meter_.reading();
        Reply reply;
        service_.call({operation, body}, reply);
        cost = meter_.reading().since(earlier);
        EXPECT_THAT(reply.body, Not(HasSubstr("ConsumedCapacity")));
        return reply.body;
    }

    MeterReading cost;
    base::FakeClock clock_;
    expressions::MemoryService memory_;
    Meter meter_;
    MeterService metered_{memory_, meter_};
    Pace pace_{clock_, {1000, 1000}};
    PaceService paced_{metered_, pace_};
    CapacityService service_{paced_};
};

}  // namespace

TEST_F(CapacityTest, AsksAndTakesTheAnswerOut) {
    scripted_.answer(R"({"ConsumedCapacity":{"TableName":"app","CapacityUnits":3},"Item":{}})");
    EXPECT_EQ(ask("GetItem", R"({"TableName":"app","X":[1.50]})"), R"({"Item":{}})");
    EXPECT_EQ(sent(), R"({"TableName":"app","X":[1.50],"ReturnConsumedCapacity":"TOTAL"})");
}

TEST_F(CapacityTest, AsksForEveryFormOfReadsAndWrites) {
    for (const std::string_view operation :
         {"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan", "PutItem", "UpdateItem",
          "DeleteItem", "BatchWriteItem", "TransactWriteItems", "ExecuteStatement",
          "BatchExecuteStatement", "ExecuteTransaction"}) {
        scripted_.answer(R"({"ConsumedCapacity":[{"TableName":"app","CapacityUnits":3}]})");
        EXPECT_EQ(ask(operation, "{}"), "{}") << operation;
        EXPECT_EQ(sent(), R"({"ReturnConsumedCapacity":"TOTAL"})") << operation;
    }
}

TEST_F(CapacityTest, LeavesTheCapacityReadable) {
    scripted_.answer(R"({"ConsumedCapacity":{"TableName":"app","CapacityUnits":3}})");
    Reply reply;
    service_.call({"GetItem", "{}"}, reply);
    ASSERT_EQ(reply.consumed_capacity().size(), 1U);
    EXPECT_EQ(reply.consumed_capacity().front().total, 3);
}

TEST_F(CapacityTest, PassesWhatTheClientAskedFor) {
    const std::string answer = R"({"ConsumedCapacity":{"TableName":"app","CapacityUnits":3}})";
    scripted_.answer(answer).answer(answer);
    const std::string body = R"({"TableName":"app","ReturnConsumedCapacity":"INDEXES"})";
    EXPECT_EQ(ask("Query", body), answer);
    EXPECT_EQ(sent(), body);
    EXPECT_EQ(ask("Query", R"({"TableName":"app","ReturnConsumedCapacity":"NONE"})"), "{}");
    EXPECT_EQ(sent(), R"({"TableName":"app","ReturnConsumedCapacity":"TOTAL"})");
}

TEST_F(CapacityTest, LeavesAnItemsAttributeOfThatName) {
    const std::string answer = R"({"Item":{"ConsumedCapacity":{"S":"x"}}})";
    scripted_.answer(answer);
    EXPECT_EQ(ask("GetItem", R"({"TableName":"app"})"), answer);
}

TEST_F(CapacityTest, LeavesOtherOperationsAndBadRequestsAlone) {
    scripted_.answer("{}").answer("{}").answer("{}");
    ask("DescribeTable", R"({"TableName":"app"})");
    EXPECT_EQ(sent(), R"({"TableName":"app"})");
    ask("GetItem", "no JSON");
    EXPECT_EQ(sent(), "no JSON");
    ask("GetItem", R"({"ReturnConsumedCapacity":"MUCH"})");
    EXPECT_EQ(sent(), R"({"ReturnConsumedCapacity":"MUCH"})");
}

TEST_F(CountedCallsTest, CountsEveryFormOfReads) {
    ask("GetItem", R"({"TableName":"app","Key":{"pk":{"S":"a"}},"ConsistentRead":true})");
    EXPECT_EQ(cost.read_units, 1);
    ask("BatchGetItem", R"({"RequestItems":{"app":{"Keys":[{"pk":{"S":"a"}}]},
                                            "other":{"Keys":[{"pk":{"S":"a"}}]}}})");
    EXPECT_EQ(cost.read_units, 1);
    ask("Scan", R"({"TableName":"app"})");
    EXPECT_EQ(cost.read_units, 0.5);
    ask("ExecuteStatement", R"({"Statement":"\n  SELECT * FROM app WHERE pk = 'a'"})");
    EXPECT_GT(cost.read_units, 0);
    EXPECT_EQ(cost.write_units, 0);
}

TEST_F(CountedCallsTest, CountsEveryFormOfWrites) {
    ask("PutItem", R"({"TableName":"app","Item":{"pk":{"S":"b"}}})");
    EXPECT_EQ(cost.write_units, 1);
    ask("UpdateItem", R"({"TableName":"app","Key":{"pk":{"S":"b"}}})");
    EXPECT_EQ(cost.write_units, 1);
    ask("DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"b"}}})");
    EXPECT_EQ(cost.write_units, 1);
    ask("BatchWriteItem", R"({"RequestItems":{"app":[{"PutRequest":{"Item":{"pk":{"S":"c"}}}}],
                                         "other":[{"PutRequest":{"Item":{"pk":{"S":"c"}}}}]}})");
    EXPECT_EQ(cost.write_units, 2);
    ask("TransactWriteItems",
        R"({"TransactItems":[{"Put":{"TableName":"app","Item":{"pk":{"S":"d"}}}},
                             {"Put":{"TableName":"other","Item":{"pk":{"S":"d"}}}}]})");
    EXPECT_EQ(cost.write_units, 4);
    ask("ExecuteStatement", R"({"Statement":"UPDATE app SET x = 1 WHERE pk = 'a'"})");
    EXPECT_EQ(cost.write_units, 1);
    ask("BatchExecuteStatement",
        R"({"Statements":[{"Statement":"UPDATE app SET x = 1 WHERE pk = 'a'"},
                          {"Statement":"DELETE FROM other WHERE pk = 'c'"}]})");
    EXPECT_EQ(cost.write_units, 2);
    EXPECT_EQ(cost.read_units, 0);
}

TEST_F(CountedCallsTest, PacesEachTableOfARequestByWhatItCost) {
    pace_.set_limits({1, 1});
    ask("BatchWriteItem", R"({"RequestItems":{"app":[{"PutRequest":{"Item":{"pk":{"S":"c"}}}},
                                                     {"PutRequest":{"Item":{"pk":{"S":"d"}}}},
                                                     {"PutRequest":{"Item":{"pk":{"S":"e"}}}}],
                                         "other":[{"PutRequest":{"Item":{"pk":{"S":"c"}}}}]}})");
    pace_.take_write("other", 0, {});
    EXPECT_NEAR(std::chrono::duration<double>(clock_.waited()).count(), 1, 0.01);
    pace_.take_write("app", 0, {});
    EXPECT_NEAR(std::chrono::duration<double>(clock_.waited()).count(), 3, 0.01);
}

}  // namespace dynamigrate::layers
