#include "partiql_fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class PartiqlWhereTest : public PartiqlTest {
protected:
    bool holds(const std::string& text, std::string_view wire, std::string_view item_json) {
        return parse("SELECT * FROM tab WHERE " + text, wire).condition.matches(item(item_json));
    }
};

TEST_F(PartiqlWhereTest, ReadsEveryComparison) {
    EXPECT_EQ(where("a = 1"), R"(eq(a, {"N":"1"}))");
    EXPECT_EQ(where("a <> 1"), R"(ne(a, {"N":"1"}))");
    EXPECT_EQ(where("a != 1"), R"(ne(a, {"N":"1"}))");
    EXPECT_EQ(where("a < 1"), R"(lt(a, {"N":"1"}))");
    EXPECT_EQ(where("a <= 1"), R"(le(a, {"N":"1"}))");
    EXPECT_EQ(where("1 > a"), R"(gt({"N":"1"}, a))");
    EXPECT_EQ(where("a >= b"), "ge(a, b)");
    EXPECT_EQ(where("a BETWEEN 1 AND 2 AND b = 3"),
              R"(and(between(a, {"N":"1"}, {"N":"2"}), eq(b, {"N":"3"})))");
    EXPECT_EQ(where("a NOT BETWEEN 1 AND 2"), R"(not(between(a, {"N":"1"}, {"N":"2"})))");
    EXPECT_EQ(where("a IN ('x', b)"), R"(in(a, {"S":"x"}, b))");
    EXPECT_EQ(where("a IN ['x', ?]", R"([{"N":"1"}])"), R"(in(a, {"S":"x"}, {"N":"1"}))");
    EXPECT_EQ(where("a IN ('x')"), R"(in(a, {"S":"x"}))");
    EXPECT_EQ(where("a IN <<'x', 'y'>>"), R"(in(a, {"S":"x"}, {"S":"y"}))");
    EXPECT_EQ(where("a NOT IN [1]"), R"(not(in(a, {"N":"1"})))");
}

TEST_F(PartiqlWhereTest, ReadsTestsOfPresenceAndType) {
    EXPECT_EQ(where("a IS MISSING"), "not_exists(a)");
    EXPECT_EQ(where("a.b[1] IS NOT MISSING"), "not(not_exists(a.b[1]))");
    EXPECT_EQ(where("a IS NULL"), R"(eq(a, {"NULL":true}))");
    EXPECT_EQ(where("a IS NOT NULL"), R"(not(eq(a, {"NULL":true})))");
    EXPECT_TRUE(holds("a IS STRING", "[]", R"({"a":{"S":""}})"));
    EXPECT_TRUE(holds("a IS NUMERIC", "[]", R"({"a":{"N":"1"}})"));
    EXPECT_TRUE(holds("a IS BOOL", "[]", R"({"a":{"BOOL":false}})"));
    EXPECT_TRUE(holds("a IS BLOB", "[]", R"({"a":{"B":""}})"));
    EXPECT_TRUE(holds("a IS STRUCT", "[]", R"({"a":{"M":{}}})"));
    EXPECT_TRUE(holds("a IS LIST", "[]", R"({"a":{"L":[]}})"));
    EXPECT_FALSE(holds("a IS NOT LIST", "[]", R"({"a":{"L":[]}})"));
    EXPECT_FALSE(holds("a IS NULL", "[]", "{}"));
    EXPECT_TRUE(holds("a IS NOT NULL", "[]", "{}"));
}

