#include "engine_fixture.hpp"

#include <dynamigrate/json/json5.hpp>

namespace dynamigrate::engine {
namespace {

constexpr std::string_view kInvalid =
    "ValidationException: One or more parameter values were invalid: ";

class Tables : public EngineFixture {
protected:
    /// CreateTable of a table "tab" with these members, which come before those that every table
    /// needs.
    static std::string creation(const std::string& members, const std::string& names = "a",
                                const std::string& key = "a") {
        std::string definitions;
        for (char name : names) {
            definitions +=
                (definitions.empty() ? "" : ",") +
                (R"({"AttributeName":")" + std::string(1, name) + R"(","AttributeType":"S"})");
        }
        return R"({"TableName":"tab","AttributeDefinitions":[)" + definitions +
               R"(],"KeySchema":[)" + schema_of(key) + "]" + (members.empty() ? "" : ",") +
               members + "}";
    }
    static std::string schema_of(const std::string& key) {
        std::string schema = R"({"AttributeName":")" + key.substr(0, 1) + R"(","KeyType":"HASH"})";
        if (key.size() > 1) {
            schema += R"(,{"AttributeName":")" + key.substr(1) + R"(","KeyType":"RANGE"})";
        }
        return schema;
    }
    static std::string index(const std::string& name, const std::string& key,
                             const std::string& more = R"("Projection":{"ProjectionType":"ALL"})") {
        return R"({"IndexName":")" + name + R"(","KeySchema":[)" + schema_of(key) + "]," + more +
               "}";
    }
    json::Value described(std::string_view name = "tab") {
        std::string body = call("DescribeTable", R"({"TableName":")" + std::string(name) + "\"}");
        return *json::parse_json(body, "answer").find("Table");
    }
    static std::string text(const json::Value& value, std::string_view name) {
        const json::Value* found = value.find(name);
        return found == nullptr ? "absent" : found->text();
    }
    std::string refused_creation(const std::string& members, const std::string& names = "a",
                                 const std::string& key = "a") {
        return refusal("CreateTable", creation(members, names, key));
    }

