#include <dynamigrate/expressions/update.hpp>

#include "fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class UpdateTest : public ExpressionTest {
protected:
    static constexpr const char* kNumber = R"({":v":{"N":"1"}})";

    std::string apply(std::string expression, std::string_view before,
                      std::string_view values = "{}") {
        auto update = UpdateExpression::parse(text(std::move(expression), values));
        return dynamodb::to_wire_json(update.apply(item(before), arena));
    }
    std::string refusal(const std::string& expression, std::string_view values = "{}",
                        std::string_view before =
                            R"({"pk":{"S":"1"},"n":{"N":"5"},"s":{"S":"x"},)"
                            R"("l":{"L":[]},"m":{"M":{}},"ss":{"SS":["a"]}})") {
        return error_of([&] { apply(expression, before, values); });
    }
};

TEST_F(UpdateTest, SetsReplacesAndRemoves) {
    EXPECT_EQ(apply("SET a = :v, c = b REMOVE b", R"({"b":{"S":"x"},"d":{"N":"2"}})", kNumber),
              R"({"d":{"N":"2"},"a":{"N":"1"},"c":{"S":"x"}})");
    EXPECT_EQ(apply("set a = :v", R"({"a":{"S":"x"},"b":{"N":"2"}})", kNumber),
              R"({"a":{"N":"1"},"b":{"N":"2"}})");
}

TEST_F(UpdateTest, AllPathsMeanTheItemBefore) {
    EXPECT_EQ(apply("SET a = b, b = a", R"({"a":{"N":"1"},"b":{"N":"2"}})"),
              R"({"a":{"N":"2"},"b":{"N":"1"}})");
    EXPECT_EQ(
        apply("SET l[0] = l[1] REMOVE l[1]", R"({"l":{"L":[{"N":"1"},{"N":"2"},{"N":"3"}]}})"),
        R"({"l":{"L":[{"N":"2"},{"N":"3"}]}})");
    EXPECT_EQ(apply("REMOVE l[1], l[2] SET l[3] = :v, l[8] = :v",
                    R"({"l":{"L":[{"N":"0"},{"N":"1"},{"N":"2"},{"N":"3"},{"N":"4"}]}})",
                    R"({":v":{"S":"X"}})"),
              R"({"l":{"L":[{"N":"0"},{"S":"X"},{"N":"4"},{"S":"X"}]}})");
}

TEST_F(UpdateTest, AppendsBehindAListsEndInTheOrderOfIndexes) {
    EXPECT_EQ(apply("SET l[9] = :v, l[5] = :w, l[7] = :v", R"({"l":{"L":[{"N":"0"}]}})",
                    R"({":v":{"N":"9"},":w":{"N":"5"}})"),
              R"({"l":{"L":[{"N":"0"},{"N":"5"},{"N":"9"},{"N":"9"}]}})");
    EXPECT_EQ(apply("REMOVE l[7]", R"({"l":{"L":[{"N":"0"}]}})"), R"({"l":{"L":[{"N":"0"}]}})");
}

TEST_F(UpdateTest, ChangesNestedPlacesOnly) {
    EXPECT_EQ(
        apply(
            "SET m.a.x = :v REMOVE m.b ADD m.n :v",
            R"({"m":{"M":{"a":{"M":{"y":{"N":"0"}}},"b":{"S":"q"},"n":{"N":"4"},"o":{"S":"p"}}}})",
            kNumber),
        R"({"m":{"M":{"a":{"M":{"y":{"N":"0"},"x":{"N":"1"}}},"n":{"N":"5"},"o":{"S":"p"}}}})");
}

TEST_F(UpdateTest, Calculates) {
    EXPECT_EQ(apply("SET a = a + :v, b = :v - b", R"({"a":{"N":"1.5"},"b":{"N":"3"}})", kNumber),
              R"({"a":{"N":"2.5"},"b":{"N":"-2"}})");
    EXPECT_EQ(apply("SET a = (a) + (a)", R"({"a":{"N":"2"}})"), R"({"a":{"N":"4"}})");
    EXPECT_EQ(apply("SET a = (a-a)", R"({"a":{"N":"2"}})"), R"({"a":{"N":"0"}})");
    EXPECT_EQ(
        apply("SET a = a + :v", R"({"a":{"N":"12345678901234567890123456789012345677"}})", kNumber),
        R"({"a":{"N":"12345678901234567890123456789012345678"}})");
    EXPECT_NE(refusal("SET a = a + :v", R"({":v":{"N":"0.1"}})",
                      R"({"a":{"N":"12345678901234567890123456789012345678"}})"),
              "no error");
}

