#include <dynamigrate/dynamodb/service.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

std::vector<ConsumedCapacity> capacity(const std::string& body) {
    Reply reply;
    reply.body = body;
    return reply.consumed_capacity();
}

TEST(Reply, ReadsTheTotalCapacity) {
    auto found =
        capacity(R"({"Item":{},"ConsumedCapacity":{"TableName":"app","CapacityUnits":1.5}})");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].table, "app");
    EXPECT_EQ(found[0].total, 1.5);
    EXPECT_EQ(found[0].table_units, 1.5);
    EXPECT_FALSE(found[0].read);
    EXPECT_TRUE(found[0].indexes.empty());
}

TEST(Reply, ReadsTheCapacityOfIndexes) {
    auto found = capacity(
        R"({"ConsumedCapacity" : { "CapacityUnits":6,"TableName":"app","Table":{"CapacityUnits":1},)"
        R"("GlobalSecondaryIndexes":{"by \"name\"":{"CapacityUnits":2}},)"
        R"("LocalSecondaryIndexes":{"by_date":{"CapacityUnits":3}}}})");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].total, 6);
    EXPECT_EQ(found[0].table_units, 1);
    ASSERT_EQ(found[0].indexes.size(), 2U);
    EXPECT_EQ(found[0].indexes[0], (std::pair<std::string, double>("by \"name\"", 2)));
    EXPECT_EQ(found[0].indexes[1], (std::pair<std::string, double>("by_date", 3)));
}

TEST(Reply, ReadsTheCapacityOfSeveralTables) {
    auto found = capacity(
        R"({"ConsumedCapacity":[{"TableName":"a","CapacityUnits":4,"WriteCapacityUnits":4},)"
        R"({"TableName":"b","ReadCapacityUnits":2,"WriteCapacityUnits":1}]})");
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].write, 4);
    EXPECT_EQ(found[1].table, "b");
    EXPECT_EQ(found[1].total, 3);
    EXPECT_EQ(found[1].read, 2);
}

TEST(Reply, HasNoCapacityWhereTheAnswerHasNone) {
    for (const char* body : {"", "{}", R"({"Items":[]})", R"({"ConsumedCapacity":null})",
                             R"({"ConsumedCapacity":[]})", R"({"ConsumedCapacity":{"TableName")",
                             R"({"ConsumedCapacity")", R"({"ConsumedCapacity":)"}) {
        EXPECT_TRUE(capacity(body).empty()) << body;
    }
}

TEST(Reply, DoesNotTakeAnAttributeForTheCapacity) {
    static const std::string kItems =
        R"({"Items":[{"ConsumedCapacity":{"M":{"TableName":{"S":"x"}}},)"
        R"("text":{"S":"\"ConsumedCapacity\":{\"TableName\":\"fake\",\"CapacityUnits\":9}"},)"
        R"("\"ConsumedCapacity":{"N":"1"}}])";
    EXPECT_TRUE(capacity(kItems + "}").empty());
    auto found = capacity(kItems + R"(,"ConsumedCapacity":{"TableName":"t","CapacityUnits":1}})");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].table, "t");
}