    const std::string on_demand = R"("BillingMode":"PAY_PER_REQUEST")";
};

TEST_F(Tables, AreCreatingThenActiveThenDeletingThenGone) {
    json::Value created = *json::parse_json(call("CreateTable", creation(on_demand)), "answer")
                               .find("TableDescription");
    EXPECT_EQ(text(created, "TableStatus"), "CREATING");
    EXPECT_EQ(text(described(), "TableStatus"), "ACTIVE");
    json::Value deleted = *json::parse_json(call("DeleteTable", R"({"TableName":"tab"})"), "answer")
                               .find("TableDescription");
    EXPECT_EQ(text(deleted, "TableStatus"), "DELETING");
    EXPECT_EQ(refusal("DescribeTable", R"({"TableName":"tab"})"),
              "ResourceNotFoundException: Requested resource not found: Table: tab not found");
    EXPECT_EQ(refusal("DeleteTable", R"({"TableName":"tab"})"),
              "ResourceNotFoundException: Requested resource not found: Table: tab not found");
    call("CreateTable", creation(on_demand));
}

TEST_F(Tables, StayBetweenTwoStatesAsLongAsTransitionsTake) {
    engine = Engine::in_memory({.clock = &clock,
                                .random = &random,
                                .transition = std::chrono::seconds(10),
                                .sweeps = false});
    call("CreateTable", creation(on_demand));
    clock.advance(std::chrono::milliseconds(9'999));
    EXPECT_EQ(text(described(), "TableStatus"), "CREATING");
    EXPECT_EQ(refusal("DeleteTable", R"({"TableName":"tab"})"),
              "ResourceInUseException: Attempt to change a resource which is still in use: Table "
              "is being created: tab");
    EXPECT_NE(refusal("GetItem", R"({"TableName":"tab","Key":{"a":{"S":"x"}}})"), "");
    clock.advance(std::chrono::milliseconds(1));
    EXPECT_EQ(text(described(), "TableStatus"), "ACTIVE");
    call("DeleteTable", R"({"TableName":"tab"})");
    EXPECT_EQ(text(described(), "TableStatus"), "DELETING");
    EXPECT_EQ(refusal("CreateTable", creation(on_demand)),
              "ResourceInUseException: Table already exists: tab");
    clock.advance(std::chrono::seconds(10));
    call("CreateTable", creation(on_demand));
}

TEST_F(Tables, AreDescribed) {
    call("CreateTable",
         creation(R"("ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":6},
             "DeletionProtectionEnabled":true,"TableClass":"STANDARD_INFREQUENT_ACCESS",
             "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"},
             "SSESpecification":{"Enabled":true},
             "LocalSecondaryIndexes":[)" +
                      index("loc", "ac") + R"(],"GlobalSecondaryIndexes":[)" +
                      index("glo", "cb",
                            R"("Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["x"]},
             "ProvisionedThroughput":{"ReadCapacityUnits":7,"WriteCapacityUnits":8})") +
                      "]",
                  "abc", "ab"));
    std::string arn = "arn:aws:dynamodb:local:000000000000:table/tab";
    std::string body = call("DescribeTable", R"({"TableName":")" + arn + "\"}");
    std::string id = text(described(), "TableId");
    EXPECT_EQ(id.size(), 36U);
    EXPECT_EQ(
        body.substr(0, body.find('\0')),
        R"({"Table":{"AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},)"
        R"({"AttributeName":"b","AttributeType":"S"},{"AttributeName":"c","AttributeType":"S"}],)"
        R"("TableName":"tab","KeySchema":[{"AttributeName":"a","KeyType":"HASH"},)"
        R"({"AttributeName":"b","KeyType":"RANGE"}],"TableStatus":"ACTIVE",)"
        R"("CreationDateTime":1700000000.000,"ProvisionedThroughput":{"NumberOfDecreasesToday":0,)"
        R"("ReadCapacityUnits":5,"WriteCapacityUnits":6},"TableSizeBytes":0,"ItemCount":0,)"
        R"("TableArn":")" +
            arn + R"(","TableId":")" + id +
            R"(","LocalSecondaryIndexes":[{"IndexName":"loc","KeySchema":[)"
            R"({"AttributeName":"a","KeyType":"HASH"},{"AttributeName":"c","KeyType":"RANGE"}],)"
            R"("Projection":{"ProjectionType":"ALL"},"IndexSizeBytes":0,"ItemCount":0,)"
            R"("IndexArn":")" +
            arn +
            R"(/index/loc"}],"GlobalSecondaryIndexes":[{"IndexName":"glo","KeySchema":[)"
            R"({"AttributeName":"c","KeyType":"HASH"},{"AttributeName":"b","KeyType":"RANGE"}],)"
            R"("Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["x"]},)"
            R"("IndexStatus":"ACTIVE","ProvisionedThroughput":{"NumberOfDecreasesToday":0,)"
            R"("ReadCapacityUnits":7,"WriteCapacityUnits":8},"WarmThroughput":)"
            R"({"ReadUnitsPerSecond":7,"WriteUnitsPerSecond":8,"Status":"ACTIVE"},)"
            R"("IndexSizeBytes":0,"ItemCount":0,"IndexArn":")" +
            arn +
            R"(/index/glo"}],"StreamSpecification":{"StreamEnabled":true,)"
            R"("StreamViewType":"NEW_IMAGE"},"LatestStreamLabel":"2023-11-14T22:13:20.000",)"
            R"("LatestStreamArn":")" +
            arn +
            R"(/stream/2023-11-14T22:13:20.000","SSEDescription":{"Status":"ENABLED",)"
            R"("SSEType":"KMS","KMSMasterKeyArn":)"
            R"("arn:aws:kms:local:000000000000:alias/aws/dynamodb"},)"
            R"("TableClassSummary":{"TableClass":"STANDARD_INFREQUENT_ACCESS"},)"
            R"("DeletionProtectionEnabled":true,"WarmThroughput":{"ReadUnitsPerSecond":5,)"
            R"("WriteUnitsPerSecond":6,"Status":"ACTIVE"}}})");
}

