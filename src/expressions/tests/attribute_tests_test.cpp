#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/expressions/key_condition.hpp>
#include <dynamigrate/expressions/update.hpp>

#include "fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class AttributeTestsTest : public ExpressionTest {
protected:
    std::string condition(std::initializer_list<AttributeTest> tests, bool is_any = false) {
        return Condition::of(std::vector(tests), is_any).to_string();
    }
    std::string update(const AttributeChange& change, std::string_view before) {
        return dynamodb::to_wire_json(
            UpdateExpression::of(std::vector{change}).apply(item(before), arena));
    }

    std::vector<dynamodb::AttributeValue> one{dynamodb::AttributeValue::number("1")};
    std::vector<dynamodb::AttributeValue> two{dynamodb::AttributeValue::number("1"),
                                              dynamodb::AttributeValue::number("2")};
};

TEST_F(AttributeTestsTest, MakeTheConditionsThatExpressionsMake) {
    EXPECT_EQ(condition({}), "");
    EXPECT_TRUE(Condition::of({}).matches({}));
    EXPECT_EQ(condition({{"a.b", Comparison::equal, one}}), R"(eq('a.b', {"N":"1"}))");
    EXPECT_EQ(condition({{"a", Comparison::between, two}, {"b", Comparison::not_exists, {}}}),
              R"(and(between(a, {"N":"1"}, {"N":"2"}), not_exists(b)))");
    EXPECT_EQ(condition({{"a", Comparison::in, two}, {"b", Comparison::exists, {}}}, true),
              R"(or(in(a, {"N":"1"}, {"N":"2"}), exists(b)))");
    EXPECT_EQ(condition({{"a", Comparison::contains, one}}), R"(contains(a, {"N":"1"}))");
    EXPECT_EQ(Condition::of(std::vector<AttributeTest>{{"b", Comparison::exists, {}},
                                                       {"a", Comparison::exists, {}}})
                  .attributes(),
              (std::vector<std::string>{"a", "b"}));
}

TEST_F(AttributeTestsTest, NotContainsWantsTheAttribute) {
    Condition lacks =
        Condition::of(std::vector<AttributeTest>{{"a", Comparison::not_contains, one}});
    EXPECT_FALSE(lacks.matches({}));
    EXPECT_FALSE(lacks.matches(item(R"({"a":{"NS":["1","3"]}})")));
    EXPECT_TRUE(lacks.matches(item(R"({"a":{"NS":["3"]}})")));
    EXPECT_TRUE(lacks.matches(item(R"({"a":{"BOOL":true}})")));
}

TEST_F(AttributeTestsTest, OwnTheirValues) {
    Condition kept;
    {
        std::string text = "long enough to lie on the heap, and then to be gone";
        std::vector<dynamodb::AttributeValue> value{dynamodb::AttributeValue::string(text)};
        kept = Condition::of(std::vector<AttributeTest>{{"a", Comparison::equal, value}});
    }
    EXPECT_TRUE(
        kept.matches(item(R"({"a":{"S":"long enough to lie on the heap, and then to be gone"}})")));
}

TEST_F(AttributeTestsTest, MakeKeyConditions) {
    dynamodb::KeySchema key{{"pk", dynamodb::AttributeType::number}, std::nullopt};
    EXPECT_EQ(KeyCondition::of(std::vector<AttributeTest>{{"pk", Comparison::equal, one}}, key)
                  .hash()
                  .text(),
              "1");
    EXPECT_EQ(error_of([&] {
                  KeyCondition::of(std::vector<AttributeTest>{{"b", Comparison::equal, one}}, key);
              }),
              "Query condition missed key schema element: pk");
    EXPECT_EQ(error_of([&] { KeyCondition::of({}, key); }),
              "Conditions can be of length 1 or 2 only");
}

TEST_F(AttributeTestsTest, ChangesPutAddRemoveAndErase) {
    using Kind = AttributeChange::Kind;
    EXPECT_EQ(update({"a", Kind::put, one[0]}, R"({"a":{"S":"x"}})"), R"({"a":{"N":"1"}})");
    EXPECT_EQ(update({"a", Kind::remove, {}}, R"({"a":{"S":"x"}})"), "{}");
    EXPECT_EQ(update({"a", Kind::add, one[0]}, R"({"a":{"N":"5"}})"), R"({"a":{"N":"6"}})");
    EXPECT_EQ(
        update({"a", Kind::add, dynamodb::AttributeValue::list(one)}, R"({"a":{"L":[{"S":"x"}]}})"),
        R"({"a":{"L":[{"S":"x"},{"N":"1"}]}})");
    EXPECT_EQ(update({"a", Kind::erase, dynamodb::AttributeValue::number_set(one)},
                     R"({"a":{"NS":["1","2"]}})"),
              R"({"a":{"NS":["2"]}})");
    EXPECT_EQ(error_of([&] {
                  update({"a", Kind::add, one[0]}, R"({"a":{"S":"x"}})");
              }),
              "Type mismatch for attribute to update");
}

TEST_F(AttributeTestsTest, OnlyPutAndAddCreateItems) {
    using Kind = AttributeChange::Kind;
    auto creates = [&](Kind kind) {
        return UpdateExpression::of(std::vector<AttributeChange>{
                                        {"a", kind, dynamodb::AttributeValue::number_set(one)}})
            .creates_item();
    };
    EXPECT_TRUE(creates(Kind::put));
    EXPECT_TRUE(creates(Kind::add));
    EXPECT_FALSE(creates(Kind::remove));
    EXPECT_FALSE(creates(Kind::erase));
    EXPECT_TRUE(UpdateExpression::of({}).creates_item());
}

}  // namespace
}  // namespace dynamigrate::expressions
