#include <dynamigrate/dynamodb/table.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

constexpr std::string_view kFull = R"({"Table":{
  "TableName":"app","TableStatus":"ACTIVE","TableArn":"arn:aws:dynamodb:us-east-1:1:table/app",
  "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"},
    {"AttributeName":"sk","AttributeType":"N"},{"AttributeName":"g","AttributeType":"B"}],
  "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"sk","KeyType":"RANGE"}],
  "ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":7,"NumberOfDecreasesToday":0},
  "WarmThroughput":{"ReadUnitsPerSecond":12000,"WriteUnitsPerSecond":4000,"Status":"ACTIVE"},
  "OnDemandThroughput":{"MaxReadRequestUnits":-1,"MaxWriteRequestUnits":100},
  "GlobalSecondaryIndexes":[{"IndexName":"by_g","IndexStatus":"CREATING","Backfilling":true,
    "KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],"ItemCount":3,
    "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["a","b"]},
    "ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":2}}],
  "LocalSecondaryIndexes":[{"IndexName":"local","ItemCount":4,
    "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},{"AttributeName":"g","KeyType":"RANGE"}],
    "Projection":{"ProjectionType":"KEYS_ONLY"}}],
  "StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"},
  "Replicas":[{"RegionName":"eu-west-1"},{"RegionName":"eu-central-1"}],
  "DeletionProtectionEnabled":true,"ItemCount":12345678901,"TableSizeBytes":99,"Unknown":[1.50]}})";

TEST(TableDescription, ReadsWhatDescribeTableTells) {
    TableDescription table = parse_table_description(kFull);
    EXPECT_EQ(table.name, "app");
    EXPECT_EQ(table.status, "ACTIVE");
    EXPECT_EQ(table.arn, "arn:aws:dynamodb:us-east-1:1:table/app");
    EXPECT_EQ(table.key.hash, (KeyAttribute{"pk", AttributeType::string}));
    EXPECT_EQ(table.key.sort, (KeyAttribute{"sk", AttributeType::number}));
    EXPECT_EQ(table.attribute_definitions.size(), 3U);
    EXPECT_FALSE(table.is_on_demand);
    EXPECT_EQ(table.provisioned.read, 5);
    EXPECT_EQ(table.provisioned.write, 7);
    ASSERT_TRUE(table.warm);
    EXPECT_EQ(table.warm->read, 12000);
    EXPECT_EQ(table.warm->write, 4000);
    ASSERT_TRUE(table.on_demand_maximum);
    EXPECT_EQ(table.on_demand_maximum->read, -1);
    EXPECT_EQ(table.on_demand_maximum->write, 100);
    EXPECT_EQ(table.item_count, 12345678901);
    EXPECT_EQ(table.size_bytes, 99);
    EXPECT_TRUE(table.has_deletion_protection);
    EXPECT_TRUE(table.has_stream);
    EXPECT_EQ(table.replicas, (std::vector<std::string>{"eu-west-1", "eu-central-1"}));
    EXPECT_NE(table.raw.find(R"("Unknown":[1.50])"), std::string::npos);
}

