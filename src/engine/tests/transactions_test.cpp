#include "writes_fixture.hpp"

#include <unistd.h>
#include <chrono>
#include <filesystem>
#include <thread>

namespace dynamigrate::engine {
namespace {

class Transactions : public WritesFixture {
protected:
    static std::string request(const std::string& actions, const std::string& members = "") {
        return R"({"TransactItems":[)" + actions + "]" + members + "}";
    }
    static std::string action(const char* kind, const std::string& members) {
        return std::string(R"({")") + kind + R"(":{"TableName":"plain",)" + members + "}}";
    }
    static std::string put_action(const std::string& pk, const std::string& members = "") {
        return action("Put", R"("Item":{"pk":{"S":")" + pk + R"("}})" + members);
    }
    static std::string key_action(const char* kind, const std::string& pk,
                                  const std::string& members = "") {
        return action(kind, R"("Key":{"pk":{"S":")" + pk + R"("}})" + members);
    }
    std::string transact(const std::string& actions, const std::string& members = "") {
        return call("TransactWriteItems", request(actions, members));
    }
    std::string transact_refusal(const std::string& actions, const std::string& members = "") {
        return why("TransactWriteItems", request(actions, members));
    }
    static std::string token(const std::string& text) {
        return R"(,"ReturnConsumedCapacity":"TOTAL","ClientRequestToken":")" + text + R"(")";
    }

    const std::string not_there = R"x(,"ConditionExpression":"attribute_not_exists(pk)")x";
    const std::string show = R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")";
    const std::string increment = R"(,"UpdateExpression":"ADD n :v",
                                     "ExpressionAttributeValues":{":v":{"N":"1"}})";
};

TEST_F(Transactions, DoAllFourKindsAtTwiceTheCapacity) {
    put(R"(,"n":{"N":"1"})");
    plain("PutItem", R"("Item":{"pk":{"S":"b"}})");
    EXPECT_EQ(
        transact(key_action("Update", "a", increment) + "," + key_action("Delete", "b") + "," +
                     put_action("c") + "," + key_action("ConditionCheck", "d", not_there),
                 R"(,"ReturnConsumedCapacity":"INDEXES")"),
        R"({"ConsumedCapacity":[{"TableName":"plain","CapacityUnits":8,)"
        R"("WriteCapacityUnits":8,"Table":{"CapacityUnits":8,"WriteCapacityUnits":8}}]})");
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"2"}}})");
    EXPECT_EQ(plain("GetItem", R"("Key":{"pk":{"S":"b"}})"), "{}");
    EXPECT_EQ(plain("GetItem", R"("Key":{"pk":{"S":"d"}})"), "{}");
}

TEST_F(Transactions, AreCancelledByAnyFailureWithReasonsForThoseThatFailed) {
    put(R"(,"n":{"N":"1"})");
    EXPECT_EQ(transact_refusal(
                  put_action("c") + "," + put_action("a", not_there + show) + "," +
                  put_action("d", R"x(,"ConditionExpression":"attribute_exists(pk)")x" + show)),
              R"({"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",)"
              R"("CancellationReasons":[{"Code":"None"},)"
              R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}},"Code":"ConditionalCheckFailed",)"
              R"("Message":"The conditional request failed"},)"
              R"({"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}],)"
              R"("Message":"Transaction cancelled, please refer cancellation reasons for specific )"
              R"(reasons [None, ConditionalCheckFailed, ConditionalCheckFailed]"})");
    EXPECT_EQ(plain("GetItem", R"("Key":{"pk":{"S":"c"}})"), "{}");
}

TEST_F(Transactions, AreCancelledByWhatAnItemMakesInvalid) {
    put("");
    EXPECT_THAT(transact_refusal(put_action("c") + "," +
                                 key_action("Update", "a", R"(,"UpdateExpression":"SET x = y")")),
                HasSubstr(R"("CancellationReasons":[{"Code":"None"},{"Code":"ValidationError",)"
                          R"("Message":"The provided expression refers to an attribute that does )"
                          R"(not exist in the item"}])"));
    EXPECT_THAT(transact_refusal(action("Delete", R"("Key":{"sk":{"S":"a"}})")),
                HasSubstr(R"("Message":"The provided key element does not match the schema")"));
    EXPECT_EQ(plain("GetItem", R"("Key":{"pk":{"S":"c"}})"), "{}");
}

TEST_F(Transactions, RefuseTwoActionsOnOneItem) {
    EXPECT_EQ(transact_refusal(put_action("a") + "," + key_action("Delete", "a")),
              "ValidationException: Transaction request cannot include multiple operations on one "
              "item");
}

