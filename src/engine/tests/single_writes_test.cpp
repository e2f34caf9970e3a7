#include "writes_fixture.hpp"

namespace dynamigrate::engine {
namespace {

class SingleWrites : public WritesFixture {};

constexpr const char* kOne = R"(,"ExpressionAttributeValues":{":v":{"N":"1"}})";

TEST_F(SingleWrites, PutReplacesTheWholeItemAndReturnsTheOldOne) {
    EXPECT_EQ(put(R"(,"n":{"N":"1"})", R"(,"ReturnValues":"ALL_OLD")"), "{}");
    EXPECT_EQ(put(R"(,"m":{"N":"2"})", R"(,"ReturnValues":"ALL_OLD")"),
              R"({"Attributes":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"m":{"N":"2"}}})");
}

TEST_F(SingleWrites, NumbersAreStoredInTheirCanonicalSpelling) {
    put(R"(,"n":{"N":"+01.50e1"},"s":{"NS":["1.0","2e0"]})");
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"15"},"s":{"NS":["1","2"]}}})");
}

TEST_F(SingleWrites, DeleteTakesTheItemAwayAndSucceedsWithoutOne) {
    put("");
    const std::string key = R"("Key":{"pk":{"S":"a"}},"ReturnValues":"ALL_OLD")";
    EXPECT_EQ(plain("DeleteItem", key), R"({"Attributes":{"pk":{"S":"a"}}})");
    EXPECT_EQ(plain("DeleteItem", key), "{}");
    EXPECT_EQ(stored(), "{}");
}

TEST_F(SingleWrites, UpdateCreatesAnItemUnlessItOnlyTakesAway) {
    EXPECT_EQ(update(R"("UpdateExpression":"REMOVE n.m","ReturnValues":"ALL_NEW")"), "{}");
    EXPECT_EQ(stored(), "{}");
    update(std::string(R"("UpdateExpression":"SET n = :v")") + kOne);
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    EXPECT_EQ(plain("UpdateItem", R"("Key":{"pk":{"S":"b"}},"ReturnValues":"ALL_NEW")"),
              R"({"Attributes":{"pk":{"S":"b"}}})");
}

TEST_F(SingleWrites, UpdatedValuesAreTheFragmentsOnTheirPaths) {
    put(R"(,"m":{"M":{"x":{"N":"1"},"y":{"N":"2"}}},"l":{"L":[{"N":"1"},{"N":"2"}]})");
    const std::string change =
        std::string(R"("UpdateExpression":"SET m.x = :v, l[1] = :v, fresh = :v")") +
        R"(,"ExpressionAttributeValues":{":v":{"N":"7"}})";
    EXPECT_EQ(update(change + R"(,"ReturnValues":"UPDATED_OLD")"),
              R"({"Attributes":{"m":{"M":{"x":{"N":"1"}}},"l":{"L":[{"N":"2"}]}}})");
    EXPECT_EQ(
        update(change + R"(,"ReturnValues":"UPDATED_NEW")"),
        R"({"Attributes":{"m":{"M":{"x":{"N":"7"}}},"l":{"L":[{"N":"7"}]},"fresh":{"N":"7"}}})");
    EXPECT_EQ(update(R"("UpdateExpression":"REMOVE nothing","ReturnValues":"UPDATED_NEW")"), "{}");
}

TEST_F(SingleWrites, AllValuesAreTheWholeItem) {
    put(R"(,"n":{"N":"1"})");
    const std::string change = R"("UpdateExpression":"ADD n :v","ReturnValues":)";
    EXPECT_EQ(update(change + R"("ALL_OLD")" + kOne),
              R"({"Attributes":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    EXPECT_EQ(update(change + R"("ALL_NEW")" + kOne),
              R"({"Attributes":{"pk":{"S":"a"},"n":{"N":"3"}}})");
}

TEST_F(SingleWrites, AFailedConditionChangesNothingAndShowsTheItemIfAsked) {
    put(R"(,"n":{"N":"1"})");
    const std::string request =
        R"x("Item":{"pk":{"S":"a"}},"ConditionExpression":"attribute_not_exists(pk)")x";
    EXPECT_EQ(plain_refusal("PutItem", request),
              R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
              R"("message":"The conditional request failed"})");
    EXPECT_EQ(
        plain_refusal("PutItem", request + R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")"),
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
        R"("Item":{"pk":{"S":"a"},"n":{"N":"1"}},"message":"The conditional request failed"})");
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    EXPECT_THAT(
        plain_refusal("DeleteItem",
                      R"x("Key":{"pk":{"S":"none"}},"ConditionExpression":"attribute_exists(pk)",)x"
                      R"("ReturnValuesOnConditionCheckFailure":"ALL_OLD")"),
        testing::Not(HasSubstr("Item\"")));
}