TEST_F(Tables, CountTheirItems) {
    call("CreateTable",
         creation(on_demand + R"(,"GlobalSecondaryIndexes":[)" + index("glo", "b") + "]", "ab"));
    call("PutItem", R"({"TableName":"tab","Item":{"a":{"S":"1"},"b":{"S":"xyz"}}})");
    call("PutItem", R"({"TableName":"tab","Item":{"a":{"S":"2"}}})");
    json::Value table = described();
    EXPECT_EQ(text(table, "ItemCount"), "2");
    EXPECT_EQ(text(table, "TableSizeBytes"), "8");
    const json::Value& global = table.find("GlobalSecondaryIndexes")->elements()[0];
    EXPECT_EQ(text(global, "ItemCount"), "1");
    EXPECT_EQ(text(global, "IndexSizeBytes"), "6");
}

TEST_F(Tables, OnDemandHaveTheirBillingModeAndWarmThroughput) {
    call("CreateTable", creation(on_demand + R"(,"OnDemandThroughput":{"MaxReadRequestUnits":9})"));
    json::Value table = described();
    EXPECT_EQ(
        json::to_json(*table.find("BillingModeSummary")),
        R"({"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1700000000.000})");
    EXPECT_EQ(json::to_json(*table.find("OnDemandThroughput")),
              R"({"MaxReadRequestUnits":9,"MaxWriteRequestUnits":-1})");
    EXPECT_EQ(json::to_json(*table.find("WarmThroughput")),
              R"({"ReadUnitsPerSecond":12000,"WriteUnitsPerSecond":4000,"Status":"ACTIVE"})");
}

TEST_F(Tables, NeedValidNames) {
    EXPECT_EQ(refusal("CreateTable", "{}"),
              "ValidationException: The parameter 'TableName' is required but was not present in "
              "the request");
    for (const char* operation : {"CreateTable", "DescribeTable", "DeleteTable", "UpdateTable"}) {
        EXPECT_EQ(refusal(operation, R"({"TableName":"ab"})"),
                  "ValidationException: TableName must be at least 3 characters long and at most "
                  "255 characters long");
        EXPECT_EQ(refusal(operation, R"({"TableName":"a/b;"})"),
                  "ValidationException: 1 validation error detected: Value 'a/b;' at 'tableName' "
                  "failed to satisfy constraint: Member must satisfy regular expression pattern: "
                  "[a-zA-Z0-9_.-]+");
    }
}

TEST_F(Tables, ReportAllViolatedConstraintsAtOnce) {
    EXPECT_EQ(refusal("CreateTable", R"({"TableName":"tab","BillingMode":"FREE",
                  "AttributeDefinitions":[{"AttributeName":"a"},
                      {"AttributeName":"b","AttributeType":"SS"}],
                  "ProvisionedThroughput":{"ReadCapacityUnits":0}})"),
              "ValidationException: 6 validation errors detected: Value null at "
              "'attributeDefinitions.1.member.attributeType' failed to satisfy constraint: Member "
              "must not be null; Value 'SS' at 'attributeDefinitions.2.member.attributeType' "
              "failed to satisfy constraint: Member must satisfy enum value set: [B, N, S]; Value "
              "null at 'keySchema' failed to satisfy constraint: Member must not be null; Value "
              "'FREE' at 'billingMode' failed to satisfy constraint: Member must satisfy enum "
              "value set: [PROVISIONED, PAY_PER_REQUEST]; Value null at "
              "'provisionedThroughput.writeCapacityUnits' failed to satisfy constraint: Member "
              "must not be null; Value '0' at 'provisionedThroughput.readCapacityUnits' failed to "
              "satisfy constraint: Member must have value greater than or equal to 1");
}

TEST_F(Tables, NeedCapacityThatFitsTheBillingMode) {
    EXPECT_EQ(refused_creation(""),
              std::string(kInvalid) +
                  "ReadCapacityUnits and WriteCapacityUnits must both be specified when "
                  "BillingMode is PROVISIONED");
    std::string units = R"("ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":1})";
    EXPECT_EQ(refused_creation(on_demand + "," + units),
              std::string(kInvalid) +
                  "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when "
                  "BillingMode is PAY_PER_REQUEST");
    EXPECT_EQ(refused_creation(units + R"(,"GlobalSecondaryIndexes":[)" + index("glo", "a") + "]"),
              std::string(kInvalid) + "ProvisionedThroughput is not specified for index: glo");
    EXPECT_EQ(refused_creation(
                  on_demand + R"(,"GlobalSecondaryIndexes":[)" +
                  index("glo", "a", R"("Projection":{"ProjectionType":"ALL"},)" + units) + "]"),
              std::string(kInvalid) +
                  "ProvisionedThroughput should not be specified for index: glo when BillingMode "
                  "is PAY_PER_REQUEST");
}

