#include "writes_fixture.hpp"

namespace dynamigrate::engine {
namespace {

class Gets : public WritesFixture {
protected:
    std::string get(const std::string& members) {
        return plain("GetItem", R"("Key":{"pk":{"S":"a"}})" + members);
    }
    std::string get_refusal(const std::string& members) {
        return plain_refusal("GetItem", R"("Key":{"pk":{"S":"a"}})" + members);
    }
    std::string batch(const std::string& tables, const std::string& members = "") {
        return call("BatchGetItem", R"({"RequestItems":{)" + tables + "}" + members + "}");
    }
    std::string batch_refusal(const std::string& tables) {
        return why("BatchGetItem", R"({"RequestItems":{)" + tables + "}}");
    }
    /// "Keys" of `count` items named by numbers.
    static std::string keys(int count) {
        std::string text = R"("Keys":[)";
        for (int i = 0; i < count; ++i) {
            text +=
                std::string(i > 0 ? "," : "") + R"({"pk":{"S":")" + std::to_string(i) + R"("}})";
        }
        return text + "]";
    }
};

TEST_F(Gets, ProjectionsShowPartsAndOldParametersDoToo) {
    put(R"(,"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}},"n":{"N":"3"})");
    EXPECT_EQ(get(R"(,"ProjectionExpression":"m.#y, n","ExpressionAttributeNames":{"#y":"y"})"),
              R"({"Item":{"m":{"M":{"y":{"N":"2"}}},"n":{"N":"3"}}})");
    EXPECT_EQ(get(R"(,"AttributesToGet":["n","none"])"), R"({"Item":{"n":{"N":"3"}}})");
    EXPECT_EQ(get(R"(,"ProjectionExpression":"unset_one")"), R"({"Item":{}})");
}

TEST_F(Gets, WhatIsNotThereIsAbsentAndCostsHalfAUnit) {
    EXPECT_EQ(get(R"(,"ReturnConsumedCapacity":"TOTAL")"),
              R"({"ConsumedCapacity":{"TableName":"plain","CapacityUnits":0.5}})");
    EXPECT_EQ(get(R"(,"ConsistentRead":true,"ReturnConsumedCapacity":"INDEXES")"),
              R"({"ConsumedCapacity":{"TableName":"plain","CapacityUnits":1,)"
              R"("Table":{"CapacityUnits":1}}})");
}

TEST_F(Gets, ProjectionsAreCheckedBeforeTheTable) {
    EXPECT_EQ(get_refusal(R"(,"ProjectionExpression":"a","AttributesToGet":["a"])"),
              "ValidationException: Can not use both expression and non-expression parameters in "
              "the same request: Non-expression parameters: {AttributesToGet} Expression "
              "parameters: {ProjectionExpression}");
    EXPECT_EQ(get_refusal(R"(,"AttributesToGet":["a","a"])"),
              "ValidationException: One or more parameter values were invalid: Duplicate value in "
              "attribute name: a");
    EXPECT_THAT(get_refusal(R"(,"AttributesToGet":[])"), HasSubstr("length greater than or equal"));
    EXPECT_THAT(get_refusal(R"(,"ExpressionAttributeNames":{"#a":"b"})"),
                HasSubstr("can only be specified when using expressions"));
    EXPECT_THAT(why("GetItem", R"({"TableName":"nonesuch","Key":{"pk":{"S":"a"}},
                    "ProjectionExpression":"a b"})"),
                HasSubstr("Invalid ProjectionExpression"));
    EXPECT_THAT(why("GetItem", R"({"TableName":"nonesuch","Key":{"pk":{"S":"a"}}})"),
                StartsWith("ResourceNotFoundException"));
}

TEST_F(Gets, ABatchReadsSeveralTablesEachInItsOwnWay) {
    put(R"(,"n":{"N":"3"})");
    call("PutItem", R"({"TableName":"rich","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"n":{"N":"4"}}})");
    EXPECT_EQ(batch(R"("plain":{"Keys":[{"pk":{"S":"none"}},{"pk":{"S":"a"}}],
                        "ProjectionExpression":"n"},
                      "rich":{"Keys":[{"pk":{"S":"a"},"sk":{"N":"1.0"}}],"ConsistentRead":true,
                        "AttributesToGet":["sk"]})",
                    R"(,"ReturnConsumedCapacity":"TOTAL")"),
              R"({"Responses":{"plain":[{"n":{"N":"3"}}],"rich":[{"sk":{"N":"1"}}]},)"
              R"("UnprocessedKeys":{},"ConsumedCapacity":[)"
              R"({"TableName":"plain","CapacityUnits":1},)"
              R"({"TableName":"rich","CapacityUnits":1}]})");
}

TEST_F(Gets, ABatchEndsAtSixteenMegabytes) {
    const std::string large(400'000, 'x');
    for (int i = 0; i < 44; ++i) {
        plain("PutItem",
              R"("Item":{"pk":{"S":")" + std::to_string(i) + R"("},"s":{"S":")" + large + R"("}})");
    }
    std::string answer =
        batch(R"("plain":{)" + keys(44) + R"(,"ProjectionExpression":"pk","ConsistentRead":true})");
    EXPECT_THAT(answer, HasSubstr(R"({"pk":{"S":"41"}})"));
    EXPECT_THAT(answer,
                testing::EndsWith(R"("UnprocessedKeys":{"plain":{"Keys":)"
                                  R"([{"pk":{"S":"42"}},{"pk":{"S":"43"}}],)"
                                  R"("ProjectionExpression":"pk","ConsistentRead":true}}})"));
}

TEST_F(Gets, BatchesAreLimitedAndWithoutDuplicates) {
    EXPECT_EQ(batch_refusal(R"("plain":{)" + keys(101) + "}"),
              "ValidationException: Too many items requested for the BatchGetItem call");
    EXPECT_EQ(why("BatchGetItem", R"({"RequestItems":{"rich":{"Keys":[
                  {"pk":{"S":"a"},"sk":{"N":"1"}},{"sk":{"N":"1.0"},"pk":{"S":"a"}}]}}})"),
              "ValidationException: Provided list of item keys contains duplicates");
    EXPECT_THAT(batch_refusal(""), HasSubstr("Value '{}' at 'requestItems'"));
    EXPECT_THAT(why("BatchGetItem", "{}"), HasSubstr("Value null at 'requestItems'"));
    EXPECT_THAT(batch_refusal(R"("plain":{})"), HasSubstr("'requestItems.plain.member.keys'"));
    EXPECT_THAT(batch_refusal(R"("plain":{"Keys":[]})"), HasSubstr("less than or equal to 100"));
    EXPECT_THAT(batch_refusal(R"("p":{)" + keys(1) + "}"), HasSubstr("greater than or equal to 3"));
    EXPECT_THAT(batch_refusal(R"("nonesuch":{)" + keys(1) + "}"),
                StartsWith("ResourceNotFoundException"));
}

}  // namespace
}  // namespace dynamigrate::engine
