#include "writes_fixture.hpp"

namespace dynamigrate::engine {
namespace {

class LegacyParameters : public WritesFixture {
protected:
    LegacyParameters() {
        put(R"(,"n":{"N":"5"},"s":{"S":"abc"},"l":{"L":[{"S":"p"}]},"ns":{"NS":["1","2"]})");
    }

    /// Whether the item "a" passes the filter.
    bool passes(const std::string& filter, const std::string& members = "") {
        std::string answer = plain("Scan", R"("ScanFilter":{)" + filter + "}" + members);
        EXPECT_THAT(answer, HasSubstr(R"("ScannedCount":1)"));
        return answer.find(R"("Count":1)") != std::string::npos;
    }
    std::string filter_refusal(const std::string& filter, const std::string& members = "") {
        return plain_refusal("Scan", R"("ScanFilter":{)" + filter + "}" + members);
    }
    /// An attribute's condition: `values` as a JSON list without brackets.
    static std::string test(const std::string& attribute, const std::string& op,
                            const std::string& values = "") {
        return "\"" + attribute + R"(":{"ComparisonOperator":")" + op + "\"" +
               (values.empty() ? "" : R"(,"AttributeValueList":[)" + values + "]") + "}";
    }
    std::string expected_refusal(const std::string& expected, const std::string& members = "") {
        return plain_refusal("DeleteItem",
                             R"("Key":{"pk":{"S":"a"}},"Expected":{)" + expected + "}" + members);
    }
    std::string attribute_update(const std::string& update) {
        return plain("UpdateItem", R"("Key":{"pk":{"S":"a"}},"ReturnValues":"UPDATED_NEW",)"
                                   R"("AttributeUpdates":{)" +
                                       update + "}");
    }
    std::string attribute_update_refusal(const std::string& update) {
        return update_refusal(R"("AttributeUpdates":{)" + update + "}");
    }
    std::string query(const std::string& conditions, const std::string& members = "") {
        return R"({"TableName":"rich","Select":"COUNT","KeyConditions":{)" + conditions + "}" +
               members + "}";
    }

    const std::string five = R"({"N":"5"})";
    const std::string p = R"({"S":"p"})";
};

TEST_F(LegacyParameters, OperatorsCompare) {
    EXPECT_TRUE(passes(test("n", "EQ", five)));
    EXPECT_FALSE(passes(test("n", "NE", five)));
    EXPECT_TRUE(passes(test("n", "LT", R"({"N":"6"})")));
    EXPECT_TRUE(passes(test("n", "LE", five)));
    EXPECT_FALSE(passes(test("n", "GT", five)));
    EXPECT_TRUE(passes(test("n", "GE", five)));
    EXPECT_TRUE(passes(test("n", "BETWEEN", R"({"N":"4"},{"N":"5"})")));
    EXPECT_TRUE(passes(test("n", "IN", R"({"N":"4"},{"N":"5"})")));
    EXPECT_TRUE(passes(test("s", "BEGINS_WITH", R"({"S":"ab"})")));
    EXPECT_TRUE(passes(test("l", "EQ", R"({"L":[{"S":"p"}]})")));
    EXPECT_TRUE(passes(test("n", "NOT_NULL")));
    EXPECT_FALSE(passes(test("n", "NULL")));
}

TEST_F(LegacyParameters, ContainsLooksIntoTextsSetsAndLists) {
    EXPECT_TRUE(passes(test("l", "CONTAINS", p)));
    EXPECT_TRUE(passes(test("s", "CONTAINS", R"({"S":"bc"})")));
    EXPECT_TRUE(passes(test("ns", "CONTAINS", R"({"N":"2.0"})")));
    EXPECT_FALSE(passes(test("ns", "NOT_CONTAINS", R"({"N":"2"})")));
    EXPECT_TRUE(passes(test("n", "NOT_CONTAINS", p)));
}

TEST_F(LegacyParameters, OfAnAbsentAttributeOnlyNullAndNotEqualAreTrue) {
    for (const char* op : {"EQ", "LT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", "IN"}) {
        EXPECT_FALSE(passes(test("none", op, p))) << op;
    }
    EXPECT_TRUE(passes(test("none", "NE", p)));
    EXPECT_TRUE(passes(test("none", "NULL")));
    EXPECT_FALSE(passes(test("none", "NOT_NULL")));
}

TEST_F(LegacyParameters, OperatorsTakeTheirNumbersAndTypesOfValues) {
    const std::string values = "ValidationException: One or more parameter values were invalid: ";
    EXPECT_EQ(filter_refusal(test("n", "EQ")),
              values + "Invalid number of argument(s) for the EQ ComparisonOperator");
    EXPECT_EQ(filter_refusal(test("n", "NULL", five)),
              values + "Invalid number of argument(s) for the NULL ComparisonOperator");
    EXPECT_EQ(filter_refusal(test("n", "IN", five + "," + p)),
              values + "AttributeValues inside AttributeValueList must be of same type");
    EXPECT_EQ(filter_refusal(test("n", "LT", R"({"BOOL":true})")),
              values + "ComparisonOperator LT is not valid for BOOL AttributeValue type");
    EXPECT_EQ(
        filter_refusal(test("n", "BETWEEN", R"({"N":"2"},{"N":"1"})")),
        "ValidationException: The BETWEEN condition was provided a range where the lower bound "
        "is greater than the upper bound");
    EXPECT_EQ(filter_refusal(test("", "EQ", five)), "ValidationException: Empty attribute name");
    EXPECT_THAT(filter_refusal(test("n", "ABOUT", five)),
                HasSubstr("Value 'ABOUT' at 'scanFilter.n.member.comparisonOperator'"));
    EXPECT_THAT(filter_refusal(R"("n":{})"), HasSubstr("must not be null"));
}

TEST_F(LegacyParameters, ConditionalOperatorJoinsTwoOrMore) {
    const std::string two = test("n", "EQ", five) + "," + test("s", "EQ", p);
    EXPECT_FALSE(passes(two));
    EXPECT_FALSE(passes(two, R"(,"ConditionalOperator":"AND")"));
    EXPECT_TRUE(passes(two, R"(,"ConditionalOperator":"OR")"));
    EXPECT_THAT(filter_refusal(two, R"(,"ConditionalOperator":"XOR")"),
                HasSubstr("enum value set: [OR, AND]"));
    EXPECT_EQ(filter_refusal("", R"(,"ConditionalOperator":"OR")"),
              "ValidationException: ConditionalOperator cannot be used without Filter or Expected");
    EXPECT_EQ(
        filter_refusal(test("n", "EQ", five), R"(,"ConditionalOperator":"OR")"),
        "ValidationException: ConditionalOperator can only be used when Filter or Expected has "
        "two or more elements");
}

TEST_F(LegacyParameters, ExpectedComparesAnAttributeOrItsAbsence) {
    EXPECT_THAT(expected_refusal(R"("n":{"Value":{"N":"6"}})"),
                HasSubstr("ConditionalCheckFailed"));
    EXPECT_THAT(expected_refusal(R"("n":{"Exists":false})"), HasSubstr("ConditionalCheckFailed"));
    EXPECT_THAT(expected_refusal(test("n", "GT", five)), HasSubstr("ConditionalCheckFailed"));
    EXPECT_EQ(expected_refusal(R"("n":{"Value":{"N":"5.0"},"Exists":true},"m":{"Exists":false})"),
              "");
    EXPECT_EQ(stored(), "{}");
    EXPECT_EQ(expected_refusal(R"("n":{"ComparisonOperator":"NE","Value":{"N":"5"}})"), "");
}

TEST_F(LegacyParameters, ExpectedRefusesWhatContradictsItself) {
    const std::string values = "ValidationException: One or more parameter values were invalid: ";
    EXPECT_EQ(expected_refusal(R"("n":{})"),
              values + "Value must be provided when Exists is null for Attribute: n");
    EXPECT_EQ(expected_refusal(R"("n":{"Exists":true})"),
              values + "Value must be provided when Exists is true for Attribute: n");
    EXPECT_EQ(expected_refusal(R"("n":{"Exists":false,"Value":{"N":"5"}})"),
              values + "Value cannot be used when Exists is false for Attribute: n");
    EXPECT_EQ(expected_refusal(R"("n":{"AttributeValueList":[{"N":"5"}]})"),
              values +
                  "AttributeValueList can only be used with a ComparisonOperator for Attribute: "
                  "n");
    EXPECT_EQ(expected_refusal(R"("n":{"AttributeValueList":[],"Value":{"N":"5"}})"),
              values + "Value and AttributeValueList cannot be used together for Attribute: n");
    EXPECT_EQ(expected_refusal(R"("n":{"ComparisonOperator":"EQ","Exists":true})"),
              values + "Exists and ComparisonOperator cannot be used together for Attribute: n");
    EXPECT_EQ(expected_refusal(test("n", "EQ")),
              values +
                  "Value or AttributeValueList must be used with ComparisonOperator: EQ for "
                  "Attribute: n");
}

TEST_F(LegacyParameters, AttributeUpdatesPutAddAndDelete) {
    EXPECT_EQ(attribute_update(R"("n":{"Action":"ADD","Value":{"N":"2"}})"),
              R"({"Attributes":{"n":{"N":"7"}}})");
    EXPECT_EQ(attribute_update(R"("n":{"Value":{"S":"x"}})"), R"({"Attributes":{"n":{"S":"x"}}})");
    EXPECT_EQ(attribute_update(R"("l":{"Action":"ADD","Value":{"L":[{"S":"p"}]}})"),
              R"({"Attributes":{"l":{"L":[{"S":"p"},{"S":"p"}]}}})");
    EXPECT_EQ(attribute_update(R"("ns":{"Action":"DELETE","Value":{"NS":["2","3"]}})"),
              R"({"Attributes":{"ns":{"NS":["1"]}}})");
    EXPECT_EQ(attribute_update(R"("ns":{"Action":"DELETE"},"n":{"Action":"DELETE"})"), "{}");
    EXPECT_EQ(stored(),
              R"({"Item":{"pk":{"S":"a"},"s":{"S":"abc"},"l":{"L":[{"S":"p"},{"S":"p"}]}}})");
}

TEST_F(LegacyParameters, AttributeUpdatesRefuse) {
    const std::string values = "ValidationException: One or more parameter values were invalid: ";
    EXPECT_EQ(attribute_update_refusal(R"("n":{"Action":"PUT"})"),
              values + "Only DELETE action is allowed when no attribute value is specified");
    EXPECT_EQ(attribute_update_refusal(R"("n":{"Action":"ADD","Value":{"S":"x"}})"),
              values + "ADD action is not supported for the type S");
    EXPECT_EQ(attribute_update_refusal(R"("n":{"Action":"DELETE","Value":{"N":"1"}})"),
              values + "DELETE action with value is not supported for the type N");
    EXPECT_EQ(attribute_update_refusal(R"("s":{"Action":"ADD","Value":{"N":"1"}})"),
              "ValidationException: Type mismatch for attribute to update");
    EXPECT_EQ(attribute_update_refusal(R"("ns":{"Action":"DELETE","Value":{"SS":["1"]}})"),
              "ValidationException: Type mismatch for attribute to update");
    EXPECT_EQ(attribute_update_refusal(R"("pk":{"Value":{"S":"1"}})"),
              values + "Cannot update attribute pk. This attribute is part of the key");
    EXPECT_THAT(attribute_update_refusal(R"("n":{"Action":"TAKE"})"),
                HasSubstr("'attributeUpdates.n.member.action'"));
}

TEST_F(LegacyParameters, AttributeUpdatesThatOnlyDeleteCreateNothing) {
    const std::string key = R"("Key":{"pk":{"S":"b"}})";
    plain("UpdateItem", key + R"(,"AttributeUpdates":{"n":{"Action":"DELETE"}})");
    EXPECT_EQ(plain("GetItem", key), "{}");
    plain("UpdateItem", key + R"(,"AttributeUpdates":{})");
    EXPECT_EQ(plain("GetItem", key), R"({"Item":{"pk":{"S":"b"}}})");
}

TEST_F(LegacyParameters, DoNotMixWithExpressions) {
    EXPECT_EQ(
        update_refusal(R"("AttributeUpdates":{},"Expected":{},"ConditionalOperator":"OR",
                  "UpdateExpression":"SET n = :n","ConditionExpression":"n = :n")"),
        "ValidationException: Can not use both expression and non-expression parameters in the "
        "same request: Non-expression parameters: {AttributeUpdates, Expected, "
        "ConditionalOperator} Expression parameters: {UpdateExpression, ConditionExpression}");
}

TEST_F(LegacyParameters, KeyConditionsSelectAPartitionAndARange) {
    for (const char* sk : {"1", "2", "3"}) {
        call("PutItem", std::string(R"({"TableName":"rich","Item":{"pk":{"S":"a"},"sk":{"N":")") +
                            sk + R"("}}})");
    }
    const std::string partition = test("pk", "EQ", R"({"S":"a"})") + ",";
    auto count = [&](const std::string& sort) {
        std::string answer = call("Query", query(partition + sort));
        return answer.substr(0, answer.find(','));
    };
    EXPECT_EQ(count(test("sk", "GE", R"({"N":"2"})")), R"({"Count":2)");
    EXPECT_EQ(count(test("sk", "BETWEEN", R"({"N":"1"},{"N":"2"})")), R"({"Count":2)");
    EXPECT_EQ(count(test("sk", "EQ", R"({"N":"7"})")), R"({"Count":0)");
}

TEST_F(LegacyParameters, KeyConditionsRefuseWhatIsNoKey) {
    auto query_refusal = [&](const std::string& conditions) {
        return why("Query", query(conditions));
    };
    const std::string partition = test("pk", "EQ", R"({"S":"a"})");
    EXPECT_EQ(query_refusal(""), "ValidationException: Conditions can be of length 1 or 2 only");
    EXPECT_EQ(query_refusal(test("pk", "LT", R"({"S":"a"})")),
              "ValidationException: Query key condition not supported");
    EXPECT_EQ(
        query_refusal(partition + "," + test("sk", "NE", five)),
        "ValidationException: Attempted conditional constraint is not an indexable operation");
    EXPECT_EQ(query_refusal(partition + "," + test("n", "EQ", five)),
              "ValidationException: Query condition missed key schema element: sk");
    EXPECT_EQ(query_refusal(partition + "," + test("sk", "EQ", p)),
              "ValidationException: One or more parameter values were invalid: Condition parameter "
              "type does not match schema type");
}

}  // namespace
}  // namespace dynamigrate::engine
