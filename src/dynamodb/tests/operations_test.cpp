#include <dynamigrate/dynamodb/operations.hpp>

#include <dynamigrate/dynamodb/testing/scripted_service.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dynamigrate::dynamodb {
namespace {

class Operations : public ::testing::Test {
protected:
    Item item(std::string_view text) { return parse_item(text, arena_); }
    std::string sent(std::size_t index = 0) { return service_.calls().at(index).body; }
    std::string operation(std::size_t index = 0) { return service_.calls().at(index).operation; }

    base::Arena arena_;
    testing::ScriptedService service_;
};

TEST_F(Operations, GetItemReadsConsistently) {
    service_.answer(R"({"Item":{"pk":{"S":"a"},"x":{"N":"1"}}})");
    auto found = get_item(service_, "app", item(R"({"pk":{"S":"a"}})"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->item.text("x"), "1");
    EXPECT_EQ(operation(), "GetItem");
    EXPECT_EQ(sent(), R"({"TableName":"app","Key":{"pk":{"S":"a"}},"ConsistentRead":true})");
}

TEST_F(Operations, GetItemOfAMissingItemIsNothing) {
    service_.answer("{}");
    EXPECT_FALSE(get_item(service_, "app", item(R"({"pk":{"S":"a"}})")));
}

TEST_F(Operations, GetItemOfABrokenAnswerIsCorrupted) {
    service_.answer("oops").answer(R"({"Item":{"pk":{"X":"a"}}})");
    for (int i = 0; i < 2; ++i) {
        try {
            get_item(service_, "app", item(R"({"pk":{"S":"a"}})"));
            ADD_FAILURE();
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::corrupted);
        }
    }
}

TEST_F(Operations, PutItemSendsTheItemAlone) {
    service_.answer("{}");
    WriteResult result = put_item(service_, "app", item(R"({"pk":{"S":"a"}})"));
    EXPECT_FALSE(result.condition_failed);
    EXPECT_FALSE(result.attributes);
    EXPECT_EQ(operation(), "PutItem");
    EXPECT_EQ(sent(), R"({"TableName":"app","Item":{"pk":{"S":"a"}}})");
}

TEST_F(Operations, PutItemGivesTheItemThatFailedTheCondition) {
    service_.answer(R"({"__type":"x#ConditionalCheckFailedException","message":"The conditional)"
                    R"( request failed","Item":{"pk":{"S":"a"},"v":{"N":"9"}}})",
                    Outcome::condition_failed, true);
    ExpressionText condition{
        "attribute_not_exists(#p) OR v = :v", {{"#p", "pk"}}, item(R"({":v":{"N":"1"}})")};
    WriteResult result = put_item(service_, "app", item(R"({"pk":{"S":"a"}})"), condition);
    EXPECT_TRUE(result.condition_failed);
    EXPECT_TRUE(result.earlier_attempt_may_have_applied);
    ASSERT_TRUE(result.attributes);
    EXPECT_EQ(result.attributes->item.text("v"), "9");
    EXPECT_EQ(sent(), R"({"TableName":"app","Item":{"pk":{"S":"a"}},)"
                      R"("ConditionExpression":"attribute_not_exists(#p) OR v = :v",)"
                      R"("ExpressionAttributeNames":{"#p":"pk"},)"
                      R"("ExpressionAttributeValues":{":v":{"N":"1"}},)"
                      R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD"})");
}

TEST_F(Operations, UpdateItemReturnsAttributes) {
    service_.answer(R"({"Attributes":{"n":{"N":"2"}}})");
    WriteResult result = update_item(service_, "app", item(R"({"pk":{"S":"a"}})"), "ADD n :one",
                                     {"", {}, item(R"({":one":{"N":"1"}})")}, "UPDATED_NEW");
    EXPECT_EQ(result.attributes->item.text("n"), "2");
    EXPECT_EQ(operation(), "UpdateItem");
    EXPECT_EQ(sent(),
              R"({"TableName":"app","Key":{"pk":{"S":"a"}},"UpdateExpression":"ADD n :one",)"
              R"("ExpressionAttributeValues":{":one":{"N":"1"}},"ReturnValues":"UPDATED_NEW"})");
}