TEST_F(SingleWrites, CapacityIsThatOfTheLargerImageAndOfTheIndexes) {
    const std::string large(1500, 'x');
    const std::string wish = R"(,"ReturnConsumedCapacity":"TOTAL")";
    EXPECT_THAT(put(R"(,"s":{"S":")" + large + R"("})", wish), HasSubstr(R"("CapacityUnits":2)"));
    EXPECT_THAT(put("", wish), HasSubstr(R"("CapacityUnits":2)"));
    EXPECT_THAT(put("", wish), HasSubstr(R"("CapacityUnits":1)"));
    EXPECT_EQ(call("PutItem", R"({"TableName":"rich","ReturnConsumedCapacity":"INDEXES",
                  "Item":{"pk":{"S":"a"},"sk":{"N":"1"},"age":{"N":"2"},"city":{"S":"c"}}})"),
              R"({"ConsumedCapacity":{"TableName":"rich","CapacityUnits":3,)"
              R"("Table":{"CapacityUnits":1},)"
              R"("LocalSecondaryIndexes":{"by-age":{"CapacityUnits":1}},)"
              R"("GlobalSecondaryIndexes":{"by-city":{"CapacityUnits":1}}}})");
}

TEST_F(SingleWrites, CollectionMetricsAreForTablesWithLocalIndexes) {
    EXPECT_EQ(put("", R"(,"ReturnItemCollectionMetrics":"SIZE")"), "{}");
    EXPECT_EQ(call("PutItem", R"({"TableName":"rich","ReturnItemCollectionMetrics":"SIZE",
                  "Item":{"pk":{"S":"a"},"sk":{"N":"1"}}})"),
              R"({"ItemCollectionMetrics":{"ItemCollectionKey":{"pk":{"S":"a"}},)"
              R"("SizeEstimateRangeGB":[0,1]}})");
}

TEST_F(SingleWrites, ATableMayBeNamedByItsArn) {
    EXPECT_EQ(call("PutItem", R"({"TableName":"arn:aws:dynamodb:local:000000000000:table/plain",
                  "Item":{"pk":{"S":"a"}}})"),
              "{}");
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"}}})");
}

TEST_F(SingleWrites, ConstraintsAreCheckedFirstAndTogether) {
    EXPECT_EQ(
        why("PutItem", R"({"TableName":"a;b","ReturnValues":"SOME"})"),
        "ValidationException: 3 validation errors detected: Value 'a;b' at 'tableName' failed "
        "to satisfy constraint: Member must satisfy regular expression pattern: "
        "[a-zA-Z0-9_.-]+; Value null at 'item' failed to satisfy constraint: Member must not "
        "be null; Value 'SOME' at 'returnValues' failed to satisfy constraint: Member must "
        "satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]");
    EXPECT_THAT(plain_refusal("DeleteItem", R"("ReturnValues":"NONE")"),
                HasSubstr("Value null at 'key'"));
    EXPECT_THAT(
        plain_refusal("PutItem", R"("Item":{},"ReturnValuesOnConditionCheckFailure":"SOME",)"
                                 R"("ReturnItemCollectionMetrics":"SOME")"),
        StartsWith("ValidationException: 2 validation errors detected"));
}

TEST_F(SingleWrites, PutAndDeleteReturnOldValuesOnly) {
    const std::string text = "ValidationException: Return values set to invalid value";
    EXPECT_EQ(plain_refusal("PutItem", R"("Item":{"pk":{"S":"a"}},"ReturnValues":"ALL_NEW")"),
              text);
    EXPECT_EQ(plain_refusal("DeleteItem", R"("Key":{"pk":{"S":"a"}},"ReturnValues":"UPDATED_OLD")"),
              text);
}

TEST_F(SingleWrites, ExpressionsAreCheckedBeforeTheTable) {
    EXPECT_THAT(why("PutItem", R"({"TableName":"nonesuch","Item":{"pk":{"S":"a"}},
                    "ConditionExpression":"pk"})"),
                StartsWith("ValidationException: Invalid ConditionExpression: Syntax error"));
    EXPECT_EQ(why("PutItem", R"({"TableName":"nonesuch","Item":{"pk":{"S":"a"}}})"),
              "ResourceNotFoundException: Cannot do operations on a non-existent table");
}

