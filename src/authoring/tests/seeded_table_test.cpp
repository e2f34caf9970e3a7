#include "../seeded_table.hpp"

#include <dynamigrate/authoring/migration_file.hpp>
#include <dynamigrate/json/json5.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::authoring {
namespace {

constexpr const char* kFile = R"({
  "Table": {
    "TableName": "users",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "N"},
                             {"AttributeName": "mail", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [{"IndexName": "by_mail",
        "KeySchema": [{"AttributeName": "mail", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["name"]},
        "ProvisionedThroughput": {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}}],
    "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
    "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": 2}
  },
  "Seeds": [{"id": 1, "mail": "a@b.c"}, {"id": 2, "tags": ["x"]}]
})";

json::Value converted(const std::string& text) {
    return migration_of_seeded_table(json::parse_json5(text, "users.json"), "users.json");
}

TEST(SeededTable, IsAMigrationThatCreatesAndFills) {
    const json::Value tree = converted(kFile);
    EXPECT_EQ(json::to_json(*tree.find("up")->elements()[0].find("create_table")),
              R"({"name":"users","hash":{"name":"id","type":"N"},"billing":{"read":5,"write":2},)"
              R"("stream":"NEW_IMAGE","indexes":[{"name":"by_mail",)"
              R"("hash":{"name":"mail","type":"S"},"projection":["name"],)"
              R"("billing":{"read":1,"write":1}}]})");
    const migrate::Migration migration = read_migration(tree, "users", "users.json");
    ASSERT_EQ(migration.up_steps().size(), 2U);
    EXPECT_EQ(migration.up_steps()[0]->kind(), "create_table");
    EXPECT_EQ(migration.up_steps()[1]->kind(), "put");
    EXPECT_EQ(migration.up_steps()[1]->tables().front(), "users");
}

TEST(SeededTable, NeedsNoSeeds) {
    const std::string text(kFile);
    const std::string none = text.substr(0, text.rfind(",\n  \"Seeds\"")) + "}";
    EXPECT_EQ(converted(none).find("up")->elements().size(), 1U);
}

TEST(SeededTable, NamesWhatCreateTableDoesNotHave) {
    std::string text(kFile);
    text.insert(text.find("\"KeySchema\""), "\"SSESpecification\": {}, ");
    try {
        converted(text);
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_NE(std::string(error.what()).find("users.json:6"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("SSESpecification"), std::string::npos);
    }
}

TEST(SeededTable, OtherJsonIsNone) {
    for (const char* text : {R"({"Table": "x"})", R"({"up": [], "Table": {}})", "[1]",
                             R"({"Table": {"TableName": "x"}})"}) {
        EXPECT_FALSE(is_seeded_table(json::parse_json5(text, "f"))) << text;
    }
    EXPECT_TRUE(is_seeded_table(json::parse_json5(kFile, "f")));
}

}  // namespace
}  // namespace dynamigrate::authoring
