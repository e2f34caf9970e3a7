#include "memory_fixture.hpp"

#include <set>

namespace dynamigrate::expressions {
namespace {

class MemoryPageTest : public MemoryTest {
protected:
    MemoryPageTest() {
        memory.create_table("t", {{"pk", dynamodb::AttributeType::string},
                                  dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::number}});
        call("UpdateTable",
             R"({TableName: "t", AttributeDefinitions: [{AttributeName: "g", AttributeType: "S"}],
            GlobalSecondaryIndexUpdates: [{Create: {IndexName: "by_g",
                KeySchema: [{AttributeName: "g", KeyType: "HASH"}, {AttributeName: "sk", KeyType: "RANGE"}],
                Projection: {ProjectionType: "KEYS_ONLY"}}}]})");
        for (int partition = 0; partition < 5; ++partition) {
            for (int sort = 0; sort < 12; ++sort) {
                memory.put("t", R"({"pk":{"S":"p)" + std::to_string(partition) +
                                    R"("},"sk":{"N":")" + std::to_string(sort) +
                                    R"("},"a":{"N":"1"})" +
                                    (sort % 2 == 0 ? R"(,"g":{"S":"even"}})" : "}"));
            }
        }
    }

    /// All sort keys that the pages of the operation return, in order.
    std::string sort_keys(std::string_view operation, const std::string& members,
                          int* pages = nullptr) {
        std::string keys;
        std::string start;
        do {
            std::string answer = call(operation, "{" + members + start + "}");
            json::Value items = member(answer, "Items");
            for (const json::Value& item : items.elements()) {
                keys += item.find("sk")->find("N")->text() + " ";
            }
            json::Value last = member(answer, "LastEvaluatedKey");
            start = last.is_null() ? "" : ", ExclusiveStartKey: " + json::to_json(last);
            if (pages != nullptr) {
                ++*pages;
            }
        } while (!start.empty());
        return keys;
    }

    static constexpr const char* kQuery =
        "TableName: 't', KeyConditionExpression: 'pk = :p', ExpressionAttributeValues: {':p': {S: "
        "'p1'}}";
};

TEST_F(MemoryPageTest, QueriesOnePartitionInOrder) {
    EXPECT_EQ(sort_keys("Query", kQuery), "0 1 2 3 4 5 6 7 8 9 10 11 ");
    EXPECT_EQ(sort_keys("Query", std::string(kQuery) + ", ScanIndexForward: false, Limit: 5"),
              "11 10 9 8 7 6 5 4 3 2 1 0 ");
    int pages = 0;
    EXPECT_EQ(sort_keys("Query", std::string(kQuery) + ", Limit: 5", &pages),
              "0 1 2 3 4 5 6 7 8 9 10 11 ");
    EXPECT_EQ(pages, 3);
    EXPECT_EQ(
        sort_keys("Query",
                  "TableName: 't', KeyConditionExpression: 'pk = :p AND sk BETWEEN :a AND :b', "
                  "ExpressionAttributeValues: {':p': {S: 'p1'}, ':a': {N: '2'}, ':b': {N: '10'}}"),
        "2 3 4 5 6 7 8 9 10 ");
}

TEST_F(MemoryPageTest, FiltersAfterReading) {
    std::string answer = call(
        "Query", std::string("{") +
                     "TableName: 't', KeyConditionExpression: 'pk = :p', "
                     "FilterExpression: 'attribute_exists(g)', ReturnConsumedCapacity: 'TOTAL', "
                     "ExpressionAttributeValues: {':p': {S: 'p1'}}, Select: 'COUNT'}");
    EXPECT_EQ(
        answer,
        R"({"Count":6,"ScannedCount":12,"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}})");
    EXPECT_NE(
        refusal("Query",
                "{TableName: 't', KeyConditionExpression: 'pk = :p', FilterExpression: 'sk > :q', "
                "ExpressionAttributeValues: {':p': {S: 'p1'}, ':q': {N: '1'}}}"),
        "no error");
}

TEST_F(MemoryPageTest, QueriesSparseIndexes) {
    const std::string query =
        "TableName: 't', IndexName: 'by_g', KeyConditionExpression: 'g = :g', "
        "ExpressionAttributeValues: {':g': {S: 'even'}}";
    int pages = 0;
    std::string keys = sort_keys("Query", query + ", Limit: 7", &pages);
    EXPECT_EQ(pages, 5);
    EXPECT_TRUE(keys.starts_with("0 0 0 0 0 2 2 2 2 2 4 ")) << keys;
    EXPECT_EQ(
        member(call("Query", "{" + query + ", Limit: 1}"), "LastEvaluatedKey").members().size(),
        3u);
    std::string answer = call("Query", "{" + query + ", Limit: 1}");
    EXPECT_EQ(answer.find("\"a\""), std::string::npos);
    EXPECT_NE(refusal("Query", "{" + query + ", ConsistentRead: true}"), "no error");
}

TEST_F(MemoryPageTest, SegmentsDivideTheTableByPartition) {
    std::multiset<std::string> seen;
    for (int segment = 0; segment < 3; ++segment) {
        std::set<std::string> partitions;
        std::string start;
        do {
            std::string answer =
                call("Scan", "{TableName: 't', Limit: 4, TotalSegments: 3, Segment: " +
                                 std::to_string(segment) + start + "}");
            json::Value items = member(answer, "Items");
            for (const json::Value& item : items.elements()) {
                std::string pk = item.find("pk")->find("S")->text();
                partitions.insert(pk);
                seen.insert(pk + item.find("sk")->find("N")->text());
            }
            json::Value last = member(answer, "LastEvaluatedKey");
            start = last.is_null() ? "" : ", ExclusiveStartKey: " + json::to_json(last);
        } while (!start.empty());
        EXPECT_LT(partitions.size(), 5u);
    }
    EXPECT_EQ(seen.size(), 60u);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 60u);
}

TEST_F(MemoryPageTest, AStartKeyBelongsToItsSegmentAndPartition) {
    int refused = 0;
    for (int segment = 0; segment < 3; ++segment) {
        refused +=
            refusal("Scan",
                    "{TableName: 't', TotalSegments: 3, Segment: " + std::to_string(segment) +
                        ", ExclusiveStartKey: {pk: {S: 'p1'}, sk: {N: '1'}}}") != "no error";
    }
    EXPECT_EQ(refused, 2);
    EXPECT_NE(refusal("Query", std::string("{") + kQuery +
                                   ", ExclusiveStartKey: {pk: {S: 'p2'}, sk: {N: '1'}}}"),
              "no error");
    EXPECT_NE(refusal("Query", std::string("{") + kQuery + ", ExclusiveStartKey: {pk: {S: 'p1'}}}"),
              "no error");
}

TEST_F(MemoryPageTest, PagesEndAtTheirSize) {
    MemoryService small({.page_bytes = 100});
    small.create_table("t", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    for (const char* pk : {"1", "2", "3"}) {
        small.put("t", std::string(R"({"pk":{"S":")") + pk + R"("},"a":{"S":")" +
                           std::string(60, 'x') + "\"}}");
    }
    std::string answer = call_on(small, "Scan", "{TableName: 't'}");
    EXPECT_EQ(member(answer, "Count").text(), "2");
    EXPECT_FALSE(member(answer, "LastEvaluatedKey").is_null());
}

}  // namespace
}  // namespace dynamigrate::expressions