TEST(Reply, FindsTheCapacityAtAnyPlaceOfALongAnswer) {
    const std::string items(20'000, ' ');
    const std::string member = R"("ConsumedCapacity":{"TableName":"t","CapacityUnits":7})";
    for (const std::string& body :
         {"{" + member + R"(,"Items":[)" + items + "]}",
          R"({"Items":[)" + items + "]," + member + "}",
          R"({"Items":[)" + items + "]," + member + R"(,"Other":[)" + items + "]}"}) {
        auto found = capacity(body);
        ASSERT_EQ(found.size(), 1u);
        EXPECT_EQ(found[0].total, 7);
    }
}

TEST(Reply, IsAsNewAfterClear) {
    Reply reply;
    reply.body = R"({"ConsumedCapacity":{"TableName":"a","CapacityUnits":1}})";
    reply.outcome = Outcome::condition_failed;
    reply.request_id = "id";
    reply.earlier_attempt_may_have_applied = true;
    EXPECT_EQ(reply.consumed_capacity().size(), 1U);
    reply.clear();
    EXPECT_EQ(reply.outcome, Outcome::success);
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(reply.request_id, "");
    EXPECT_FALSE(reply.earlier_attempt_may_have_applied);
    EXPECT_TRUE(reply.consumed_capacity().empty());
}

TEST(Service, KnowsReadOnlyOperations) {
    for (const char* operation : {"GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan",
                                  "DescribeTable", "ListTables", "DescribeTimeToLive"}) {
        EXPECT_TRUE(is_read_only(operation)) << operation;
    }
    for (const char* operation : {"PutItem", "ExecuteStatement", "BatchExecuteStatement",
                                  "TransactWriteItems", "CreateTable", "New", ""}) {
        EXPECT_FALSE(is_read_only(operation)) << operation;
    }
}

TEST(Service, TellsTheTablesOfARequest) {
    struct Case {
        const char* operation;
        const char* body;
        std::vector<std::string> tables;
    };
    static const std::vector<Case> kCases{
        {"GetItem", R"({"Key":{"TableName":{"S":"no"}},"TableName":"app"})", {"app"}},
        {"PutItem", R"({"TableName":"arn:aws:dynamodb:us-east-1:1:table/app"})", {"app"}},
        {"Query", R"({"TableName":"arn:aws:dynamodb:us-east-1:1:table/app/index/i"})", {"app"}},
        {"BatchWriteItem", R"({"RequestItems":{"a":[],"b":[{"TableName":1}]}})", {"a", "b"}},
        {"TransactWriteItems",
         R"({"TransactItems":[{"Put":{"Item":{},"TableName":"a"}},{"Update":{"TableName":"b"}},)"
         R"({"Delete":{"TableName":"a"}},{"ConditionCheck":{"TableName":"c"}}]})",
         {"a", "b", "c"}},
        {"ExecuteStatement",
         R"({"Statement":"SELECT * FROM \"app\".\"index\" WHERE pk = 'FROM x'"})",
         {"app"}},
        {"ExecuteStatement", R"({"Statement":"select 'from no', \"FROM\" from app"})", {"app"}},
        {"ExecuteStatement", R"({"Statement":" UPDATE \"a \"\"b\" SET x = 1"})", {"a \"b"}},
        {"ExecuteStatement", R"({"Statement":"update app set x=1"})", {"app"}},
        {"ExecuteStatement", R"({"Statement":"INSERT INTO app VALUE {'pk': 'a'}"})", {"app"}},
        {"ExecuteStatement", R"({"Statement":"DELETE FROM app-2.x WHERE a=1"})", {"app-2"}},
        {"ExecuteStatement", R"_({"Statement":"EXISTS(SELECT * FROM app WHERE a=1)"})_", {"app"}},
        {"BatchExecuteStatement",
         R"({"Statements":[{"Parameters":[{"S":"FROM z"}],"Statement":"UPDATE a SET x=1"},)"
         R"({"Statement":"DELETE FROM b"}]})",
         {"a", "b"}},
        {"ExecuteTransaction",
         R"({"TransactStatements":[{"Statement":"UPDATE a SET x=1"}]})",
         {"a"}},
        {"ListTables", "{}", {}},
        {"GetItem", "no json", {}},
        {"ExecuteStatement", R"({"Statement":"FROM"})", {}},
        {"ExecuteStatement", R"({"Statement":"UPDATE \"open"})", {"open"}},
    };
    for (const Case& entry : kCases) {
        EXPECT_EQ(tables_of({entry.operation, entry.body}), entry.tables) << entry.body;
    }
}

}  // namespace
}  // namespace dynamigrate::dynamodb