TEST_F(Operations, DeleteItemMayBeConditional) {
    service_.answer("{}");
    delete_item(service_, "app", item(R"({"pk":{"S":"a"}})"), {"attribute_exists(pk)", {}, {}},
                "ALL_OLD");
    EXPECT_EQ(operation(), "DeleteItem");
    EXPECT_EQ(sent(),
              R"({"TableName":"app","Key":{"pk":{"S":"a"}},)"
              R"_("ConditionExpression":"attribute_exists(pk)",)_"
              R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD","ReturnValues":"ALL_OLD"})");
}

TEST_F(Operations, ScanReadsAllPages) {
    service_
        .answer(
            R"({"Items":[{"pk":{"S":"a"}},{"pk":{"S":"b"}}],"LastEvaluatedKey":{"pk":{"S":"b"}}})")
        .answer(R"({"Items":[],"LastEvaluatedKey":{"pk":{"S":"c"}}})")
        .answer(R"({"Items":[{"pk":{"S":"d"}}]})");
    std::string seen;
    scan(service_, "app", true, [&](const Item& found) {
        seen += found.text("pk");
        return true;
    });
    EXPECT_EQ(seen, "abd");
    EXPECT_EQ(sent(0), R"({"TableName":"app","ConsistentRead":true})");
    EXPECT_EQ(sent(1),
              R"({"TableName":"app","ConsistentRead":true,"ExclusiveStartKey":{"pk":{"S":"b"}}})");
    EXPECT_EQ(sent(2),
              R"({"TableName":"app","ConsistentRead":true,"ExclusiveStartKey":{"pk":{"S":"c"}}})");
}

TEST_F(Operations, ScanStopsWhenItsVisitorDoes) {
    service_.answer(
        R"({"Items":[{"pk":{"S":"a"}},{"pk":{"S":"b"}}],"LastEvaluatedKey":{"pk":{"S":"b"}}})");
    int seen = 0;
    scan(service_, "app", false, [&](const Item&) {
        ++seen;
        return false;
    });
    EXPECT_EQ(seen, 1);
    EXPECT_EQ(service_.calls().size(), 1U);
}

TEST_F(Operations, QueryAsksForNoMoreThanItsLimit) {
    service_
        .answer(
            R"({"Items":[{"pk":{"S":"a"}},{"pk":{"S":"b"}}],"LastEvaluatedKey":{"pk":{"S":"b"}}})")
        .answer(R"({"Items":[{"pk":{"S":"c"}}],"LastEvaluatedKey":{"pk":{"S":"c"}}})");
    QueryInput input;
    input.table = "app";
    input.index = "by_x";
    input.key_condition = {"x = :x", {}, item(R"({":x":{"S":"1"}})")};
    input.consistent = false;
    input.forward = false;
    input.limit = 3;
    std::string seen;
    query(service_, input, [&](const Item& found) {
        seen += found.text("pk");
        return true;
    });
    EXPECT_EQ(seen, "abc");
    EXPECT_EQ(operation(), "Query");
    EXPECT_EQ(sent(0), R"({"TableName":"app","IndexName":"by_x","KeyConditionExpression":"x = :x",)"
                       R"("ExpressionAttributeValues":{":x":{"S":"1"}},"ConsistentRead":false,)"
                       R"("ScanIndexForward":false,"Limit":3})");
    EXPECT_NE(sent(1).find(R"("Limit":1,"ExclusiveStartKey":{"pk":{"S":"b"}})"), std::string::npos);
    EXPECT_EQ(service_.calls().size(), 2U);
}

TEST_F(Operations, QueryWithLimitZeroAsksNothing) {
    QueryInput input;
    input.limit = 0;
    query(service_, input, [](const Item&) { return true; });
    EXPECT_TRUE(service_.calls().empty());
}