TEST_F(PartiqlWhereTest, ReadsFunctionsInAnyCase) {
    EXPECT_EQ(where("begins_with(a, 'x')"), R"(begins_with(a, {"S":"x"}))");
    EXPECT_EQ(where(R"(BEGINS_WITH("a", 'x'))"), R"(begins_with(a, {"S":"x"}))");
    EXPECT_EQ(where("contains(a, ?)", R"([{"S":"x"}])"), R"(contains(a, {"S":"x"}))");
    EXPECT_EQ(where("SIZE(a) > 2 AND 2 = size('ab')"),
              R"(and(gt(size(a), {"N":"2"}), eq({"N":"2"}, size({"S":"ab"}))))");
    EXPECT_TRUE(holds("attribute_type(a, 'SS')", "[]", R"({"a":{"SS":["x"]}})"));
    EXPECT_EQ(where("attribute_exists(a) AND attribute_not_exists(b)"),
              "and(exists(a), not_exists(b))");
    EXPECT_EQ(where("contains(a, 'x') = true"), R"(contains(a, {"S":"x"}))");
    EXPECT_EQ(where("false = (a = 1)"), R"(not(eq(a, {"N":"1"})))");
    EXPECT_EQ(where("a = true"), R"(eq(a, {"BOOL":true}))");
}

TEST_F(PartiqlWhereTest, BindsOrLooserThanAndLooserThanNot) {
    EXPECT_EQ(
        where("a = 1 OR b = 2 AND NOT c = 3 OR d = 4"),
        R"(or(eq(a, {"N":"1"}), and(eq(b, {"N":"2"}), not(eq(c, {"N":"3"}))), eq(d, {"N":"4"})))");
    EXPECT_EQ(where("(a = 1 OR b = 2) AND c = 3"),
              R"(and(or(eq(a, {"N":"1"}), eq(b, {"N":"2"})), eq(c, {"N":"3"})))");
    EXPECT_EQ(where("NOT NOT a = 1"), R"(not(not(eq(a, {"N":"1"}))))");
}

TEST_F(PartiqlWhereTest, FlattensPartsOfTheSameKind) {
    EXPECT_EQ(where("((a = 1)) AND (b = 2 AND (c = 3))"),
              R"(and(eq(a, {"N":"1"}), eq(b, {"N":"2"}), eq(c, {"N":"3"})))");
}

