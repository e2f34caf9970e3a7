#include "writes_fixture.hpp"

namespace dynamigrate::engine {
namespace {

class BatchWrites : public WritesFixture {
protected:
    static std::string request(const std::string& tables, const std::string& members = "") {
        return R"({"RequestItems":{)" + tables + "}" + members + "}";
    }
    static std::string put_request(const std::string& pk) {
        return R"({"PutRequest":{"Item":{"pk":{"S":")" + pk + R"("}}}})";
    }
    static std::string delete_request(const std::string& pk) {
        return R"({"DeleteRequest":{"Key":{"pk":{"S":")" + pk + R"("}}}})";
    }
    static std::string puts(int count) {
        std::string text;
        for (int i = 0; i < count; ++i) {
            text += (i > 0 ? "," : "") + put_request(std::to_string(i));
        }
        return text;
    }
    std::string write_refusal(const std::string& requests) {
        return why("BatchWriteItem", request(R"("plain":[)" + requests + "]"));
    }
};

TEST_F(BatchWrites, PutAndDeleteInSeveralTables) {
    put("");
    EXPECT_EQ(call("BatchWriteItem",
                   request(R"("plain":[)" + put_request("b") + "," + delete_request("a") +
                               R"(],"rich":[{"PutRequest":{"Item":
                                 {"pk":{"S":"a"},"sk":{"N":"1"},"age":{"N":"5"}}}}])",
                           R"(,"ReturnConsumedCapacity":"INDEXES",
                             "ReturnItemCollectionMetrics":"SIZE")")),
              R"({"UnprocessedItems":{},"ItemCollectionMetrics":{"rich":[)"
              R"({"ItemCollectionKey":{"pk":{"S":"a"}},"SizeEstimateRangeGB":[0,1]}]},)"
              R"("ConsumedCapacity":[)"
              R"({"TableName":"plain","CapacityUnits":2,"Table":{"CapacityUnits":2}},)"
              R"({"TableName":"rich","CapacityUnits":2,"Table":{"CapacityUnits":1},)"
              R"("LocalSecondaryIndexes":{"by-age":{"CapacityUnits":1}}}]})");
    EXPECT_EQ(stored(), "{}");
    EXPECT_EQ(plain("GetItem", R"("Key":{"pk":{"S":"b"}})"), R"({"Item":{"pk":{"S":"b"}}})");
}

TEST_F(BatchWrites, AreLimitedAndWithoutDuplicates) {
    EXPECT_THAT(write_refusal(puts(26)), HasSubstr("less than or equal to 25"));
    EXPECT_EQ(
        why("BatchWriteItem", request(R"("plain":[)" + puts(20) + R"(],"rich":[)" + puts(6) + "]")),
        "ValidationException: Too many items requested for the BatchWriteItem call");
    EXPECT_EQ(write_refusal(put_request("a") + "," + delete_request("a")),
              "ValidationException: Provided list of item keys contains duplicates");
    EXPECT_THAT(why("BatchWriteItem", request("")), HasSubstr("Value '{}' at 'requestItems'"));
    EXPECT_THAT(write_refusal(""), HasSubstr("greater than or equal to 1"));
    EXPECT_THAT(write_refusal("{}"), HasSubstr("must contain exactly one"));
    EXPECT_THAT(write_refusal(R"({"PutRequest":{}})"), HasSubstr("must not be null"));
}

TEST_F(BatchWrites, ARefusedRequestRefusesAll) {
    EXPECT_EQ(write_refusal(put_request("a") + R"(,{"PutRequest":{"Item":{"pk":{"N":"1"}}}})"),
              "ValidationException: One or more parameter values were invalid: Type mismatch for "
              "key pk expected: S actual: N");
    EXPECT_EQ(
        write_refusal(put_request("a") + R"(,{"PutRequest":{"Item":{"pk":{"S":"b"},"s":{"S":")" +
                      std::string(409'600, 'x') + R"("}}}})"),
        "ValidationException: Item size has exceeded the maximum allowed size");
    EXPECT_THAT(why("BatchWriteItem", request(R"("plain":[)" + put_request("a") +
                                              R"(],"nonesuch":[)" + put_request("a") + "]")),
                StartsWith("ResourceNotFoundException"));
    EXPECT_EQ(stored(), "{}");
}

}  // namespace
}  // namespace dynamigrate::engine
