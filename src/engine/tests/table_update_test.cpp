#include "engine_fixture.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/json/json5.hpp>

namespace dynamigrate::engine {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kInvalid =
    "ValidationException: One or more parameter values were invalid: ";

class TableUpdates : public EngineFixture {
protected:
    void SetUp() override { EngineFixture::create_table(); }

    /// Transitions take ten seconds from now on; the table is there.
    void slow_down() {
        engine = Engine::in_memory(
            {.clock = &clock, .random = &random, .transition = 10s, .sweeps = false});
        EngineFixture::create_table();
        clock.advance(10s);
    }
    static std::string request(const std::string& members) {
        return R"({"TableName":"tab",)" + members + "}";
    }
    void update(const std::string& members) { call("UpdateTable", request(members)); }
    std::string refused(const std::string& members) {
        return refusal("UpdateTable", request(members));
    }
    json::Value described() {
        return *json::parse_json(call("DescribeTable", R"({"TableName":"tab"})"), "answer")
                    .find("Table");
    }
    /// "STATUS", and of the first global index "STATUS" and Backfilling.
    std::string statuses() { return statuses_in(described()); }
    static std::string statuses_in(const json::Value& table) {
        std::string text = table.find("TableStatus")->text();
        if (const json::Value* indexes = table.find("GlobalSecondaryIndexes")) {
            const json::Value& index = indexes->elements()[0];
            text += " " + index.find("IndexStatus")->text();
            if (const json::Value* flag = index.find("Backfilling")) {
                text += flag->as_boolean() ? " backfilling" : " not backfilling";
            }
        }
        return text;
    }
    std::string member(std::string_view name) {
        json::Value table = described();
        const json::Value* found = table.find(name);
        return found == nullptr ? "absent" : json::to_json(*found);
    }
    static std::string creation(const std::string& name, const std::string& attribute = "size",
                                const std::string& type = "N") {
        return R"("AttributeDefinitions":[{"AttributeName":")" + attribute +
               R"(","AttributeType":")" + type +
               R"("}],"GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":")" + name +
               R"(","KeySchema":[{"AttributeName":")" + attribute +
               R"(","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}])";
    }
    static std::string removal(const std::string& name) {
        return R"("GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":")" + name + R"("}}])";
    }
    void put(const std::string& key, const std::string& size) {
        call("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":")" + key +
                            R"("},"sk":{"S":"x"},"size":)" + size + "}}");
    }
    std::string indexed(const std::string& name) {
        return call("Scan", R"({"TableName":"tab","IndexName":")" + name +
                                R"(","ProjectionExpression":"pk"})");
    }
};

TEST_F(TableUpdates, ChangeTheBillingModeAndBack) {
    EXPECT_EQ(refused(R"("BillingMode":"PROVISIONED")"),
              std::string(kInvalid) +
                  "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    std::string units = R"("ProvisionedThroughput":{"ReadCapacityUnits":3,"WriteCapacityUnits":4})";
    EXPECT_EQ(refused(units), std::string(kInvalid) +
                                  "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                  "specified when BillingMode is PAY_PER_REQUEST");
    update(R"("BillingMode":"PROVISIONED",)" + units);
    EXPECT_EQ(
        member("BillingModeSummary"),
        R"({"BillingMode":"PROVISIONED","LastUpdateToPayPerRequestDateTime":1700000000.000})");
    clock.advance(1s);
    update(R"("BillingMode":"PAY_PER_REQUEST")");
    EXPECT_EQ(
        member("BillingModeSummary"),
        R"({"BillingMode":"PAY_PER_REQUEST","LastUpdateToPayPerRequestDateTime":1700000001.000})");
    EXPECT_NE(member("ProvisionedThroughput").find(R"("ReadCapacityUnits":0)"), std::string::npos);
}

TEST_F(TableUpdates, NeedCapacityOfEachIndexWhenTheTableGetsProvisioned) {
    update(creation("by-size"));
    std::string change =
        R"("BillingMode":"PROVISIONED","ProvisionedThroughput":
           {"ReadCapacityUnits":3,"WriteCapacityUnits":4})";
    EXPECT_EQ(refused(change),
              std::string(kInvalid) + "ProvisionedThroughput must be specified for index: by-size");
    update(change + R"(,"GlobalSecondaryIndexUpdates":[{"Update":{"IndexName":"by-size",
               "ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":6}}}])");
    EXPECT_NE(member("GlobalSecondaryIndexes").find(R"("ReadCapacityUnits":5)"), std::string::npos);
}

