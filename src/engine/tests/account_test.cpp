#include "engine_fixture.hpp"

namespace dynamigrate::engine {
namespace {

constexpr const char* kArn = R"("ResourceArn":"arn:aws:dynamodb:local:000000000000:table/tab")";

using Account = EngineFixture;

class Tags : public EngineFixture {
protected:
    void SetUp() override { create_table(); }
    std::string on_table(const std::string& members = "") {
        return "{" + std::string(kArn) + (members.empty() ? "" : ",") + members + "}";
    }
    std::string tags() { return call("ListTagsOfResource", on_table()); }
};

TEST_F(Tags, AreAddedReplacedAndRemoved) {
    EXPECT_EQ(tags(), R"({"Tags":[]})");
    EXPECT_EQ(call("TagResource",
                   on_table(R"("Tags":[{"Key":"b","Value":"1"},{"Key":"a","Value":"2"}])")),
              "{}");
    call("TagResource", on_table(R"("Tags":[{"Key":"b","Value":"3"}])"));
    EXPECT_EQ(tags(), R"({"Tags":[{"Key":"a","Value":"2"},{"Key":"b","Value":"3"}]})");
    EXPECT_EQ(call("UntagResource", on_table(R"("TagKeys":["a","zz"])")), "{}");
    EXPECT_EQ(tags(), R"({"Tags":[{"Key":"b","Value":"3"}]})");
}

TEST_F(Tags, AreListedInPagesOfTen) {
    std::string list;
    for (char key = 'a'; key <= 'l'; ++key) {
        list +=
            (list.empty() ? "" : ",") + (R"({"Key":")" + std::string(1, key)) + R"(","Value":""})";
    }
    call("TagResource", on_table(R"("Tags":[)" + list + "]"));
    EXPECT_TRUE(tags().ends_with(R"({"Key":"j","Value":""}],"NextToken":"j"})"));
    EXPECT_EQ(call("ListTagsOfResource", on_table(R"("NextToken":"j")")),
              R"({"Tags":[{"Key":"k","Value":""},{"Key":"l","Value":""}]})");
}

TEST_F(Tags, NeedATable) {
    EXPECT_EQ(refusal("ListTagsOfResource", "{}"), "ValidationException: Invalid TableArn");
    EXPECT_EQ(refusal("ListTagsOfResource", R"({"ResourceArn":"tab"})"),
              "ValidationException: Invalid TableArn: Invalid ResourceArn provided as input tab");
    EXPECT_EQ(refusal("TagResource", R"({"Tags":[{"Key":"a","Value":"b"}],
                  "ResourceArn":"arn:aws:dynamodb:local:000000000000:table/nope"})"),
              "ResourceNotFoundException: Requested resource not found: ResourcArn: "
              "arn:aws:dynamodb:local:000000000000:table/nope not found");
}

TEST_F(Tags, AreChecked) {
    EXPECT_EQ(refusal("TagResource", on_table()),
              "ValidationException: 1 validation error detected: Value null at 'tags' failed to "
              "satisfy constraint: Member must not be null");
    EXPECT_EQ(refusal("TagResource", on_table(R"("Tags":[])")),
              "ValidationException: Atleast one Tag needs to be provided as Input.");
    EXPECT_EQ(refusal("UntagResource", on_table(R"("TagKeys":[])")),
              "ValidationException: Atleast one Tag Key needs to be provided as Input.");
    EXPECT_NE(refusal("TagResource", on_table(R"("Tags":[{"Key":"aws:x","Value":""}])")), "");
    std::string many;
    for (int i = 0; i < 51; ++i) {
        many += (i == 0 ? "" : ",") + (R"({"Key":")" + std::to_string(i)) + R"(","Value":""})";
    }
    EXPECT_NE(refusal("TagResource", on_table(R"("Tags":[)" + many + "]")), "");
    EXPECT_EQ(tags(), R"({"Tags":[]})");
}

TEST_F(Tags, MayComeWithTheTable) {
    call("CreateTable", R"({"TableName":"tagged","BillingMode":"PAY_PER_REQUEST",
         "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
         "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],"Tags":[{"Key":"k","Value":"v"}]})");
    EXPECT_EQ(call("ListTagsOfResource",
                   R"({"ResourceArn":"arn:aws:dynamodb:local:000000000000:table/tagged"})"),
              R"({"Tags":[{"Key":"k","Value":"v"}]})");
}

TEST_F(Account, TellsLimitsAndEndpoints) {
    EXPECT_EQ(call("DescribeLimits", "{}"),
              R"({"AccountMaxReadCapacityUnits":80000,"AccountMaxWriteCapacityUnits":80000,)"
              R"("TableMaxReadCapacityUnits":40000,"TableMaxWriteCapacityUnits":40000})");
    EXPECT_EQ(call("DescribeEndpoints", "{}"),
              R"({"Endpoints":[{"Address":"dynamodb.local.amazonaws.com",)"
              R"("CachePeriodInMinutes":1440}]})");
}

}  // namespace
}  // namespace dynamigrate::engine
