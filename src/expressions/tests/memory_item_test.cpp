#include "memory_fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class MemoryItemTest : public MemoryTest {
protected:
    MemoryItemTest() {
        memory.create_table("t", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    }

    std::string item(const std::string& pk) {
        return memory.item("t", R"({"pk":{"S":")" + pk + "\"}}");
    }
};

TEST_F(MemoryItemTest, PutsGetsAndDeletes) {
    call(
        "PutItem",
        R"({TableName: "t", Item: {pk: {S: "1"}, b: {N: "2"}, a: {M: {z: {S: "x"}, y: {NULL: true}}}}})");
    EXPECT_EQ(item("1"),
              R"({"a":{"M":{"y":{"NULL":true},"z":{"S":"x"}}},"b":{"N":"2"},"pk":{"S":"1"}})");
    EXPECT_EQ(
        call("GetItem", R"({TableName: "t", Key: {pk: {S: "1"}}, ProjectionExpression: "a.z",
                                 ReturnConsumedCapacity: "TOTAL"})"),
        R"({"Item":{"a":{"M":{"z":{"S":"x"}}}},"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}})");
    EXPECT_EQ(call("GetItem", R"({TableName: "t", Key: {pk: {S: "2"}}})"), "{}");
    EXPECT_EQ(
        call("DeleteItem", R"({TableName: "t", Key: {pk: {S: "1"}}, ReturnValues: "ALL_OLD"})"),
        R"({"Attributes":{"pk":{"S":"1"},"b":{"N":"2"},"a":{"M":{"z":{"S":"x"},"y":{"NULL":true}}}}})");
    EXPECT_EQ(
        call("DeleteItem", R"({TableName: "t", Key: {pk: {S: "1"}}, ReturnValues: "ALL_OLD"})"),
        "{}");
    EXPECT_TRUE(memory.items("t").empty());
}

TEST_F(MemoryItemTest, ChecksKeys) {
    EXPECT_EQ(refusal("PutItem", R"({TableName: "t", Item: {b: {N: "2"}}})"),
              "ValidationException: One or more parameter values were invalid: Missing the key pk "
              "in the item");
    EXPECT_EQ(refusal("PutItem", R"({TableName: "t", Item: {pk: {N: "2"}}})"),
              "ValidationException: One or more parameter values were invalid: Type mismatch for "
              "key pk expected: S "
              "actual: N");
    EXPECT_EQ(refusal("GetItem", R"({TableName: "t", Key: {pk: {S: "1"}, x: {S: "1"}}})"),
              "ValidationException: The provided key element does not match the schema");
    EXPECT_TRUE(refusal("GetItem", R"({TableName: "x", Key: {pk: {S: "1"}}})")
                    .starts_with("ResourceNotFound"));
    EXPECT_NE(refusal("PutItem", R"({TableName: "t", Item: {pk: {S: ""}}})"), "no error");
    std::string large(410'000, 'x');
    EXPECT_NE(refusal("PutItem", "{TableName: 't', Item: {pk: {S: '1'}, a: {S: '" + large + "'}}}"),
              "no error");
}

TEST_F(MemoryItemTest, FailedConditionsAreOutcomes) {
    memory.put("t", R"({"pk":{"S":"1"},"a":{"N":"1"}})");
    dynamodb::Reply reply;
    std::string body = json(
        R"({TableName: "t", Item: {pk: {S: "1"}}, ConditionExpression: 'attribute_not_exists(pk)',
                               ReturnValuesOnConditionCheckFailure: "ALL_OLD"})");
    memory.call({"PutItem", body}, reply);
    EXPECT_EQ(reply.outcome, dynamodb::Outcome::condition_failed);
    EXPECT_EQ(json::to_json(member(reply.body, "Item")), R"({"pk":{"S":"1"},"a":{"N":"1"}})");
    EXPECT_EQ(item("1"), R"({"a":{"N":"1"},"pk":{"S":"1"}})");
}

