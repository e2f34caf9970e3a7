#include <dynamigrate/expressions/condition.hpp>

#include "fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class ConditionTest : public ExpressionTest {
protected:
    bool matches(std::string expression, std::string_view values = "{}") {
        return Condition::parse(text(std::move(expression), values)).matches(subject);
    }
    dynamodb::Item subject = item(R"({
        "pk": {"S": "c"}, "s": {"S": "é€😀"}, "bin": {"B": "AQID"}, "n": {"N": "5"}, "t": {"BOOL": true},
        "l": {"L": [{"N": "1.0"}, {"S": "x"}]}, "ns": {"NS": ["1", "2"]}, "e": {"S": ""}, "u": {"NULL": true},
        "m": {"M": {"a": {"S": "x"}, "b": {"N": "1"}}}})");
};

TEST_F(ConditionTest, AnEmptyOneMatchesEverything) {
    EXPECT_TRUE(Condition::always().matches(subject));
    EXPECT_TRUE(Condition().empty());
    EXPECT_FALSE(Condition::parse(text("attribute_exists(a)")).empty());
}

TEST_F(ConditionTest, OnlyUnequalIsTrueOfAbsentAttributes) {
    EXPECT_TRUE(matches("zz <> :v", R"({":v":{"N":"1"}})"));
    EXPECT_TRUE(matches("n <> zz"));
    EXPECT_TRUE(matches("zz <> yy"));
    EXPECT_FALSE(matches("zz = yy"));
    EXPECT_FALSE(matches("zz < :v", R"({":v":{"N":"1"}})"));
    EXPECT_FALSE(matches("zz >= :v", R"({":v":{"N":"1"}})"));
    EXPECT_FALSE(matches("zz IN (:v, yy)", R"({":v":{"N":"1"}})"));
    EXPECT_FALSE(matches("zz BETWEEN :v AND :v", R"({":v":{"N":"1"}})"));
    EXPECT_TRUE(matches("NOT zz = :v", R"({":v":{"N":"1"}})"));
    EXPECT_TRUE(matches("size(zz) <> :v", R"({":v":{"N":"1"}})"));
}

TEST_F(ConditionTest, ComparesByValue) {
    EXPECT_TRUE(matches("n = :v", R"({":v":{"N":"5.00"}})"));
    EXPECT_TRUE(matches("n > :v", R"({":v":{"N":"-10"}})"));
    EXPECT_TRUE(matches("n < :v", R"({":v":{"N":"10"}})"));
    EXPECT_FALSE(matches("n < :v", R"({":v":{"N":"5"}})"));
    EXPECT_TRUE(matches("n <= :v AND n >= :v", R"({":v":{"N":"5"}})"));
    EXPECT_TRUE(matches("ns = :v", R"({":v":{"NS":["2","1.0"]}})"));
    EXPECT_TRUE(matches("m = :v", R"({":v":{"M":{"b":{"N":"1.0"},"a":{"S":"x"}}}})"));
    EXPECT_TRUE(matches("u = :v", R"({":v":{"NULL":true}})"));
    EXPECT_TRUE(matches("n BETWEEN :a AND :b", R"({":a":{"N":"5.0"},":b":{"N":"6"}})"));
    EXPECT_FALSE(matches("n BETWEEN :a AND :b", R"({":a":{"N":"5.1"},":b":{"N":"6"}})"));
    EXPECT_TRUE(matches("n IN (:a, :b)", R"({":a":{"N":"4"},":b":{"N":"5.0"}})"));
    EXPECT_TRUE(matches("m.a = :v AND l[1] = :v", R"({":v":{"S":"x"}})"));
}

TEST_F(ConditionTest, OrdersTextByBytes) {
    EXPECT_TRUE(matches("pk < :v", R"({":v":{"S":"é"}})"));
    EXPECT_TRUE(matches("pk > :v", R"({":v":{"S":"C"}})"));
    EXPECT_TRUE(matches("bin < :v", R"({":v":{"B":"/w=="}})"));
}

TEST_F(ConditionTest, ValuesOfDifferentTypesAreUnequalAndUnordered) {
    EXPECT_FALSE(matches("n = :v", R"({":v":{"S":"5"}})"));
    EXPECT_TRUE(matches("n <> :v", R"({":v":{"S":"5"}})"));
    EXPECT_FALSE(matches("n < :v", R"({":v":{"S":"z"}})"));
    EXPECT_FALSE(matches("n >= :v", R"({":v":{"S":"z"}})"));
}