TEST_F(Transactions, AreLimitedInNumberAndSize) {
    std::string actions = put_action("0");
    for (int i = 1; i < 101; ++i) {
        actions += "," + put_action(std::to_string(i));
    }
    EXPECT_THAT(transact_refusal(actions), HasSubstr("less than or equal to 100"));
    EXPECT_THAT(transact_refusal(""), HasSubstr("greater than or equal to 1"));
    const std::string large = R"(,"s":{"S":")" + std::string(400'000, 'x') + R"("}})";
    actions = action("Put", R"("Item":{"pk":{"S":"0"})" + large);
    for (int i = 1; i < 11; ++i) {
        actions +=
            "," + action("Put", R"("Item":{"pk":{"S":")" + std::to_string(i) + R"("})" + large);
    }
    EXPECT_THAT(transact_refusal(actions),
                StartsWith("ValidationException: Transaction payload size cannot exceed 4MB"));
    EXPECT_EQ(plain("GetItem", R"("Key":{"pk":{"S":"0"}})"), "{}");
    EXPECT_EQ(transact_refusal(action("Put", R"("Item":{"pk":{"S":"0"},"s":{"S":")" +
                                                 std::string(409'600, 'x') + R"("}})")),
              "ValidationException: Item size has exceeded the maximum allowed size");
}

TEST_F(Transactions, WantOneKindWithItsMembersInEachAction) {
    EXPECT_THAT(transact_refusal("{}"), HasSubstr("should contain Delete or Put or Update"));
    EXPECT_THAT(transact_refusal(R"({"Put":{"TableName":"plain","Item":{}},
                                     "Delete":{"TableName":"plain","Key":{}}})"),
                HasSubstr("can only contain one of Check, Put, Update or Delete"));
    EXPECT_THAT(transact_refusal(put_action("a") + "," + key_action("Update", "b") + "," +
                                 key_action("ConditionCheck", "c")),
                HasSubstr("2 validation errors detected: Value null at "
                          "'transactItems.2.member.update.updateExpression' failed to satisfy "
                          "constraint: Member must not be null; Value null at "
                          "'transactItems.3.member.conditionCheck.conditionExpression'"));
    EXPECT_THAT(transact_refusal(put_action("a", R"(,"ConditionExpression":"a b")")),
                StartsWith("ValidationException: Invalid ConditionExpression"));
}

TEST_F(Transactions, WithATokenAreDoneOnceWithinTenMinutes) {
    const std::string increment_a = key_action("Update", "a", increment);
    EXPECT_THAT(transact(increment_a, token("t1")), HasSubstr(R"("WriteCapacityUnits":2)"));
    EXPECT_EQ(transact(increment_a, token("t1")),
              R"({"ConsumedCapacity":[{"TableName":"plain","CapacityUnits":2,)"
              R"("ReadCapacityUnits":2}]})");
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    EXPECT_THAT(transact_refusal(put_action("a"), token("t1")),
                StartsWith("IdempotentParameterMismatchException"));
    clock.advance(std::chrono::minutes(9));
    transact(increment_a, token("t1"));
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    clock.advance(std::chrono::minutes(2));
    transact(increment_a, token("t1"));
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"2"}}})");
    EXPECT_THAT(transact_refusal(increment_a, token(std::string(37, 'x'))),
                HasSubstr("'clientRequestToken'"));
}

TEST_F(Transactions, WithATokenMayBeTriedAgainAfterACancellation) {
    put("");
    EXPECT_THAT(transact_refusal(put_action("a", not_there), token("t1")), HasSubstr("Canceled"));
    plain("DeleteItem", R"("Key":{"pk":{"S":"a"}})");
    transact(put_action("a", not_there), token("t1"));
    transact(put_action("a", not_there), token("t1"));
}

TEST_F(Transactions, TokensOfTransactionsWithoutAnEffectAreKept) {
    transact(key_action("ConditionCheck", "a", not_there), token("t1"));
    put("");
    transact(key_action("ConditionCheck", "a", not_there), token("t1"));
}

TEST_F(Transactions, TokensSurviveTheEngine) {
    auto directory = std::filesystem::temp_directory_path() /
                     ("dynamigrate-tokens-" + std::to_string(::getpid()));
    const EngineOptions options{.clock = &clock, .random = &random, .sweeps = false};
    engine = Engine::open(directory, options);
    call("CreateTable", R"({"TableName":"plain","BillingMode":"PAY_PER_REQUEST",
        "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
        "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}]})");
    transact(key_action("Update", "a", increment), token("t1"));
    engine.reset();
    engine = Engine::open(directory, options);
    transact(key_action("Update", "a", increment), token("t1"));
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    engine.reset();
    std::filesystem::remove_all(directory);
}

TEST_F(Transactions, DoNotLoseConcurrentIncrements) {
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 50; ++n) {
                    transact(key_action("Update", "a", increment) + "," +
                             key_action("Update", "b", increment));
                }
            });
        }
    }
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"200"}}})");
}

TEST_F(Transactions, GetsReadTogetherWithProjections) {
    put(R"(,"n":{"N":"1"})");
    EXPECT_EQ(
        call("TransactGetItems", request(key_action("Get", "a", R"(,"ProjectionExpression":"n")") +
                                             "," + key_action("Get", "none"),
                                         R"(,"ReturnConsumedCapacity":"TOTAL")")),
        R"({"Responses":[{"Item":{"n":{"N":"1"}}},{}],"ConsumedCapacity":[)"
        R"({"TableName":"plain","CapacityUnits":4,"ReadCapacityUnits":4}]})");
}

TEST_F(Transactions, GetsAreCheckedAsWritesAre) {
    auto get_refusal = [&](const std::string& actions) {
        return why("TransactGetItems", request(actions));
    };
    EXPECT_THAT(get_refusal(key_action("Get", "a") + "," + key_action("Get", "a")),
                HasSubstr("cannot include multiple operations on one item"));
    EXPECT_THAT(get_refusal(key_action("Get", "a") + "," + action("Get", R"("Key":{})")),
                HasSubstr(R"([{"Code":"None"},{"Code":"ValidationError",)"));
    EXPECT_THAT(get_refusal("{}"), HasSubstr("'transactItems.1.member.get'"));
    EXPECT_THAT(get_refusal(""), HasSubstr("greater than or equal to 1"));
    EXPECT_THAT(get_refusal(key_action("Get", "a", R"(,"ProjectionExpression":"a b")")),
                HasSubstr("Invalid ProjectionExpression"));
}

}  // namespace
}  // namespace dynamigrate::engine