TEST_F(TableUpdates, CountDecreasesOfTheDay) {
    auto provision = [&](int read, int write) {
        update(R"("BillingMode":"PROVISIONED","ProvisionedThroughput":{"ReadCapacityUnits":)" +
               std::to_string(read) + R"(,"WriteCapacityUnits":)" + std::to_string(write) + "}");
    };
    provision(9, 9);
    EXPECT_EQ(refused(R"("ProvisionedThroughput":{"ReadCapacityUnits":9,"WriteCapacityUnits":9})")
                  .substr(0, 98),
              "ValidationException: The provisioned throughput for the table will not change. The "
              "requested value");
    provision(8, 9);
    provision(8, 8);
    EXPECT_EQ(member("ProvisionedThroughput"),
              R"({"LastIncreaseDateTime":1700000000.000,"LastDecreaseDateTime":1700000000.000,)"
              R"("NumberOfDecreasesToday":2,"ReadCapacityUnits":8,"WriteCapacityUnits":8})");
    clock.advance(24h);
    EXPECT_NE(member("ProvisionedThroughput").find(R"("NumberOfDecreasesToday":0)"),
              std::string::npos);
}

TEST_F(TableUpdates, SwitchTheStreamOnAndOff) {
    EXPECT_EQ(refused(R"("StreamSpecification":{"StreamEnabled":false})"),
              "ValidationException: Table has no stream to disable: TableName: tab");
    std::string on = R"("StreamSpecification":{"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"})";
    update(on);
    EXPECT_EQ(member("StreamSpecification"),
              R"({"StreamEnabled":true,"StreamViewType":"OLD_IMAGE"})");
    EXPECT_EQ(refused(on),
              "ValidationException: Table already has an enabled stream: TableName: tab");
    update(R"("StreamSpecification":{"StreamEnabled":false})");
    EXPECT_EQ(member("StreamSpecification"), "absent");
    EXPECT_EQ(member("LatestStreamLabel"), R"("2023-11-14T22:13:20.000")");
}

TEST_F(TableUpdates, ChangeSettings) {
    update(R"("TableClass":"STANDARD_INFREQUENT_ACCESS","DeletionProtectionEnabled":true,
              "OnDemandThroughput":{"MaxReadRequestUnits":7,"MaxWriteRequestUnits":8},
              "WarmThroughput":{"ReadUnitsPerSecond":20000})");
    EXPECT_EQ(member("TableClassSummary"), R"({"TableClass":"STANDARD_INFREQUENT_ACCESS"})");
    EXPECT_EQ(member("DeletionProtectionEnabled"), "true");
    EXPECT_EQ(member("OnDemandThroughput"),
              R"({"MaxReadRequestUnits":7,"MaxWriteRequestUnits":8})");
    EXPECT_EQ(member("WarmThroughput"),
              R"({"ReadUnitsPerSecond":20000,"WriteUnitsPerSecond":4000,"Status":"ACTIVE"})");
    update(R"("OnDemandThroughput":{"MaxReadRequestUnits":-1})");
    EXPECT_EQ(member("OnDemandThroughput"),
              R"({"MaxReadRequestUnits":-1,"MaxWriteRequestUnits":8})");
}