TEST_F(ConditionTest, EvaluatesFunctions) {
    EXPECT_TRUE(matches("attribute_exists(m.a) AND attribute_not_exists(m.z)"));
    EXPECT_FALSE(matches("attribute_exists(l[2]) OR attribute_not_exists(l[1])"));
    EXPECT_TRUE(matches("attribute_type(u, :v)", R"({":v":{"S":"NULL"}})"));
    EXPECT_FALSE(matches("attribute_type(zz, :v)", R"({":v":{"S":"NULL"}})"));
    EXPECT_TRUE(matches("begins_with(s, :v)", R"({":v":{"S":"é"}})"));
    EXPECT_TRUE(matches("begins_with(bin, :v)", R"({":v":{"B":"AQI="}})"));
    EXPECT_FALSE(matches("begins_with(n, :v)", R"({":v":{"S":"5"}})"));
    EXPECT_FALSE(matches("begins_with(s, zz)"));
}

TEST_F(ConditionTest, ContainsLooksIntoTextListsAndSets) {
    EXPECT_TRUE(matches("contains(s, :v)", R"({":v":{"S":"€"}})"));
    EXPECT_TRUE(matches("contains(s, e)"));
    EXPECT_FALSE(matches("contains(s, :v)", R"({":v":{"N":"1"}})"));
    EXPECT_TRUE(matches("contains(bin, :v)", R"({":v":{"B":"AgM="}})"));
    EXPECT_TRUE(matches("contains(l, :v)", R"({":v":{"N":"1"}})"));
    EXPECT_TRUE(matches("contains(ns, :v)", R"({":v":{"N":"1.0"}})"));
    EXPECT_FALSE(matches("contains(ns, :v)", R"({":v":{"NS":["1"]}})"));
    EXPECT_FALSE(matches("contains(n, :v)", R"({":v":{"N":"5"}})"));
    EXPECT_FALSE(matches("contains(m, :v)", R"({":v":{"S":"a"}})"));
}

TEST_F(ConditionTest, SizeCountsCharactersBytesOrElements) {
    EXPECT_TRUE(matches("size(s) = :v", R"({":v":{"N":"4"}})"));
    EXPECT_TRUE(matches("size(e) = :v", R"({":v":{"N":"0"}})"));
    EXPECT_TRUE(matches("size(bin) = :v", R"({":v":{"N":"3"}})"));
    EXPECT_TRUE(matches("size(m) = size(ns) AND size(l) = :v", R"({":v":{"N":"2"}})"));
    EXPECT_FALSE(matches("size(n) = :v", R"({":v":{"N":"1"}})"));
    EXPECT_FALSE(matches("size(s) > :v", R"({":v":{"S":"1"}})"));
    EXPECT_TRUE(matches("size(:v) = :n", R"({":v":{"S":"abc"},":n":{"N":"3"}})"));
}

class KeyConjunctsTest : public ExpressionTest {
protected:
    dynamodb::KeySchema key{{"pk", dynamodb::AttributeType::string},
                            dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::string}};
};

TEST_F(KeyConjunctsTest, DropsWhatNamesKeysAndWhatThatUsed) {
    auto kept = without_key_conjuncts(
        text("begins_with(pk, :p) AND (#n = :n OR b = :n) AND (sk > :p AND attribute_exists(c))",
             R"({":p":{"S":"USER#"},":n":{"N":"1"}})", {{"#n", "name"}}),
        key, arena);
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->text, "(#n = :n OR b = :n) AND attribute_exists(c)");
    EXPECT_EQ(Condition::parse(*kept).to_string(),
              R"(and(or(eq(name, {"N":"1"}), eq(b, {"N":"1"})), exists(c)))");
}

TEST_F(KeyConjunctsTest, LeavesNothingWhereEveryPartNamesAKey) {
    EXPECT_FALSE(
        without_key_conjuncts(text("pk = :v OR a = :v", R"({":v":{"S":"x"}})"), key, arena));
    EXPECT_FALSE(without_key_conjuncts(text("NOT #s = :v", R"({":v":{"S":"x"}})", {{"#s", "sk"}}),
                                       key, arena));
}

TEST_F(KeyConjunctsTest, KeepsAFilterWithoutKeysAsItIs) {
    auto filter = text("a = :v OR b = :v", R"({":v":{"S":"x"}})");
    EXPECT_EQ(without_key_conjuncts(filter, key, arena)->text, filter.text);
}

}  // namespace
}  // namespace dynamigrate::expressions
