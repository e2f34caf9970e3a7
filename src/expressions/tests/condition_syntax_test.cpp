#include <dynamigrate/expressions/condition.hpp>

#include "../reserved_words.hpp"
#include "fixture.hpp"

namespace dynamigrate::expressions {
namespace {

constexpr const char* kValues = R"({":v":{"S":"x"}})";

class ConditionSyntaxTest : public ExpressionTest {
protected:
    std::string refusal(std::string expression, std::string_view values = "{}",
                        std::vector<std::pair<std::string, std::string>> names = {}) {
        return error_of(
            [&] { Condition::parse(text(std::move(expression), values, std::move(names))); });
    }
    void expect_refusal(const std::string& expression, std::string_view values,
                        const std::string& message) {
        EXPECT_EQ(refusal(expression, values), "Invalid ConditionExpression: " + message)
            << expression;
    }
    std::string dump(std::string expression, std::string_view values = kValues,
                     std::vector<std::pair<std::string, std::string>> names = {}) {
        return Condition::parse(text(std::move(expression), values, std::move(names))).to_string();
    }
    static std::string repeat(const std::string& part, int times, const std::string& separator) {
        std::string all = part;
        for (int i = 1; i < times; ++i) {
            all += separator + part;
        }
        return all;
    }
};

TEST_F(ConditionSyntaxTest, BindsOrWeakestThenAndThenNot) {
    EXPECT_EQ(dump("not a = :v and b = :v or c <> :v"),
              R"(or(and(not(eq(a, {"S":"x"})), eq(b, {"S":"x"})), ne(c, {"S":"x"})))");
    EXPECT_EQ(dump("a = :v AND (b = :v OR c = :v)"),
              R"(and(eq(a, {"S":"x"}), or(eq(b, {"S":"x"}), eq(c, {"S":"x"}))))");
    EXPECT_EQ(dump("NOT NOT a = :v"), R"(not(not(eq(a, {"S":"x"}))))");
}

TEST_F(ConditionSyntaxTest, ReadsEveryForm) {
    EXPECT_EQ(dump("a < :v AND a <= :v AND a > :v AND a >= :v AND a BETWEEN :v AND :v"),
              R"(and(lt(a, {"S":"x"}), le(a, {"S":"x"}), gt(a, {"S":"x"}), ge(a, {"S":"x"}), )"
              R"(between(a, {"S":"x"}, {"S":"x"})))");
    EXPECT_EQ(dump("a in (:v, b)"), R"(in(a, {"S":"x"}, b))");
    EXPECT_EQ(
        dump("attribute_exists(a) AND attribute_not_exists((b)) AND begins_with(c, :v) AND "
             "contains(:v, d)"),
        R"(and(exists(a), not_exists(b), begins_with(c, {"S":"x"}), contains({"S":"x"}, d)))");
    EXPECT_EQ(dump("attribute_type(a, :v) AND size(b) > size(c)", R"({":v":{"S":"BOOL"}})"),
              R"(and(type(a, {"S":"BOOL"}), gt(size(b), size(c))))");
    EXPECT_EQ(dump("(a) = (:v)"), R"(eq(a, {"S":"x"}))");
    EXPECT_EQ(dump("a [ 0 ] . #x.contains\n= :v", kValues, {{"#x", "q.r"}}),
              R"(eq(a[0].'q.r'.contains, {"S":"x"}))");
    EXPECT_EQ(dump("a = a.b", "{}"), "eq(a, a.b)");
}

TEST_F(ConditionSyntaxTest, NamesTheTokenAndWhatIsNear) {
    auto expect = [&](const std::string& expression, const std::string& token,
                      const std::string& near) {
        expect_refusal(expression, "{}",
                       "Syntax error; token: \"" + token + "\", near: \"" + near + "\"");
    };
    expect("a AN b", "AN", "a AN b");
    expect("a", "<EOF>", "a");
    expect("a = ", "<EOF>", "= ");
    expect("   ", "<EOF>", "   ");
    expect("_a = :v", "_", "_a");
    expect("9a = :v", "9", "9a");
    expect("a-b = :v", "-", "a-b");
    expect("a[01] = :v", "1", "01]");
    expect("a[-1] = :v", "-", "[-1");
    expect("a. = :v", "=", ". = :v");
    expect("a IN (:v", "<EOF>", ":v");
    expect("a IN ()", ")", "()");
    expect("a = :v = :v", "=", ":v = :v");
    expect("a == :v", "=", "== :v");
    expect("a != :v", "!", "a !=");
    expect("a = :v)", ")", ":v)");
    expect("a = :v AND", "<EOF>", "AND");
    expect("(a = :v) = :v", "=", ") = :v");
    expect("a = 'x'", "'", "= 'x");
    expect("a = é", "é", "= é");
    expect("a < > :v", ">", "< > :v");
    expect("and = :v", "and", "and =");
    expect("remove = :v", "remove", "remove =");
    expect("#a#b = :v", "#b", "#a#b =");
    expect("a.# = :v", "#", ".# =");
    expect("#a.b <> :v.c", ".", ":v.c");
}

TEST_F(ConditionSyntaxTest, GivesTheColumn) {
    try {
        Condition::parse(text("a AN b"), "FilterExpression");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.where(), "column 3 of the FilterExpression");
        EXPECT_TRUE(error.message().starts_with("Invalid FilterExpression: Syntax error;"));
    }
}

TEST_F(ConditionSyntaxTest, ReportsSyntaxBeforeAnythingElse) {
    EXPECT_TRUE(refusal("name = :v AND b").find("Syntax error") != std::string::npos);
    EXPECT_EQ(refusal("a = :v AND name = :v", kValues),
              "Invalid ConditionExpression: Attribute name is a reserved keyword; reserved "
              "keyword: name");
}

TEST_F(ConditionSyntaxTest, ChecksSubstitutions) {
    expect_refusal(
        "a = :v", "{}",
        "An expression attribute value used in expression is not defined; attribute value: :v");
    expect_refusal(
        "#a = :v", kValues,
        "An expression attribute name used in the document path is not defined; attribute "
        "name: #a");
    EXPECT_EQ(refusal("a = :v", R"({":v":{"S":"x"},":w":{"S":"y"}})"),
              "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w}");
    EXPECT_EQ(refusal("a = :v", kValues, {{"#x", "y"}, {"#y", "y"}}),
              "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x, #y}");
    EXPECT_EQ(refusal("a = :v", R"({"v":{"S":"x"}})"),
              R"(ExpressionAttributeValues contains invalid key: Syntax error; key: "v")");
    EXPECT_EQ(refusal("a = :v", kValues, {{"#a-b", "y"}}),
              R"(ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b")");
    EXPECT_EQ(refusal("#a = :v", kValues, {{"#a", ""}}),
              "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a");
}

TEST_F(ConditionSyntaxTest, ChecksFunctions) {
    expect_refusal("foo(a)", "{}", "Invalid function name; function: foo");
    expect_refusal("SIZE(a) > :v", kValues, "Invalid function name; function: SIZE");
    expect_refusal(
        "if_not_exists(a, b)", "{}",
        "The function is not allowed in a condition expression; function: if_not_exists");
    expect_refusal(
        "size(a)", "{}",
        "The function is not allowed to be used this way in an expression; function: size");
    expect_refusal("a = attribute_exists(b)", "{}",
                   "The function is not allowed to be used this way in an expression; function: "
                   "attribute_exists");
    expect_refusal("begins_with(a)", "{}",
                   "Incorrect number of operands for operator or function; operator or function: "
                   "begins_with, number of operands: 1");
    expect_refusal("attribute_exists(:v)", kValues,
                   "Operator or function requires a document path; operator or function: "
                   "attribute_exists");
    expect_refusal("attribute_type(a, :v)", kValues,
                   "Invalid attribute type name found; type: x, valid types: "
                   "{N,BS,L,B,NULL,M,S,SS,NS,BOOL}");
}

TEST_F(ConditionSyntaxTest, ChecksOperands) {
    auto expect = [&](const std::string& expression, const char* values, const std::string& rest) {
        expect_refusal(
            expression, values,
            "Incorrect operand type for operator or function; operator or function: " + rest);
    };
    expect("begins_with(a, :v)", R"({":v":{"N":"1"}})", "begins_with, operand type: N");
    expect("begins_with(a, size(b))", "{}", "begins_with, operand type: N");
    expect("size(:v) > a", R"({":v":{"N":"1"}})", "size, operand type: N");
    expect("a > :v", R"({":v":{"BOOL":true}})", ">, operand type: BOOL");
    expect("a BETWEEN :v AND :v", R"({":v":{"NULL":true}})", "BETWEEN, operand type: NULL");
    expect("attribute_type(a, :v)", R"({":v":{"N":"1"}})", "attribute_type, operand type: N");
    expect_refusal(
        "a = a", "{}",
        "The first operand must be distinct from the remaining operands for this operator or "
        "function; operator: =, first operand: [a]");
    expect_refusal(
        "a[0].b IN (:v, a[0].b)", kValues,
        "The first operand must be distinct from the remaining operands for this operator or "
        "function; operator: IN, first operand: [a, [0], b]");
}

TEST_F(ConditionSyntaxTest, ChecksTheBoundsOfBetween) {
    expect_refusal(
        "a BETWEEN :v AND :w", R"({":v":{"N":"10"},":w":{"N":"9"}})",
        "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
        "lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: "
        "{N:9}");
    expect_refusal(
        "a BETWEEN :v AND :w", R"({":v":{"S":"b"},":w":{"N":"1"}})",
        "The BETWEEN operator requires same data type for lower and upper bounds; lower bound "
        "operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: {N:1}");
}

TEST_F(ConditionSyntaxTest, RefusesRedundantParentheses) {
    expect_refusal("((a = :v))", kValues, "The expression has redundant parentheses;");
    expect_refusal("((a)) = :v", kValues, "The expression has redundant parentheses;");
    EXPECT_EQ(refusal("((a = :v) AND (b = :v))", kValues), "no error");
}

TEST_F(ConditionSyntaxTest, HasLimits) {
    expect_refusal("", "{}", "The expression can not be empty;");
    expect_refusal(std::string(4092, 'a') + " = :v", kValues,
                   "Expression size has exceeded the maximum allowed size; expression size: 4097");
    EXPECT_EQ(refusal(repeat("a <> :v", 150, " AND "), kValues), "no error");
    expect_refusal(repeat("a <> :v", 151, " AND "), kValues,
                   "The expression contains too many operators; operator count: 301");
    EXPECT_EQ(refusal("a IN (" + repeat(":v", 100, ",") + ")", kValues), "no error");
    expect_refusal("a IN (" + repeat(":v", 101, ",") + ")", kValues,
                   "The IN operator is provided with too many operands; number of operands: 101");
    EXPECT_EQ(refusal(repeat("a", 32, ".") + " = :v", kValues), "no error");
    expect_refusal(repeat("a", 33, ".") + " = :v", kValues,
                   "The document path has too many nesting levels; nesting levels: 33");
    expect_refusal("a[99999999999] = :v", kValues,
                   "List index is not within the allowable range; index: [99999999999]");
}

TEST_F(ConditionSyntaxTest, SurvivesDeepNesting) {
    EXPECT_NE(refusal(std::string(2000, '(') + "a = :v" + std::string(2000, ')'), kValues),
              "no error");
    EXPECT_NE(refusal(repeat("NOT", 1000, " ") + " a = :v", kValues), "no error");
    EXPECT_NE(refusal(repeat("size(", 800, "") + "a" + std::string(800, ')') + " = a", "{}"),
              "no error");
}

TEST_F(ConditionSyntaxTest, KnowsReservedWordsInAnyCase) {
    for (const char* word : {"ABORT", "zone", "Status", "LOCALTIMESTAMP", "size", "ttl", "user"}) {
        EXPECT_TRUE(is_reserved_word(word)) << word;
    }
    for (const char* word :
         {"", "contains", "email", "pk", "id", "REMOVE", "a_very_long_attribute_name"}) {
        EXPECT_FALSE(is_reserved_word(word)) << word;
    }
}

TEST_F(ConditionSyntaxTest, OwnsItsValues) {
    Condition condition;
    {
        base::Arena other;
        ExpressionText text{"a = :v", {}, dynamodb::parse_item(kValues, other)};
        condition = Condition::parse(text);
    }
    EXPECT_EQ(condition.to_string(), R"(eq(a, {"S":"x"}))");
}

TEST_F(ConditionSyntaxTest, ListsTheAttributesItNames) {
    auto condition =
        Condition::parse(text("b.x = :v AND (size(c) > a OR NOT attribute_exists(b))", kValues));
    EXPECT_EQ(condition.attributes(), (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_TRUE(Condition::always().attributes().empty());
}

}  // namespace
}  // namespace dynamigrate::expressions