TEST_F(TableUpdates, NeedSomethingToUpdate) {
    EXPECT_EQ(refusal("UpdateTable", R"({"TableName":"tab"})"),
              "ValidationException: At least one of ProvisionedThroughput, BillingMode, "
              "UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or "
              "ReplicaUpdates is required");
    EXPECT_EQ(refused(R"("GlobalSecondaryIndexUpdates":[{}])"),
              std::string(kInvalid) +
                  "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
                  "GlobalSecondaryIndexUpdate.Delete must not be null");
    EXPECT_EQ(refusal("UpdateTable", R"({"TableName":"nope","BillingMode":"PAY_PER_REQUEST"})"),
              "ResourceNotFoundException: Requested resource not found: Table: nope not found");
}

TEST_F(TableUpdates, BuildAnIndexOfTheItemsThatFit) {
    put("fits", R"({"N":"1"})");
    put("other", R"({"S":"1"})");
    update(creation("by-size"));
    EXPECT_EQ(statuses(), "ACTIVE ACTIVE");
    EXPECT_EQ(indexed("by-size"), R"({"Items":[{"pk":{"S":"fits"}}],"Count":1,"ScannedCount":1})");
    EXPECT_EQ(member("AttributeDefinitions"), R"([{"AttributeName":"pk","AttributeType":"S"},)"
                                              R"({"AttributeName":"sk","AttributeType":"S"},)"
                                              R"({"AttributeName":"size","AttributeType":"N"}])");
}

TEST_F(TableUpdates, TakeIndexesThroughTheirLife) {
    slow_down();
    put("a", R"({"N":"1"})");
    json::Value answer =
        json::parse_json(call("UpdateTable", request(creation("by-size"))), "answer");
    EXPECT_EQ(statuses_in(*answer.find("TableDescription")), "UPDATING CREATING not backfilling");
    EXPECT_EQ(statuses(), "UPDATING CREATING not backfilling");
    EXPECT_EQ(refused(removal("by-size")),
              "ResourceInUseException: Attempt to change a resource which is still in use: Table "
              "is being updated: tab");
    clock.advance(10s);
    EXPECT_EQ(statuses(), "ACTIVE CREATING backfilling");
    EXPECT_EQ(refused(creation("second")),
              "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be "
              "created or deleted simultaneously per table");
    EXPECT_EQ(refusal("DeleteTable", R"({"TableName":"tab"})"),
              "ResourceInUseException: Attempt to change a resource which is still in use: Index "
              "is being created: by-size");
    put("b", R"({"N":"2"})");
    update(removal("by-size"));
    EXPECT_EQ(statuses(), "UPDATING DELETING");
    clock.advance(10s);
    while (statuses() != "ACTIVE") {
        std::this_thread::yield();
    }
    EXPECT_EQ(member("AttributeDefinitions"), R"([{"AttributeName":"pk","AttributeType":"S"},)"
                                              R"({"AttributeName":"sk","AttributeType":"S"}])");
}

TEST_F(TableUpdates, ShowWritesOfTheTimeOfTheBuildInTheIndex) {
    slow_down();
    put("before", R"({"N":"1"})");
    update(creation("by-size"));
    put("meanwhile", R"({"N":"1"})");
    clock.advance(10s);
    EXPECT_EQ(statuses(), "ACTIVE CREATING backfilling");
    clock.advance(10s);
    while (statuses() != "ACTIVE ACTIVE") {
        std::this_thread::yield();
    }
    EXPECT_EQ(indexed("by-size").find(R"("Count":2)") == std::string::npos, false);
}

TEST_F(TableUpdates, AdmitOneIndexChangeAtATime) {
    update(creation("one"));
    EXPECT_EQ(refused(R"("GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"one"}},
                         {"Delete":{"IndexName":"two"}}])"),
              "LimitExceededException: Subscriber limit exceeded: Only 1 online index can be "
              "created or deleted simultaneously per table");
    EXPECT_EQ(refused(R"("GlobalSecondaryIndexUpdates":[{"Delete":{"IndexName":"one"}},
                         {"Delete":{"IndexName":"one"}}])"),
              std::string(kInvalid) +
                  "Only one global secondary index update per index is allowed simultaneously. "
                  "Index: one");
    update(removal("one"));
    update(creation("one", "other", "S"));
    EXPECT_EQ(statuses(), "ACTIVE ACTIVE");
}