TEST_F(MemoryItemTest, UpdatesReturnWhatIsAsked) {
    memory.put("t", R"({"pk":{"S":"1"},"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}}})");
    auto update = [&](const std::string& expression, const std::string& wish) {
        return call("UpdateItem", "{TableName: 't', Key: {pk: {S: '1'}}, UpdateExpression: '" +
                                      expression + "', ReturnValues: '" + wish + "'}");
    };
    EXPECT_EQ(update("SET m.x = m.y", "UPDATED_OLD"),
              R"({"Attributes":{"m":{"M":{"x":{"N":"1"}}}}})");
    EXPECT_EQ(update("SET m.x = m.y", "UPDATED_NEW"),
              R"({"Attributes":{"m":{"M":{"x":{"N":"2"}}}}})");
    EXPECT_EQ(update("REMOVE z", "UPDATED_NEW"), "{}");
    EXPECT_EQ(update("REMOVE m", "ALL_NEW"), R"({"Attributes":{"pk":{"S":"1"}}})");
}

TEST_F(MemoryItemTest, UpdatesCreateItemsUnlessTheyOnlyTakeAway) {
    call("UpdateItem",
         R"({TableName: "t", Key: {pk: {S: "1"}}, UpdateExpression: "REMOVE a, b.c"})");
    EXPECT_EQ(item("1"), "");
    call("UpdateItem", R"({TableName: "t", Key: {pk: {S: "1"}}, UpdateExpression: "SET a = :v",
                          ExpressionAttributeValues: {":v": {N: "1"}}})");
    EXPECT_EQ(item("1"), R"({"a":{"N":"1"},"pk":{"S":"1"}})");
    EXPECT_NE(refusal("UpdateItem",
                      R"({TableName: "t", Key: {pk: {S: "1"}}, UpdateExpression: "REMOVE pk"})"),
              "no error");
    EXPECT_EQ(refusal("UpdateItem",
                      R"({TableName: "t", Key: {pk: {S: "1"}}, UpdateExpression: "SET a = z"})"),
              "ValidationException: The provided expression refers to an attribute that does not "
              "exist in the item");
}

TEST_F(MemoryItemTest, WritesAndReadsBatches) {
    EXPECT_EQ(
        call("BatchWriteItem", R"({RequestItems: {t: [{PutRequest: {Item: {pk: {S: "1"}}}},
                                                            {PutRequest: {Item: {pk: {S: "2"}}}},
                                                            {DeleteRequest: {Key: {pk: {S: "3"}}}}]},
                                         ReturnConsumedCapacity: "TOTAL"})"),
        R"({"UnprocessedItems":{},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":3}]})");
    EXPECT_EQ(
        call("BatchGetItem", R"({RequestItems: {t: {Keys: [{pk: {S: "2"}}, {pk: {S: "9"}}]}}})"),
        R"({"Responses":{"t":[{"pk":{"S":"2"}}]},"UnprocessedKeys":{}})");
    EXPECT_NE(refusal("BatchWriteItem", R"({RequestItems: {t: [{PutRequest: {Item: {pk: {S: "1"}}}},
                                                               {DeleteRequest: {Key: {pk: {S: "1"}}}}]}})"),
              "no error");
}

TEST_F(MemoryItemTest, LeavesABatchsRestUnprocessed) {
    MemoryService limited({.batch_limit = 1});
    limited.create_table("t", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    EXPECT_EQ(call_on(limited, "BatchWriteItem",
                      R"({RequestItems: {t: [{PutRequest: {Item: {pk: {S: "1"}}}},
                                                                       {PutRequest: {Item: {pk: {S: "2"}}}}]}})"),
              R"({"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"pk":{"S":"2"}}}}]}})");
    EXPECT_EQ(
        call_on(limited, "BatchGetItem",
                R"({RequestItems: {t: {Keys: [{pk: {S: "1"}}, {pk: {S: "2"}}]}}})"),
        R"({"Responses":{"t":[{"pk":{"S":"1"}}]},"UnprocessedKeys":{"t":{"Keys":[{"pk":{"S":"2"}}]}}})");
}