TEST_F(UpdateTest, KnowsItsFunctions) {
    EXPECT_EQ(apply("SET a = if_not_exists(a, :v) + :v, b = if_not_exists(b, :v)",
                    R"({"b":{"S":"x"}})", kNumber),
              R"({"b":{"S":"x"},"a":{"N":"2"}})");
    EXPECT_EQ(apply("SET a = if_not_exists(z, if_not_exists(y, b))", R"({"b":{"S":"x"}})"),
              R"({"b":{"S":"x"},"a":{"S":"x"}})");
    EXPECT_EQ(apply("SET l = list_append(:l, l)", R"({"l":{"L":[{"N":"1"}]}})",
                    R"({":l":{"L":[{"S":"x"}]}})"),
              R"({"l":{"L":[{"S":"x"},{"N":"1"}]}})");
    EXPECT_EQ(
        apply("SET l = list_append(if_not_exists(l, :l), :l)", "{}", R"({":l":{"L":[{"S":"x"}]}})"),
        R"({"l":{"L":[{"S":"x"},{"S":"x"}]}})");
}

TEST_F(UpdateTest, AddsToNumbersAndSets) {
    EXPECT_EQ(apply("ADD n :v, o :v", R"({"n":{"N":"41"}})", kNumber),
              R"({"n":{"N":"42"},"o":{"N":"1"}})");
    EXPECT_EQ(apply("ADD s :v, t :v", R"({"s":{"NS":["1","2"]}})", R"({":v":{"NS":["2.0","3"]}})"),
              R"({"s":{"NS":["1","2","3"]},"t":{"NS":["2.0","3"]}})");
}

TEST_F(UpdateTest, DeletesFromSetsAndDropsEmptyOnes) {
    EXPECT_EQ(apply("DELETE s :v", R"({"s":{"SS":["a","b","c"]}})", R"({":v":{"SS":["b","z"]}})"),
              R"({"s":{"SS":["a","c"]}})");
    EXPECT_EQ(apply("DELETE s :v, t :v", R"({"s":{"SS":["b"]}})", R"({":v":{"SS":["b","z"]}})"),
              "{}");
}

TEST_F(UpdateTest, RefusesWhatTheItemDoesNotAllow) {
    const std::string path =
        "The document path provided in the update expression is invalid for update";
    const std::string type = "An operand in the update expression has an incorrect data type";
    const std::string absent =
        "The provided expression refers to an attribute that does not exist in the item";
    for (const char* expression :
         {"SET m[0] = :v", "SET z.y = :v", "SET n.y = :v", "SET l.y = :v"}) {
        EXPECT_EQ(refusal(expression, kNumber), path) << expression;
    }
    for (const char* expression : {"REMOVE z.y", "REMOVE n.y", "REMOVE m[0]", "REMOVE m.z.y"}) {
        EXPECT_EQ(refusal(expression), path) << expression;
    }
    EXPECT_EQ(refusal("SET a = z"), absent);
    EXPECT_EQ(refusal("SET a = n + z"), absent);
    EXPECT_EQ(refusal("SET a = if_not_exists(n, z)"), absent);
    EXPECT_EQ(refusal("SET a = list_append(l, z)"), absent);
    EXPECT_EQ(refusal("SET a = s + n"), type);
    EXPECT_EQ(refusal("SET a = list_append(l, n)"), type);
    EXPECT_EQ(refusal("ADD s :v", kNumber), type);
    EXPECT_EQ(refusal("ADD ss :v", R"({":v":{"NS":["1"]}})"), type);
    EXPECT_EQ(refusal("DELETE n :v", R"({":v":{"SS":["1"]}})"), type);
}