TEST_F(PartiqlWhereTest, ReadsPathsAndQuotedNames) {
    EXPECT_EQ(where(R"(a.b[0]."c d" = 1)"), R"(eq(a.b[0].'c d', {"N":"1"}))");
    EXPECT_EQ(where(R"("a.b" = 1)"), R"(eq('a.b', {"N":"1"}))");
    EXPECT_EQ(where(R"("a""b"['c']["d"][2] = 1)"), R"(eq('a"b'.c.d[2], {"N":"1"}))");
    EXPECT_EQ(where(R"("select" = 1 AND $x_1 = 2)"),
              R"(and(eq(select, {"N":"1"}), eq('$x_1', {"N":"2"})))");
}

TEST_F(PartiqlWhereTest, ReadsLiterals) {
    EXPECT_EQ(where("a = 'it''s'"), R"(eq(a, {"S":"it's"}))");
    EXPECT_EQ(where("a = ''"), R"(eq(a, {"S":""}))");
    EXPECT_EQ(where("a = Null OR a = TRUE OR a = false"),
              R"(or(eq(a, {"NULL":true}), eq(a, {"BOOL":true}), eq(a, {"BOOL":false})))");
    EXPECT_EQ(where("a = [1, ['x'], {'b': {}}]"),
              R"(eq(a, {"L":[{"N":"1"},{"L":[{"S":"x"}]},{"M":{"b":{"M":{}}}}]}))");
    EXPECT_EQ(where("a = <<'x', 'y'>>"), R"(eq(a, {"SS":["x","y"]}))");
    EXPECT_EQ(where("a = <<1, -2.50>>"), R"(eq(a, {"NS":["1","-2.5"]}))");
}

TEST_F(PartiqlWhereTest, SpellsNumbersAsDynamoDbDoes) {
    EXPECT_EQ(where("a = 007"), R"(eq(a, {"N":"7"}))");
    EXPECT_EQ(where("a = 1.50"), R"(eq(a, {"N":"1.5"}))");
    EXPECT_EQ(where("a = .5"), R"(eq(a, {"N":"0.5"}))");
    EXPECT_EQ(where("a = 5."), R"(eq(a, {"N":"5"}))");
    EXPECT_EQ(where("a = 1E3"), R"(eq(a, {"N":"1000"}))");
    EXPECT_EQ(where("a = -5 OR a = - 5 OR a = +5 OR a = - -5"),
              R"(or(eq(a, {"N":"-5"}), eq(a, {"N":"-5"}), eq(a, {"N":"5"}), eq(a, {"N":"5"})))");
    EXPECT_EQ(where("a = -0"), R"(eq(a, {"N":"0"}))");
}

TEST_F(PartiqlWhereTest, SkipsBlanksAndComments) {
    EXPECT_EQ(where("a\n=\t1 -- and so on\n AND/* or */b=2--end"),
              R"(and(eq(a, {"N":"1"}), eq(b, {"N":"2"})))");
}

TEST_F(PartiqlWhereTest, ComparesWithParametersOfEveryType) {
    const std::pair<const char*, const char*> values[] = {
        {R"({"L":[{"S":"x"}]})", R"({"L":[{"S":"y"}]})"},
        {R"({"M":{"a":{"S":"x"}}})", R"({"M":{}})"},
        {R"({"SS":["a","b"]})", R"({"SS":["a"]})"},
        {R"({"NS":["1.0","2"]})", R"({"NS":["1"]})"},
        {R"({"B":"YQ=="})", R"({"B":""})"},
        {R"({"BOOL":true})", R"({"BOOL":false})"},
        {R"({"NULL":true})", R"({"S":""})"},
        {R"({"S":""})", R"({"S":"x"})"},
        {R"({"M":{}})", R"({"L":[]})"},
        {R"({"L":[]})", R"({"M":{}})"},
        {R"({"N":"1.0"})", R"({"N":"2"})"},
    };
    for (const auto& [value, other] : values) {
        const std::string wire = "[" + std::string(value) + "]";
        EXPECT_TRUE(holds("a = ?", wire, R"({"a":)" + std::string(value) + "}")) << value;
        EXPECT_FALSE(holds("a = ?", wire, R"({"a":)" + std::string(other) + "}")) << value;
        EXPECT_TRUE(holds("a <> ?", wire, R"({"a":)" + std::string(other) + "}")) << value;
        EXPECT_TRUE(holds("a <> ?", wire, "{}")) << value;
    }
    EXPECT_TRUE(holds("a = ?", R"([{"NS":["1.0","2"]}])", R"({"a":{"NS":["2.00","1"]}})"));
    EXPECT_TRUE(holds("a = ?", R"([{"N":"1.0"}])", R"({"a":{"N":"1"}})"));
}

TEST_F(PartiqlWhereTest, TakesParametersInTheirOrder) {
    EXPECT_EQ(where("a = ? AND b IN (?, ?) AND ? = c",
                    R"([{"N":"1"},{"N":"2"},{"N":"3"},{"N":"4"},{"N":"5"}])"),
              R"(and(eq(a, {"N":"1"}), in(b, {"N":"2"}, {"N":"3"}), eq({"N":"4"}, c)))");
    EXPECT_EQ(where_refusal("a = ? AND b = ?", R"([{"N":"1"}])"),
              "Number of parameters in request and statement don't match.");
}

TEST_F(PartiqlWhereTest, RefusesWhatIsNoCondition) {
    EXPECT_EQ(where_refusal("a"),
              "WHERE clause must contain an expression that resolves to a boolean");
    EXPECT_EQ(where_refusal("size(a)"),
              "WHERE clause must contain an expression that resolves to a boolean");
    EXPECT_EQ(where_refusal("a = 1 AND b"), "The arguments to AND/OR must be Expressions");
    EXPECT_EQ(where_refusal("NOT b"), "The argument to NOT must be a Type or Expression");
    EXPECT_EQ(where_refusal("a = 1 OR size(a)"),
              "Incorrect operand type for operator or function; operator or function: OR, operand "
              "type: N");
    EXPECT_EQ(where_refusal("foo(a)"), "Unrecognized function: foo");
    EXPECT_EQ(where_refusal("UPPER(a) = 'A'"), "Unrecognized function: upper");
    EXPECT_EQ(where_refusal("list_append(a, [1]) = 2"),
              "The function is not allowed in a condition expression; function: list_append");
    EXPECT_EQ(where_refusal("a LIKE 'x'"),
              "Unsupported operator in Condition Expression. Operator: like");
    EXPECT_EQ(where_refusal("a + 1 = 2"),
              "Unsupported operator in Condition Expression. Operator: +");
    EXPECT_EQ(where_refusal("a-b = 2"),
              "Unsupported operator in Condition Expression. Operator: -");
    EXPECT_EQ(where_refusal("a = MISSING"), "MISSING must be compared using IS operator");
    EXPECT_EQ(where_refusal("a IS INT"),
              "Unsupported data type for IS operator: INTEGER. Supported data types are [MISSING, "
              "NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST] at 1:27:2");
    EXPECT_EQ(where_refusal("? IS MISSING", R"([{"S":"x"}])"),
              "The left hand side argument to IS must be a Variable Reference, Literal, or Path");
}

TEST_F(PartiqlWhereTest, ChecksOperandsAsConditionsDo) {
    EXPECT_EQ(where_refusal("a = a"),
              "The first operand must be distinct from the remaining operands for this operator or "
              "function; operator: =, first operand: [a]");
    EXPECT_EQ(where_refusal("a IN [1, a]"),
              "The first operand must be distinct from the remaining operands for this operator or "
              "function; operator: IN, first operand: [a]");
    EXPECT_EQ(where_refusal("a < [1]"),
              "Incorrect operand type for operator or function; operator or function: <, operand "
              "type: L");
    EXPECT_EQ(where_refusal("begins_with(a, 1)"),
              "Incorrect operand type for operator or function; operator or function: begins_with, "
              "operand type: N");
    EXPECT_EQ(where_refusal("begins_with(a)"),
              "Incorrect number of operands for operator or function; operator or function: "
              "begins_with, number of operands: 1");
    EXPECT_EQ(where_refusal("attribute_type(a, 'Q')"),
              "Invalid attribute type name found; type: Q, valid types: "
              "{N,BS,L,B,NULL,M,S,SS,NS,BOOL}");
    EXPECT_EQ(where_refusal("'a' IS MISSING"),
              "Operator or function requires a document path; operator or function: "
              "attribute_not_exists");
    EXPECT_EQ(where_refusal("a BETWEEN 'z' AND 'a'"),
              "The BETWEEN operator requires upper bound to be greater than or equal to lower "
              "bound; lower bound operand: AttributeValue: {S:z}, upper bound operand: "
              "AttributeValue: {S:a}");
    for (const char* text : {"a IN []", "a IN ?", "a IN 'x'", "a IN (SELECT x FROM tab)"}) {
        EXPECT_EQ(where_refusal(text, R"([{"L":[{"S":"x"}]}])"),
                  "IN operator must have a left hand argument of type Variable Reference and right "
                  "hand argument of type Seq with at least one member");
    }
}

TEST_F(PartiqlWhereTest, CountsOperatorsAndMembers) {
    const auto repeated = [](int count) {
        std::string text = "a = 1";
        for (int i = 1; i < count; ++i) {
            text += " AND a <> 1";
        }
        return text;
    };
    EXPECT_NE(where(repeated(150)), "");
    EXPECT_EQ(where_refusal(repeated(151)),
              "The expression contains too many operators; operator count: 301");
    const auto members = [](int count) {
        std::string text = "a IN [0";
        for (int i = 1; i < count; ++i) {
            text += "," + std::to_string(i);
        }
        return text + "]";
    };
    EXPECT_NE(where(members(100)), "");
    EXPECT_EQ(where_refusal(members(101)),
              "The IN operator is provided with too many operands; number of operands: 101");
    EXPECT_EQ(where_refusal(std::string(400, '(') + "a = 1" + std::string(400, ')')),
              "Nesting Levels have exceeded supported limits");
}

TEST_F(PartiqlWhereTest, RefusesLiteralsThatAreNoValues) {
    EXPECT_EQ(where_refusal("x=[1,?]", R"([{"S":"x"}])"),
              "Unsupported data type: Parameter under key root.1 at 1:30:1");
    EXPECT_EQ(where_refusal("x={'a':[b]}"),
              "Unsupported data type: VariableReference under key root.a.0 at 1:33:1");
    EXPECT_EQ(where_refusal("x=[1+1]"), "Unsupported data type: NAry under key root.0 at 1:29:1");
    EXPECT_EQ(where_refusal("x=<<>>"), "Empty bags are not supported at 1:27:2");
    EXPECT_EQ(where_refusal("x=<<?>>", R"([{"S":"x"}])"),
              "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in "
              "bags at 1:29:1");
    EXPECT_EQ(where_refusal("x=<<'1',1>>"),
              "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in "
              "bags at 1:33:1");
    EXPECT_EQ(where_refusal("x=<<1, 1.0>>"), "Input collection contains duplicates");
    EXPECT_EQ(where_refusal("x={'a':1,'a':2}"),
              "Duplicate keys in tuple. Key: a under root at 1:27:1");
    EXPECT_EQ(where_refusal("x={\n\"a\":1}"),
              "Tuple keys must be of type String. Actual type: VariableReference under root at "
              "2:1:3");
    EXPECT_EQ(where_refusal("x=123456789012345678901234567890123456789"),
              "DynamoDB only supports precision up to 38 digits");
    EXPECT_EQ(where_refusal("x=1e126"),
              "Number overflow. Attempting to store a number with magnitude larger than supported "
              "range");
    EXPECT_NE(where("x=" + std::string(31, '[') + std::string(31, ']')), "");
    EXPECT_EQ(where_refusal("x=" + std::string(32, '[') + std::string(32, ']')),
              "Nesting Levels have exceeded supported limits");
}

TEST_F(PartiqlWhereTest, RefusesPathsThatAreNone) {
    EXPECT_EQ(where_refusal(R"("" = 1)"), "Path component cannot be an empty string");
    EXPECT_EQ(where_refusal("a[-1] = 1"),
              "List index is not within the allowable range; index: [-1] at 1:28:1");
    EXPECT_EQ(where_refusal("a[0.5] = 1"), "Unexpected path component at 1:27:3");
    EXPECT_EQ(where_refusal("a[*] = 1"),
              "Wildcard path component like a[*].b are not supported at 1:27:1");
    EXPECT_EQ(where_refusal("a.* = 1"),
              "Unpivot path component like a.*.b are not supported at 1:27:1");
    std::string deep = "a";
    for (int i = 0; i < 32; ++i) {
        deep += ".b";
    }
    EXPECT_EQ(where_refusal(deep + " = 1"),
              "The document path has too many nesting levels; nesting levels: 33");
}

TEST_F(PartiqlWhereTest, ReportsSyntaxBeforeAnythingElse) {
    for (const char* text : {"a = 1 AND AND b = 2",
                             "foo(1) AND",
                             "a == 1",
                             "a = 'x",
                             "\"a = 1",
                             "a = 1)",
                             "(a = 1",
                             "a = :v",
                             "#a = 1",
                             "a = ??",
                             "select = 1",
                             "value = 1",
                             "size = 1",
                             "m.size = 1",
                             "m.'a' = 1",
                             "1x = 1",
                             "a = 1.0.0",
                             "a = 1e",
                             "a = 0x1",
                             "a = --1",
                             "a = 1 b = 2",
                             "a IS 5",
                             "a IS NUMBER",
                             "a NOT = 1",
                             "a IN ('x',)",
                             "()",
                             "a = /* 1",
                             "a = {'x':1,}",
                             "a = ANY ['x']",
                             "\xC3\xA9 = 1",
                             "a BETWEEN 1 OR 2"}) {
        EXPECT_EQ(where_refusal(text), malformed("SELECT * FROM tab WHERE " + std::string(text)));
    }
}

}  // namespace
}  // namespace dynamigrate::expressions