TEST_F(Tables, NeedKeysThatAreDefinedAndDefinitionsThatAreUsed) {
    EXPECT_EQ(
        refused_creation(on_demand, "", "a"),
        "ValidationException: Invalid KeySchema: Some index key attribute have no definition");
    EXPECT_EQ(refused_creation(on_demand, "b", "a"),
              std::string(kInvalid) +
                  "Some index key attributes are not defined in AttributeDefinitions. Keys: [a], "
                  "AttributeDefinitions: [b]");
    EXPECT_EQ(refused_creation(on_demand, "ab", "aa"),
              "ValidationException: Both the Hash Key and the Range Key element in the KeySchema "
              "have the same name");
    EXPECT_EQ(refused_creation(on_demand, "ab", "a"),
              std::string(kInvalid) +
                  "Number of attributes in KeySchema does not exactly match number of attributes "
                  "defined in AttributeDefinitions");
    EXPECT_EQ(refused_creation(
                  on_demand + R"(,"GlobalSecondaryIndexes":[)" + index("glo", "b") + "]", "abc"),
              std::string(kInvalid) +
                  "Some AttributeDefinitions are not used. AttributeDefinitions: [a, b, c], keys "
                  "used: [a, b]");
    EXPECT_EQ(refusal("CreateTable", R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
                  "AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"}],
                  "KeySchema":[{"AttributeName":"a","KeyType":"RANGE"}]})"),
              "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH "
              "key type");
}

TEST_F(Tables, HaveLocalIndexesWithTheirHashKeyAndARangeKey) {
    auto refused = [&](const std::string& indexes, const std::string& key = "ab") {
        return refused_creation(on_demand + R"(,"LocalSecondaryIndexes":[)" + indexes + "]", "abc",
                                key);
    };
    EXPECT_EQ(refused(""), std::string(kInvalid) + "List of LocalSecondaryIndexes is empty");
    EXPECT_EQ(refused(index("loc", "ac"), "a"),
              std::string(kInvalid) +
                  "Table KeySchema does not have a range key, which is required when specifying a "
                  "LocalSecondaryIndex");
    EXPECT_EQ(refused(index("loc", "a")),
              std::string(kInvalid) + "Index KeySchema does not have a range key for index: loc");
    EXPECT_EQ(refused(index("loc", "cb")),
              std::string(kInvalid) +
                  "Index KeySchema does not have the same leading hash key as table KeySchema for "
                  "index: loc. index hash key: c, table hash key: a");
    EXPECT_EQ(refused(index("loc", "ac") + "," + index("loc", "ac")),
              std::string(kInvalid) + "Duplicate index name: loc");
    std::string six;
    for (int i = 0; i < 6; ++i) {
        six += (i == 0 ? "" : ",") + index("loc" + std::to_string(i), "ac");
    }
    EXPECT_EQ(refused(six), std::string(kInvalid) +
                                "Number of LocalSecondaryIndexes exceeds per-table limit of 5");
}

TEST_F(Tables, HaveAtMostTwentyGlobalIndexes) {
    auto indexes = [&](int count) {
        std::string list;
        for (int i = 0; i < count; ++i) {
            list += (i == 0 ? "" : ",") + index("glo" + std::to_string(i), "a");
        }
        return on_demand + R"(,"GlobalSecondaryIndexes":[)" + list + "]";
    };
    EXPECT_EQ(refused_creation(indexes(0)),
              std::string(kInvalid) + "List of GlobalSecondaryIndexes is empty");
    EXPECT_EQ(
        refused_creation(indexes(21)),
        std::string(kInvalid) + "GlobalSecondaryIndex count exceeds the per-table limit of 20");
    EXPECT_EQ(refused_creation(indexes(20)), "");
}

