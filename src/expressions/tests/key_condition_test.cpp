#include <dynamigrate/expressions/key_condition.hpp>

#include "fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class KeyConditionTest : public ExpressionTest {
protected:
    static constexpr const char* kValues = R"({":v":{"S":"1"},":n":{"N":"5"}})";

    KeyCondition parse(std::string expression, std::string_view values = kValues) {
        return KeyCondition::parse(text(std::move(expression), values), key);
    }
    std::string refusal(const std::string& expression, std::string_view values = kValues) {
        return error_of([&] { parse(expression, values); });
    }
    bool matches(const std::string& expression, std::string_view subject,
                 std::string_view values = kValues) {
        return parse(expression, values).matches(item(subject));
    }
    dynamodb::KeySchema key{{"pk", dynamodb::AttributeType::string},
                            dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::number}};
};

TEST_F(KeyConditionTest, ReadsThePartitionKeyAndTheSortOperator) {
    auto condition = parse("pk = :v", R"({":v":{"S":"1"}})");
    EXPECT_EQ(condition.hash().text(), "1");
    EXPECT_EQ(condition.sort_operator(), SortOperator::none);
    condition = parse("(sk <= :n) AND (pk = :v)");
    EXPECT_EQ(condition.sort_operator(), SortOperator::less_or_equal);
    EXPECT_EQ(condition.sort().text(), "5");
    EXPECT_EQ(parse(":v = pk AND :n < sk").sort_operator(), SortOperator::greater);
    condition = parse("pk = :v AND sk BETWEEN :n AND :m",
                      R"({":v":{"S":"1"},":n":{"N":"5"},":m":{"N":"6"}})");
    EXPECT_EQ(condition.sort_operator(), SortOperator::between);
    EXPECT_EQ(condition.sort_upper().text(), "6");
}

TEST_F(KeyConditionTest, MatchesItems) {
    EXPECT_TRUE(matches("pk = :v AND sk > :n", R"({"pk":{"S":"1"},"sk":{"N":"6"}})"));
    EXPECT_FALSE(matches("pk = :v AND sk > :n", R"({"pk":{"S":"1"},"sk":{"N":"5"}})"));
    EXPECT_FALSE(matches("pk = :v AND sk > :n", R"({"pk":{"S":"2"},"sk":{"N":"6"}})"));
}

TEST_F(KeyConditionTest, RefusesWhatKeysDoNotHave) {
    const std::string one = R"({":v":{"S":"1"}})";
    EXPECT_EQ(refusal("sk = :n", R"({":n":{"N":"5"}})"),
              "Query condition missed key schema element: pk");
    EXPECT_EQ(refusal("pk = :v AND a = :n"), "Query condition missed key schema element: sk");
    EXPECT_EQ(refusal("pk > :v", one), "Query key condition not supported");
    EXPECT_EQ(refusal("pk = :v AND sk <> :n"),
              "Invalid operator used in KeyConditionExpression: <>");
    EXPECT_EQ(refusal("pk = :v AND sk IN (:n)"),
              "Invalid operator used in KeyConditionExpression: IN");
    EXPECT_EQ(refusal("pk = :v OR sk = :n"), "Invalid operator used in KeyConditionExpression: OR");
    EXPECT_EQ(refusal("pk = :v AND NOT sk = :n"),
              "Invalid operator used in KeyConditionExpression: NOT");
    EXPECT_EQ(refusal("pk = :v AND attribute_exists(sk)", one),
              "Invalid operator used in KeyConditionExpression: attribute_exists");
    EXPECT_EQ(refusal("pk = :v AND sk > :n AND sk < :n"),
              "Conditions can be of length 1 or 2 only");
    EXPECT_EQ(refusal("pk = :v AND pk = :v", one),
              "KeyConditionExpressions must only contain one condition per key");
    EXPECT_EQ(refusal("pk = :v AND sk > pk", one),
              "Invalid condition in KeyConditionExpression: Multiple attribute names used in one "
              "condition");
    EXPECT_EQ(refusal("pk = :v AND sk > size(pk)", one),
              "KeyConditionExpressions cannot contain nested operations");
    EXPECT_EQ(refusal("pk.a = :v", one),
              "Key attributes must be scalars; list random access '[]' and map lookup '.' are not "
              "allowed: "
              "Key: pk");
    EXPECT_EQ(
        refusal("pk = :n", R"({":n":{"N":"5"}})"),
        "One or more parameter values were invalid: Condition parameter type does not match schema "
        "type");
    EXPECT_EQ(
        refusal("pk = :v", R"({":v":{"S":""}})"),
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
        "contain an empty string value. Key: pk");
    EXPECT_EQ(refusal("pk = :v AND begins_with(sk, :n)"),
              "Invalid KeyConditionExpression: Incorrect operand type for operator or function; "
              "operator or "
              "function: begins_with, operand type: N");
}

}  // namespace
}  // namespace dynamigrate::expressions