TEST_F(TableUpdates, CheckNewIndexes) {
    update(creation("one"));
    EXPECT_EQ(refused(creation("one")),
              std::string(kInvalid) + "Attempting to create an index which already exists");
    EXPECT_EQ(refused(creation("two", "size", "S")),
              std::string(kInvalid) +
                  "Table KeySchema or index attribute size is already defined with type N");
    EXPECT_EQ(refused(removal("two")),
              "ResourceNotFoundException: Requested resource not found: Index: two not found in "
              "table: tab");
    EXPECT_EQ(refused(R"("GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"two",
                         "KeySchema":[{"AttributeName":"new","KeyType":"HASH"}],
                         "Projection":{"ProjectionType":"ALL"}}}])"),
              std::string(kInvalid) +
                  "Some index key attributes are not defined in AttributeDefinitions. Keys: "
                  "[new], AttributeDefinitions: [pk, sk, size]");
}

TEST_F(TableUpdates, IgnoreDefinitionsThatNoKeyUses) {
    update(R"("AttributeDefinitions":[{"AttributeName":"a","AttributeType":"S"},
              {"AttributeName":"b","AttributeType":"S"},{"AttributeName":"pk","AttributeType":"S"}],
              "GlobalSecondaryIndexUpdates":[{"Create":{"IndexName":"one","KeySchema":[
              {"AttributeName":"a","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}}])");
    EXPECT_EQ(member("AttributeDefinitions"), R"([{"AttributeName":"pk","AttributeType":"S"},)"
                                              R"({"AttributeName":"sk","AttributeType":"S"},)"
                                              R"({"AttributeName":"a","AttributeType":"S"}])");
}

TEST_F(TableUpdates, LeaveTheTableAsItWasWhenRefused) {
    EXPECT_NE(
        refused(R"("DeletionProtectionEnabled":true,"TableClass":"STANDARD",)" + removal("nope")),
        "");
    EXPECT_EQ(member("DeletionProtectionEnabled"), "false");
}

TEST(TablesOnDisk, AreThereAgainAndGoOnWithWhatWasUnderWay) {
    base::TemporaryDirectory directory;
    base::FakeClock clock;
    EngineOptions options{.clock = &clock, .transition = 10s, .sweeps = false};
    auto call = [](Engine& engine, std::string_view operation, std::string_view body) {
        dynamodb::Reply reply;
        engine.call({.operation = operation, .body = body}, reply);
        return reply.body;
    };
    {
        auto engine = Engine::open(directory.path(), options);
        for (const char* name : {"tab", "gone"}) {
            call(*engine, "CreateTable",
                 R"({"BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[
                     {"AttributeName":"pk","AttributeType":"S"}],"KeySchema":[
                     {"AttributeName":"pk","KeyType":"HASH"}],"TableName":")" +
                     std::string(name) + "\"}");
        }
        clock.advance(10s);
        call(*engine, "PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"a"},"x":{"N":"1"}}})");
        call(*engine, "DeleteTable", R"({"TableName":"gone"})");
        call(*engine, "UpdateTable", R"({"TableName":"tab","AttributeDefinitions":[
             {"AttributeName":"x","AttributeType":"N"}],"GlobalSecondaryIndexUpdates":[{"Create":{
             "IndexName":"idx","KeySchema":[{"AttributeName":"x","KeyType":"HASH"}],
             "Projection":{"ProjectionType":"ALL"}}}]})");
    }
    options.transition = 0s;
    auto engine = Engine::open(directory.path(), options);
    EXPECT_EQ(call(*engine, "ListTables", "{}"), R"({"TableNames":["tab"]})");
    call(*engine, "DescribeTable", R"({"TableName":"tab"})");
    EXPECT_EQ(call(*engine, "Scan", R"({"TableName":"tab","IndexName":"idx"})"),
              R"({"Items":[{"pk":{"S":"a"},"x":{"N":"1"}}],"Count":1,"ScannedCount":1})");
}

}  // namespace
}  // namespace dynamigrate::engine