TEST_F(Operations, DescribeTableOfAMissingTableIsNothing) {
    service_.fail(400, "ResourceNotFoundException").answer(R"({"Table":{"TableName":"app"}})");
    EXPECT_FALSE(describe_table(service_, "app"));
    EXPECT_EQ(describe_table(service_, "app")->name, "app");
    EXPECT_EQ(sent(), R"({"TableName":"app"})");
}

TEST_F(Operations, OtherErrorsPass) {
    service_.fail(400, "AccessDeniedException");
    EXPECT_THROW(describe_table(service_, "app"), base::Error);
}

TEST_F(Operations, ListTablesReadsAllPages) {
    service_.answer(R"({"TableNames":["a","b"],"LastEvaluatedTableName":"b"})")
        .answer(R"({"TableNames":["c"]})");
    EXPECT_EQ(list_tables(service_), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(sent(0), "{}");
    EXPECT_EQ(sent(1), R"({"ExclusiveStartTableName":"b"})");
}

TEST_F(Operations, TransactWriteSendsEveryKindOfAction) {
    service_.answer("{}");
    using Kind = TransactAction::Kind;
    std::vector<TransactAction> actions{
        {Kind::put, "a", item(R"({"pk":{"S":"1"}})"), "", {}},
        {Kind::update,
         "b",
         item(R"({"pk":{"S":"2"}})"),
         "SET #x = :x",
         {"", {{"#x", "x"}}, item(R"({":x":{"N":"1"}})")}},
        {Kind::remove, "c", item(R"({"pk":{"S":"3"}})"), "", {}},
        {Kind::check, "d", item(R"({"pk":{"S":"4"}})"), "", {"attribute_exists(pk)", {}, {}}}};
    EXPECT_TRUE(transact_write(service_, actions, "token").empty());
    EXPECT_EQ(operation(), "TransactWriteItems");
    EXPECT_EQ(sent(),
              R"({"TransactItems":[{"Put":{"TableName":"a","Item":{"pk":{"S":"1"}}}},)"
              R"({"Update":{"TableName":"b","Key":{"pk":{"S":"2"}},)"
              R"("UpdateExpression":"SET #x = :x","ExpressionAttributeNames":{"#x":"x"},)"
              R"("ExpressionAttributeValues":{":x":{"N":"1"}}}},)"
              R"({"Delete":{"TableName":"c","Key":{"pk":{"S":"3"}}}},)"
              R"({"ConditionCheck":{"TableName":"d","Key":{"pk":{"S":"4"}},)"
              R"_("ConditionExpression":"attribute_exists(pk)"}}],"ClientRequestToken":"token"})_");
}

TEST_F(Operations, TransactWriteGivesCancellationCodes) {
    service_
        .answer(R"({"CancellationReasons":[{"Code":"None"},{"Code":"ConditionalCheckFailed",)"
                R"("Message":"m"}],"message":"Transaction cancelled [None, Other]"})",
                Outcome::transaction_cancelled)
        .answer(R"({"Message":"Transaction cancelled, please refer cancellation reasons for )"
                R"(specific reasons [None, ConditionalCheckFailed]"})",
                Outcome::transaction_cancelled)
        .answer(R"({"message":"cancelled"})", Outcome::transaction_cancelled);
    std::vector<TransactAction> actions(2);
    static const std::vector<std::string> kCodes{"None", "ConditionalCheckFailed"};
    EXPECT_EQ(transact_write(service_, actions), kCodes);
    EXPECT_EQ(transact_write(service_, actions), kCodes);
    EXPECT_THROW(transact_write(service_, actions), base::Error);
}

TEST_F(Operations, AStopReachesTheService) {
    std::stop_source source;
    source.request_stop();
    try {
        get_item(service_, "app", item(R"({"pk":{"S":"a"}})"), source.get_token());
        ADD_FAILURE();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::cancelled);
    }
}

}  // namespace
}  // namespace dynamigrate::dynamodb
