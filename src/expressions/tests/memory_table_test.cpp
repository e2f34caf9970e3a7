#include <dynamigrate/dynamodb/table.hpp>

#include "memory_fixture.hpp"

#include <thread>
#include <vector>

namespace dynamigrate::expressions {
namespace {

constexpr const char* kCreate = R"({TableName: "app", BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{AttributeName: "pk", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}],
    AttributeDefinitions: [{AttributeName: "pk", AttributeType: "S"}, {AttributeName: "sk", AttributeType: "N"},
                           {AttributeName: "g", AttributeType: "S"}],
    GlobalSecondaryIndexes: [{IndexName: "by_g", KeySchema: [{AttributeName: "g", KeyType: "HASH"}],
                              Projection: {ProjectionType: "KEYS_ONLY"}}]})";

constexpr const char* kCreateIndex = R"({TableName: "app",
    AttributeDefinitions: [{AttributeName: "h", AttributeType: "S"}],
    GlobalSecondaryIndexUpdates: [{Create: {IndexName: "by_h", KeySchema: [{AttributeName: "h", KeyType: "HASH"}],
                                            Projection: {ProjectionType: "ALL"}}}]})";

class MemoryTableTest : public MemoryTest {
protected:
    dynamodb::TableDescription describe(MemoryService& service) {
        return dynamodb::parse_table_description(
            call_on(service, "DescribeTable", R"({TableName: "app"})"));
    }
};

TEST_F(MemoryTableTest, CreatesAndDescribes) {
    call("CreateTable", kCreate);
    memory.put("app", R"({"pk":{"S":"a"},"sk":{"N":"1"},"g":{"S":"x"}})");
    auto table = describe(memory);
    EXPECT_EQ(table.name, "app");
    EXPECT_EQ(table.status, "ACTIVE");
    EXPECT_TRUE(table.is_on_demand);
    EXPECT_EQ(table.key.sort->type, dynamodb::AttributeType::number);
    ASSERT_EQ(table.indexes.size(), 1u);
    EXPECT_EQ(table.indexes[0].projection, dynamodb::ProjectionType::keys_only);
    EXPECT_EQ(table.indexes[0].item_count, 1);
    EXPECT_EQ(table.item_count, 1);
    EXPECT_TRUE(refusal("CreateTable", kCreate).starts_with("ResourceInUseException"));
}

TEST_F(MemoryTableTest, TablesPassThroughCreatingAndDeleting) {
    MemoryService slow({.describes_until_active = 2});
    call_on(slow, "CreateTable", kCreate);
    EXPECT_EQ(describe(slow).status, "CREATING");
    EXPECT_EQ(describe(slow).status, "CREATING");
    EXPECT_EQ(describe(slow).status, "ACTIVE");
    call_on(slow, "DeleteTable", R"({TableName: "app"})");
    EXPECT_EQ(describe(slow).status, "DELETING");
    EXPECT_EQ(describe(slow).status, "DELETING");
    EXPECT_THROW(describe(slow), base::Error);
}

TEST_F(MemoryTableTest, IndexesPassThroughCreatingAndDeleting) {
    MemoryService slow({.describes_until_active = 1});
    slow.create_table("app", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    slow.put("app", R"({"pk":{"S":"a"},"h":{"S":"x"}})");
    call_on(slow, "UpdateTable", kCreateIndex);
    EXPECT_THROW(call_on(slow, "Scan", R"({TableName: "app", IndexName: "by_h"})"), base::Error);
    auto table = describe(slow);
    EXPECT_EQ(table.status, "UPDATING");
    EXPECT_EQ(table.indexes[0].status, "CREATING");
    EXPECT_TRUE(table.indexes[0].is_backfilling);
    EXPECT_EQ(describe(slow).indexes[0].status, "ACTIVE");
    EXPECT_EQ(
        member(call_on(slow, "Scan", R"({TableName: "app", IndexName: "by_h"})"), "Count").text(),
        "1");
    call_on(slow, "UpdateTable",
            R"({TableName: "app", GlobalSecondaryIndexUpdates: [{Delete: {IndexName: "by_h"}}]})");
    EXPECT_EQ(describe(slow).indexes[0].status, "DELETING");
    EXPECT_TRUE(describe(slow).indexes.empty());
}

TEST_F(MemoryTableTest, ChangesOneIndexAtATime) {
    MemoryService slow({.describes_until_active = 1});
    slow.create_table("app", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    call_on(slow, "UpdateTable", kCreateIndex);
    try {
        call_on(slow, "UpdateTable", kCreateIndex);
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.service_code(), "LimitExceededException");
    }
    EXPECT_NO_THROW(call_on(
        slow, "UpdateTable",
        R"({TableName: "app", GlobalSecondaryIndexUpdates: [{Delete: {IndexName: "by_h"}}]})"));
}

TEST_F(MemoryTableTest, ChangesSettings) {
    call("CreateTable", kCreate);
    call("UpdateTable",
         R"({TableName: "app", BillingMode: "PROVISIONED", DeletionProtectionEnabled: true,
        ProvisionedThroughput: {ReadCapacityUnits: 5, WriteCapacityUnits: 6}})");
    auto table = describe(memory);
    EXPECT_FALSE(table.is_on_demand);
    EXPECT_EQ(table.provisioned.write, 6);
    EXPECT_TRUE(table.has_deletion_protection);
    EXPECT_TRUE(refusal("DeleteTable", R"({TableName: "app"})").starts_with("ValidationException"));
}