TEST(TableDescription, ReadsIndexes) {
    TableDescription table = parse_table_description(kFull);
    ASSERT_EQ(table.indexes.size(), 2U);
    const IndexDescription* global = table.index("by_g");
    ASSERT_NE(global, nullptr);
    EXPECT_EQ(global->status, "CREATING");
    EXPECT_TRUE(global->is_backfilling);
    EXPECT_FALSE(global->is_local);
    EXPECT_EQ(global->key.hash, (KeyAttribute{"g", AttributeType::binary}));
    EXPECT_FALSE(global->key.sort);
    EXPECT_EQ(global->projection, ProjectionType::include);
    EXPECT_EQ(global->non_key_attributes, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(global->provisioned.write, 2);
    EXPECT_EQ(global->item_count, 3);
    const IndexDescription* local = table.index("local");
    ASSERT_NE(local, nullptr);
    EXPECT_TRUE(local->is_local);
    EXPECT_EQ(local->status, "");
    EXPECT_EQ(local->projection, ProjectionType::keys_only);
    EXPECT_EQ(table.index("absent"), nullptr);
}

TEST(TableDescription, ReadsAnIndexThatIsGoingWithoutItsDefinitions) {
    const std::string body =
        R"({"Table":{"TableName":"t","GlobalSecondaryIndexes":[{"IndexName":"i","IndexStatus":"X",)"
        R"("KeySchema":[{"AttributeName":"gone","KeyType":"HASH"}]}]}})";
    EXPECT_THROW(parse_table_description(body), base::Error);
    std::string going = body;
    going.replace(going.find("\"X\""), 3, "\"DELETING\"");
    EXPECT_EQ(parse_table_description(going).index("i")->key.hash.name, "gone");
}

TEST(TableDescription, IsOnDemandOnlyWhenItSaysSo) {
    static const std::string kBegin = R"({"TableDescription":{"TableName":"t")";
    EXPECT_FALSE(parse_table_description(kBegin + "}}").is_on_demand);
    EXPECT_TRUE(parse_table_description(
                    kBegin + R"(,"BillingModeSummary":{"BillingMode":"PAY_PER_REQUEST"}}})")
                    .is_on_demand);
    EXPECT_FALSE(
        parse_table_description(kBegin + R"(,"BillingModeSummary":{"BillingMode":"PROVISIONED"}}})")
            .is_on_demand);
    EXPECT_FALSE(parse_table_description(kBegin + "}}").warm);
}

TEST(TableDescription, CallsAnythingElseCorrupted) {
    for (const char* body :
         {"", "[]", "{}", R"({"Table":{}})", R"({"Table":1})",
          R"({"Table":{"TableName":"t","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]}})",
          R"({"Table":{"TableName":"t","AttributeDefinitions":[{"AttributeName":"a"}]}})"}) {
        try {
            parse_table_description(body);
            ADD_FAILURE() << "accepted " << body;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::corrupted) << body;
        }
    }
}

TEST(KeySchema, TakesTheKeyOfAnItem) {
    KeySchema schema{{"pk", AttributeType::string}, KeyAttribute{"sk", AttributeType::number}};
    EXPECT_TRUE(schema.contains("pk"));
    EXPECT_TRUE(schema.contains("sk"));
    EXPECT_FALSE(schema.contains("x"));
    base::Arena arena;
    OwnedItem key;
    {
        base::Arena short_lived;
        Item item = parse_item(R"({"x":{"S":"1"},"sk":{"N":"2"},"pk":{"S":"a"}})", short_lived);
        key.item = schema.key_of(item, key.arena);
    }
    EXPECT_EQ(to_wire_json(key.item), R"({"pk":{"S":"a"},"sk":{"N":"2"}})");
    Item keyless = parse_item(R"({"pk":{"S":"a"}})", arena);
    EXPECT_THROW(schema.key_of(keyless, arena), base::Error);
}

TEST(KeyDigest, IsTheSameForTheSameKey) {
    base::Arena arena;
    auto digest = [&](std::string_view text) { return key_digest(parse_item(text, arena)); };
    EXPECT_EQ(digest(R"({"pk":{"S":"secret"},"sk":{"N":"1"}})"),
              digest(R"({"sk":{"N":"1.0"},"pk":{"S":"secret"}})"));
    EXPECT_NE(digest(R"({"pk":{"S":"a"}})"), digest(R"({"pk":{"S":"b"}})"));
    EXPECT_NE(digest(R"({"pk":{"S":"1"}})"), digest(R"({"pk":{"N":"1"}})"));
    std::string text = digest(R"({"pk":{"S":"secret"}})");
    EXPECT_EQ(text.substr(0, 4), "key ");
    EXPECT_EQ(text.size(), 16U);
    EXPECT_EQ(text.find("secret"), std::string::npos);
}

TEST(CompareKeys, OrdersAsDynamoDbSorts) {
    auto s = [](std::string_view text) { return AttributeValue::string(text); };
    auto n = [](std::string_view text) { return AttributeValue::number(text); };
    EXPECT_EQ(compare_keys(s("a"), s("b")), std::strong_ordering::less);
    EXPECT_EQ(compare_keys(s("a"), s("ab")), std::strong_ordering::less);
    EXPECT_EQ(compare_keys(s("Z"), s("a")), std::strong_ordering::less);
    EXPECT_EQ(compare_keys(s("z"), s("ä")), std::strong_ordering::less);
    EXPECT_EQ(compare_keys(n("9"), n("10")), std::strong_ordering::less);
    EXPECT_EQ(compare_keys(n("1.0"), n("1")), std::strong_ordering::equal);
    EXPECT_EQ(compare_keys(AttributeValue::binary("\xff"), AttributeValue::binary("\x01")),
              std::strong_ordering::greater);
}

}  // namespace
}  // namespace dynamigrate::dynamodb