TEST_F(Tables, HaveProjectionsThatMakeSense) {
    auto refused = [&](const std::string& projection, int count = 1) {
        std::string list;
        for (int i = 0; i < count; ++i) {
            list += (i == 0 ? "" : ",") +
                    index("glo" + std::to_string(i), "a", R"("Projection":)" + projection);
        }
        return refused_creation(on_demand + R"(,"GlobalSecondaryIndexes":[)" + list + "]");
    };
    EXPECT_EQ(refused("{}"), std::string(kInvalid) + "Unknown ProjectionType: null");
    EXPECT_EQ(refused(R"({"ProjectionType":"ALL","NonKeyAttributes":["x"]})"),
              std::string(kInvalid) + "ProjectionType is ALL, but NonKeyAttributes is specified");
    EXPECT_EQ(
        refused(R"({"ProjectionType":"INCLUDE"})"),
        std::string(kInvalid) + "ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    EXPECT_EQ(refused("null"),
              "ValidationException: 1 validation error detected: Value null at "
              "'globalSecondaryIndexes.1.member.projection' failed to satisfy constraint: Member "
              "must not be null");
    EXPECT_EQ(refused(R"({"ProjectionType":"INCLUDE","NonKeyAttributes":["x","x"]})"),
              std::string(kInvalid) + "Cannot have two attributes with the same name");
    std::string twenty;
    for (int i = 0; i < 20; ++i) {
        twenty += (i == 0 ? "\"x" : "\",\"x") + std::to_string(i);
    }
    twenty = R"({"ProjectionType":"INCLUDE","NonKeyAttributes":[)" + twenty + "\"]}";
    EXPECT_EQ(refused(twenty, 6), std::string(kInvalid) +
                                      "The total number of NonKeyAttributes of all secondary "
                                      "indexes exceeds the per-table limit of 100");
    EXPECT_EQ(refused(twenty, 5), "");
}

TEST_F(Tables, AreProtectedAgainstDeletion) {
    call("CreateTable", creation(on_demand + R"(,"DeletionProtectionEnabled":true)"));
    EXPECT_EQ(refusal("DeleteTable", R"({"TableName":"tab"})"),
              "ValidationException: Resource cannot be deleted as it is currently protected "
              "against deletion. Disable deletion protection first.");
    call("UpdateTable", R"({"TableName":"tab","DeletionProtectionEnabled":false})");
    call("DeleteTable", R"({"TableName":"tab"})");
}

TEST_F(Tables, ForgetTheirItemsWhenDeleted) {
    call("CreateTable", creation(on_demand));
    call("PutItem", R"({"TableName":"tab","Item":{"a":{"S":"1"}}})");
    call("DeleteTable", R"({"TableName":"tab"})");
    call("CreateTable", creation(on_demand));
    EXPECT_EQ(text(described(), "ItemCount"), "0");
}

TEST_F(Tables, AreListedInPages) {
    for (const char* name : {"bbb", "aaa", "ccc"}) {
        std::string body = creation(on_demand);
        call("CreateTable", body.replace(body.find("tab"), 3, name));
    }
    call("DeleteTable", R"({"TableName":"ccc"})");
    EXPECT_EQ(call("ListTables", "{}"), R"({"TableNames":["aaa","bbb"]})");
    EXPECT_EQ(call("ListTables", R"({"Limit":1})"),
              R"({"TableNames":["aaa"],"LastEvaluatedTableName":"aaa"})");
    EXPECT_EQ(call("ListTables", R"({"ExclusiveStartTableName":"aaa"})"),
              R"({"TableNames":["bbb"]})");
    EXPECT_EQ(call("ListTables", R"({"ExclusiveStartTableName":"zzz"})"), R"({"TableNames":[]})");
    EXPECT_EQ(refusal("ListTables", R"({"Limit":101})"),
              "ValidationException: 1 validation error detected: Value '101' at 'limit' failed to "
              "satisfy constraint: Member must have value less than or equal to 100");
}

}  // namespace
}  // namespace dynamigrate::engine