TEST_F(MemoryTableTest, ListsTables) {
    for (const char* name : {"c", "a", "b"}) {
        memory.create_table(name, {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    }
    EXPECT_EQ(call("ListTables", R"({Limit: 2})"),
              R"({"TableNames":["a","b"],"LastEvaluatedTableName":"b"})");
    EXPECT_EQ(call("ListTables", R"({ExclusiveStartTableName: "b"})"), R"({"TableNames":["c"]})");
}

TEST_F(MemoryTableTest, HasPointInTimeRecovery) {
    call("CreateTable", kCreate);
    auto is_enabled = [](const std::string& answer) {
        return answer.find(R"("PointInTimeRecoveryStatus":"ENABLED")") != std::string::npos;
    };
    EXPECT_FALSE(is_enabled(call("DescribeContinuousBackups", R"({TableName: "app"})")));
    call("UpdateContinuousBackups", R"({TableName: "app",
        PointInTimeRecoverySpecification: {PointInTimeRecoveryEnabled: true}})");
    EXPECT_TRUE(is_enabled(call("DescribeContinuousBackups", R"({TableName: "app"})")));
}

TEST_F(MemoryTableTest, HasTimeToLiveAndTags) {
    call("CreateTable", kCreate);
    call("UpdateTimeToLive",
         R"({TableName: "app", TimeToLiveSpecification: {Enabled: true, AttributeName: "ttl"}})");
    EXPECT_EQ(call("DescribeTimeToLive", R"({TableName: "app"})"),
              R"({"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}})");
    std::string arn = describe(memory).arn;
    call("TagResource", "{ResourceArn: '" + arn + "', Tags: [{Key: 'k', Value: 'v'}]}");
    EXPECT_EQ(call("ListTagsOfResource", "{ResourceArn: '" + arn + "'}"),
              R"({"Tags":[{"Key":"k","Value":"v"}]})");
}

TEST_F(MemoryTableTest, AnswersManyThreadsAtOnce) {
    call("CreateTable", kCreate);
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 50; ++n) {
                    call("UpdateItem", R"({TableName: "app", Key: {pk: {S: "a"}, sk: {N: "1"}},
                        UpdateExpression: "ADD n :v", ExpressionAttributeValues: {":v": {N: "1"}}})");
                }
            });
        }
    }
    EXPECT_EQ(memory.item("app", R"({"pk":{"S":"a"},"sk":{"N":"1"}})"),
              R"({"n":{"N":"200"},"pk":{"S":"a"},"sk":{"N":"1"}})");
}

TEST_F(MemoryTableTest, TheHookMayWriteAndThrow) {
    call("CreateTable", kCreate);
    memory.before_call = [&](const dynamodb::Call& seen) {
        if (seen.operation == "PutItem") {
            memory.put("app", R"({"pk":{"S":"a"},"sk":{"N":"1"}})");
            throw base::Error(base::ErrorKind::unavailable, "gone");
        }
    };
    EXPECT_EQ(refusal("PutItem", R"({TableName: "app", Item: {pk: {S: "b"}, sk: {N: "1"}}})"),
              "gone");
    EXPECT_EQ(memory.items("app").size(), 1u);
}

TEST_F(MemoryTableTest, CountsAndHooksCalls) {
    std::string seen;
    memory.before_call = [&](const dynamodb::Call& call) { seen += call.operation; };
    call("ListTables", "{}");
    EXPECT_EQ(refusal("Nonsense", "{}").substr(0, 25), "UnknownOperationException");
    EXPECT_EQ(seen, "ListTablesNonsense");
    EXPECT_EQ(memory.request_count("ListTables"), 1);
    EXPECT_EQ(memory.request_count(), 2);
}

}  // namespace
}  // namespace dynamigrate::expressions