TEST_F(UpdateTest, RefusesWhatNoItemAllows) {
    auto expect = [&](const std::string& expression, const char* values,
                      const std::string& message) {
        EXPECT_EQ(refusal(expression, values), "Invalid UpdateExpression: " + message)
            << expression;
    };
    expect("", "{}", "The expression can not be empty;");
    expect("SET a", "{}", R"(Syntax error; token: "<EOF>", near: "a")");
    expect("SET (a) = n", "{}", R"(Syntax error; token: "(", near: "SET (a")");
    expect("SET a = n + n + n", "{}", R"(Syntax error; token: "+", near: "n + n")");
    expect("SET a = if_not_exists(z, n + n)", "{}", R"(Syntax error; token: "+", near: "n + n")");
    expect("SET a = n REMOVE", "{}", R"(Syntax error; token: "<EOF>", near: "REMOVE")");
    expect("SET a = n FOO", "{}", R"(Syntax error; token: "FOO", near: "n FOO")");
    expect("REMOVE a b", "{}", R"(Syntax error; token: "b", near: "a b")");
    expect("ADD n m", "{}", R"(Syntax error; token: "m", near: "n m")");
    expect("SET a = ((n))", "{}", "The expression has redundant parentheses;");
    expect("SET a = :v SET b = :v", kNumber,
           R"(The "SET" section can only be used once in an update expression;)");
    expect("SET a = :v, a = :v", kNumber,
           "Two document paths overlap with each other; must remove or rewrite one of these paths; "
           "path "
           "one: [a], path two: [a]");
    expect("SET a = :v REMOVE a.b", kNumber,
           "Two document paths overlap with each other; must remove or rewrite one of these paths; "
           "path "
           "one: [a], path two: [a, b]");
    expect("SET a.b = :v REMOVE a[1]", kNumber,
           "Two document paths conflict with each other; must remove or rewrite one of these "
           "paths; path "
           "one: [a, b], path two: [a, [1]]");
    expect("SET a = if_not_exists(n, n)", "{}",
           "The first operand must be distinct from the remaining operands for this operator or "
           "function; operator: if_not_exists, first operand: [n]");
    for (const char* nested :
         {"SET a = if_not_exists(z, list_append(l, l))",
          "SET a = list_append(list_append(l, l), l)", "SET a = n + list_append(l, l)"}) {
        expect(nested, "{}",
               "The function is not allowed to be used this way in an expression; function: "
               "list_append");
    }
    expect("SET a = foo(n)", "{}", "Invalid function name; function: foo");
    expect("SET a = size(n)", "{}",
           "The function is not allowed in an update expression; function: size");
    expect("SET a = if_not_exists(:v, :v)", kNumber,
           "Operator or function requires a document path; operator or function: if_not_exists");
    expect(
        "SET a = list_append(l)", "{}",
        "Incorrect number of operands for operator or function; operator or function: list_append, "
        "number of operands: 1");
    expect("SET a = n + :v", R"({":v":{"S":"1"}})",
           "Incorrect operand type for operator or function; operator or function: +, operand "
           "type: S");
    expect("SET a = list_append(l, :v)", R"({":v":{"S":"1"}})",
           "Incorrect operand type for operator or function; operator or function: list_append, "
           "operand "
           "type: S");
    expect("ADD n :v", R"({":v":{"L":[]}})",
           "Incorrect operand type for operator or function; operator: ADD, operand type: LIST, "
           "typeSet: "
           "ALLOWED_FOR_ADD_OPERAND");
    expect(
        "DELETE ss :v", kNumber,
        "Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, "
        "typeSet: ALLOWED_FOR_DELETE_OPERAND");
    expect("SET #a = :v", kNumber,
           "An expression attribute name used in the document path is not defined; attribute name: "
           "#a");
}

TEST_F(UpdateTest, TakingAwayFromAMissingItemIsNoError) {
    EXPECT_EQ(apply("REMOVE x.y, z[3]", "{}"), "{}");
    EXPECT_EQ(apply("DELETE x.y :v", "{}", R"({":v":{"SS":["a"]}})"), "{}");
    EXPECT_NE(refusal("SET x.y = :v", kNumber, "{}"), "no error");
}

TEST_F(UpdateTest, SaysWhetherItCreatesAnItem) {
    EXPECT_TRUE(UpdateExpression::parse(text("SET a = :v REMOVE b", kNumber)).creates_item());
    EXPECT_TRUE(UpdateExpression::parse(text("ADD a :v", kNumber)).creates_item());
    EXPECT_FALSE(UpdateExpression::parse(text("REMOVE b")).creates_item());
    EXPECT_FALSE(
        UpdateExpression::parse(text("DELETE b :v", R"({":v":{"SS":["a"]}})")).creates_item());
    EXPECT_TRUE(UpdateExpression().creates_item());
    EXPECT_TRUE(UpdateExpression().empty());
}

TEST_F(UpdateTest, TellsWhatItReadsAndWrites) {
    auto update = UpdateExpression::parse(
        text("SET d = if_not_exists(e.f, g), c.x = :v ADD b :v REMOVE a", kNumber));
    EXPECT_EQ(update.attributes_written(), (std::vector<std::string>{"a", "b", "c", "d"}));
    EXPECT_EQ(update.attributes_read(), (std::vector<std::string>{"b", "c", "e", "g"}));
    ASSERT_EQ(update.paths_written().size(), 4u);
    EXPECT_EQ(to_string(update.paths_written()[1]), "c.x");
}

}  // namespace
}  // namespace dynamigrate::expressions