TEST_F(MemoryItemTest, TransactionsAreAllOrNothing) {
    memory.put("t", R"({"pk":{"S":"1"}})");
    dynamodb::Reply reply;
    std::string body = json(R"({TransactItems: [
        {Put: {TableName: "t", Item: {pk: {S: "2"}}}},
        {ConditionCheck: {TableName: "t", Key: {pk: {S: "1"}}, ConditionExpression: 'attribute_exists(a)',
                          ReturnValuesOnConditionCheckFailure: "ALL_OLD"}}]})");
    memory.call({"TransactWriteItems", body}, reply);
    EXPECT_EQ(reply.outcome, dynamodb::Outcome::transaction_cancelled);
    EXPECT_EQ(
        json::to_json(member(reply.body, "CancellationReasons")),
        R"([{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed",)"
        R"("Item":{"pk":{"S":"1"}}}])");
    EXPECT_EQ(item("2"), "");
    EXPECT_EQ(
        refusal("TransactWriteItems",
                R"({TransactItems: [{Delete: {TableName: "t", Key: {pk: {S: "1"}}}},
                                                               {Put: {TableName: "t", Item: {pk: {S: "1"}}}}]})"),
        "ValidationException: Transaction request cannot include multiple operations on one item");
    call("TransactWriteItems", R"({TransactItems: [{Delete: {TableName: "t", Key: {pk: {S: "1"}}}},
                                                   {Put: {TableName: "t", Item: {pk: {S: "2"}}}}]})");
    EXPECT_EQ(memory.items("t").size(), 1u);
}

TEST_F(MemoryItemTest, ATransactionsTokenMakesItHappenOnce) {
    const char* add =
        R"({ClientRequestToken: "k", TransactItems: [{Update: {TableName: "t", Key: {pk: {S: "1"}},
        UpdateExpression: "ADD n :v", ExpressionAttributeValues: {":v": {N: "1"}}}}]})";
    call("TransactWriteItems", add);
    call("TransactWriteItems", add);
    EXPECT_EQ(item("1"), R"({"n":{"N":"1"},"pk":{"S":"1"}})");
    EXPECT_TRUE(
        refusal(
            "TransactWriteItems",
            R"({ClientRequestToken: "k", TransactItems: [{Delete: {TableName: "t", Key: {pk: {S: "1"}}}}]})")
            .starts_with("IdempotentParameterMismatchException"));
}

TEST_F(MemoryItemTest, AnswersWithTheCostOfIndexes) {
    call("UpdateTable",
         R"({TableName: "t", AttributeDefinitions: [{AttributeName: "g", AttributeType: "S"}],
        GlobalSecondaryIndexUpdates: [{Create: {IndexName: "by_g", KeySchema: [{AttributeName: "g", KeyType: "HASH"}],
                                                Projection: {ProjectionType: "KEYS_ONLY"}}}]})");
    auto put = [&](const char* item) {
        return json::to_json(member(
            call("PutItem", std::string("{TableName: 't', ReturnConsumedCapacity: 'INDEXES', "
                                        "Item: ") +
                                item + "}"),
            "ConsumedCapacity"));
    };
    EXPECT_EQ(put("{pk: {S: '1'}, a: {S: 'x'}}"),
              R"({"TableName":"t","CapacityUnits":1,"Table":{"CapacityUnits":1}})");
    EXPECT_EQ(put("{pk: {S: '1'}, g: {S: 'x'}}"),
              R"({"TableName":"t","CapacityUnits":2,"Table":{"CapacityUnits":1},)"
              R"("GlobalSecondaryIndexes":{"by_g":{"CapacityUnits":1}}})");
    EXPECT_EQ(put("{pk: {S: '1'}, g: {S: 'x'}, b: {S: 'not projected'}}"),
              R"({"TableName":"t","CapacityUnits":1,"Table":{"CapacityUnits":1}})");
    EXPECT_EQ(
        json::parse_json(put("{pk: {S: '1'}, g: {S: 'y'}}"), "").find("CapacityUnits")->text(),
        "3");
    EXPECT_NE(refusal("PutItem", "{TableName: 't', Item: {pk: {S: '1'}, g: {N: '1'}}}"),
              "no error");
}

TEST_F(MemoryItemTest, RefusesNonsense) {
    dynamodb::Reply reply;
    EXPECT_THROW(memory.call({"PutItem", "{"}, reply), base::Error);
    EXPECT_NE(refusal("PutItem", R"({TableName: "t", Item: {pk: {S: "1"}}, Expected: {}})"),
              "no error");
    EXPECT_NE(refusal("PutItem", R"({TableName: "t"})"), "no error");
    EXPECT_EQ(refusal("PutItem",
                      R"({TableName: "t", Item: {pk: {S: "1"}}, ConditionExpression: "a AN b"})"),
              "ValidationException: Invalid ConditionExpression: Syntax error; token: \"AN\", "
              "near: \"a AN b\"");
}

}  // namespace
}  // namespace dynamigrate::expressions