TEST_F(SingleWrites, SubstitutionsNeedExpressionsThatUseThem) {
    EXPECT_EQ(update_refusal(R"("ExpressionAttributeNames":{"#a":"b"})"),
              "ValidationException: ExpressionAttributeNames can only be specified when using "
              "expressions");
    EXPECT_EQ(update_refusal(R"("ExpressionAttributeValues":{":a":{"N":"1"}})"),
              "ValidationException: ExpressionAttributeValues can only be specified when using "
              "expressions: UpdateExpression and ConditionExpression are null");
    EXPECT_EQ(update_refusal(R"("UpdateExpression":"SET a = :v, b = :w",
                  "ExpressionAttributeValues":{":v":{"N":"1"},":w":{"N":"1"},":x":{"N":"1"}})"),
              "ValidationException: Value provided in ExpressionAttributeValues unused in "
              "expressions: keys: {:x}");
    EXPECT_EQ(update(R"("UpdateExpression":"SET a = :v","ConditionExpression":"a <> :w",
                  "ExpressionAttributeValues":{":v":{"N":"1"},":w":{"N":"1"}})"),
              "{}");
    EXPECT_EQ(
        update_refusal(R"("UpdateExpression":"SET a = :v",
                  "ExpressionAttributeValues":{":v":{"N":"x"}})"),
        "ValidationException: ExpressionAttributeValues contains invalid value: The parameter "
        "cannot be converted to a numeric value: x for key :v");
}

TEST_F(SingleWrites, LimitsHold) {
    const std::string large(409'600, 'x');
    EXPECT_EQ(plain_refusal("PutItem", R"("Item":{"pk":{"S":"a"},"s":{"S":")" + large + R"("}})"),
              "ValidationException: Item size has exceeded the maximum allowed size");
    EXPECT_EQ(update_refusal(R"("UpdateExpression":"SET s = :s","ExpressionAttributeValues":{":s":
                  {"S":")" + large +
                             R"("}})"),
              "ValidationException: Item size to update has exceeded the maximum allowed size");
    EXPECT_THAT(update_refusal(R"("UpdateExpression":"SET n = :v)" + std::string(4096, ' ') +
                               R"(")" + kOne),
                HasSubstr("Expression size has exceeded the maximum allowed size"));
    EXPECT_THAT(
        plain_refusal("PutItem", R"("Item":{"pk":{"S":")" + large.substr(0, 2049) + R"("}})"),
        HasSubstr("Size of hashkey has exceeded"));
    EXPECT_THAT(plain_refusal("PutItem", R"("Item":{"pk":{"S":""}})"),
                HasSubstr("cannot contain an empty string value. Key: pk"));
    EXPECT_THAT(plain_refusal("PutItem", R"("Item":{"pk":{"S":"a"},"":{"S":"b"}})"),
                HasSubstr("Empty attribute name"));
    EXPECT_THAT(plain_refusal("PutItem", R"("Item":{"pk":{"S":"a"},")" + large.substr(0, 65'536) +
                                             R"(":{"S":"b"}})"),
                HasSubstr("Attribute name is too large"));
    EXPECT_THAT(plain_refusal("PutItem", R"("Item":{"pk":{"S":"a"},"n":{"N":")" +
                                             std::string(39, '1') + R"("}})"),
                HasSubstr("38 significant digits"));
}

TEST_F(SingleWrites, KeysMustFitTheSchema) {
    const std::string text =
        "ValidationException: The provided key element does not match the schema";
    EXPECT_EQ(plain_refusal("DeleteItem", R"("Key":{"pk":{"N":"1"}})"), text);
    EXPECT_EQ(plain_refusal("DeleteItem", R"("Key":{"pk":{"S":"a"},"b":{"S":"a"}})"), text);
    EXPECT_EQ(plain_refusal("UpdateItem", R"("Key":{"b":{"S":"a"}})"), text);
    EXPECT_EQ(update_refusal(std::string(R"("UpdateExpression":"SET pk = :v")") + kOne),
              "ValidationException: One or more parameter values were invalid: Cannot update "
              "attribute pk. This attribute is part of the key");
}

TEST_F(SingleWrites, WhatTheItemMakesInvalidIsRefusedAndChangesNothing) {
    put(R"(,"s":{"S":"x"})");
    EXPECT_EQ(update_refusal(R"("UpdateExpression":"SET n = unset_one")"),
              "ValidationException: The provided expression refers to an attribute that does not "
              "exist in the item");
    EXPECT_EQ(update_refusal(std::string(R"("UpdateExpression":"SET m.x = :v")") + kOne),
              "ValidationException: The document path provided in the update expression is invalid "
              "for update");
    EXPECT_EQ(
        update_refusal(std::string(R"("UpdateExpression":"ADD s :v")") + kOne),
        "ValidationException: An operand in the update expression has an incorrect data type");
    EXPECT_EQ(stored(), R"({"Item":{"pk":{"S":"a"},"s":{"S":"x"}}})");
}

TEST_F(SingleWrites, SerializationErrorsNameTheTypes) {
    EXPECT_EQ(why("PutItem", R"({"TableName":5,"Item":{}})"),
              "SerializationException: NUMBER_VALUE cannot be converted to String");
    EXPECT_THAT(plain_refusal("PutItem", R"("Item":[])"), StartsWith("SerializationException"));
    EXPECT_THAT(plain_refusal("PutItem", R"("Item":{"pk":{"S":5}})"),
                StartsWith("SerializationException"));
}

}  // namespace
}  // namespace dynamigrate::engine
