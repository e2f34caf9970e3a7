#include "engine_fixture.hpp"

#include <gmock/gmock.h>

#include <set>

namespace dynamigrate::engine {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Texts between `"begin":"` and the next quote, in their order.
std::vector<std::string> texts(const std::string& body, const std::string& begin) {
    std::vector<std::string> found;
    for (std::size_t at = body.find(begin); at != std::string::npos; at = body.find(begin, at)) {
        at += begin.size();
        found.push_back(body.substr(at, body.find('"', at) - at));
    }
    return found;
}

/// A table `t` with indexes: `local` (keys only), `global` (g, h; with a), `whole` (g; all).
class Reads : public EngineFixture {
protected:
    Reads() {
        call("CreateTable", R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[
                {"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},
                {"AttributeName":"g","AttributeType":"S"},{"AttributeName":"h","AttributeType":"N"},
                {"AttributeName":"l","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},
                         {"AttributeName":"sk","KeyType":"RANGE"}],
            "LocalSecondaryIndexes":[{"IndexName":"local","KeySchema":[
                    {"AttributeName":"pk","KeyType":"HASH"},
                    {"AttributeName":"l","KeyType":"RANGE"}],
                "Projection":{"ProjectionType":"KEYS_ONLY"}}],
            "GlobalSecondaryIndexes":[
                {"IndexName":"global","KeySchema":[{"AttributeName":"g","KeyType":"HASH"},
                    {"AttributeName":"h","KeyType":"RANGE"}],
                 "Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["a"]}},
                {"IndexName":"whole","KeySchema":[{"AttributeName":"g","KeyType":"HASH"}],
                 "Projection":{"ProjectionType":"ALL"}}]})");
    }

    /// Items a/0 to a/5, all but a/5 in the indexes.
    void put_six() {
        for (int i = 0; i < 6; ++i) {
            std::string number = std::to_string(i);
            std::string keys = i == 5 ? ""
                                      : R"(,"g":{"S":"g"},"h":{"N":")" + std::to_string(i % 3) +
                                            R"("},"l":{"S":"l)" + std::to_string(9 - i) + R"("})";
            call("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"N":")" + number +
                                R"("},"a":{"S":"x)" + number + R"("},"b":{"S":"y"})" + keys + "}}");
        }
    }

    std::string scan(const std::string& members) {
        return call("Scan", R"({"TableName":"tab")" + members + "}");
    }
    std::string scan_refusal(const std::string& members) {
        return refusal("Scan", R"({"TableName":"tab")" + members + "}");
    }
    static std::string query_body(const std::string& members, const std::string& values = "") {
        return R"({"TableName":"tab","KeyConditionExpression":"pk = :p",)"
               R"("ExpressionAttributeValues":{":p":{"S":"a"})" +
               values + "}" + members + "}";
    }
    std::string query(const std::string& members, const std::string& values = "") {
        return call("Query", query_body(members, values));
    }
    std::string query_refusal(const std::string& members, const std::string& values = "") {
        return refusal("Query", query_body(members, values));
    }
    static std::vector<std::string> sort_keys(const std::string& body) {
        return texts(body.substr(0, body.find("\"Count\"")), R"("sk":{"N":")");
    }
};

using Texts = std::vector<std::string>;

TEST_F(Reads, ScanShowsStoredItemsAndCountsThem) {
    put_six();
    std::string body = scan("");
    EXPECT_EQ(sort_keys(body), (Texts{"0", "1", "2", "3", "4", "5"}));
    EXPECT_THAT(body, HasSubstr(R"("Count":6,"ScannedCount":6})"));
}

TEST_F(Reads, AnEmptyScanHasItemsAndNoLastKey) {
    EXPECT_EQ(scan(""), R"({"Items":[],"Count":0,"ScannedCount":0})");
}

TEST_F(Reads, ALimitThatIsReachedGivesALastKeyAtTheEndToo) {
    put_six();
    EXPECT_THAT(scan(R"(,"Limit":6,"Select":"COUNT")"),
                HasSubstr(R"("LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"N":"5"}})"));
    EXPECT_THAT(scan(R"(,"Limit":7)"), Not(HasSubstr("LastEvaluatedKey")));
    EXPECT_EQ(scan(R"(,"Limit":2,"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"5"}})"),
              R"({"Items":[],"Count":0,"ScannedCount":0})");
}

TEST_F(Reads, AFilterLeavesTheScannedCountAndTheLastKey) {
    put_six();
    std::string body = scan(R"(,"Limit":3,"FilterExpression":"a = :a","ExpressionAttributeValues":{
        ":a":{"S":"x1"}})");
    EXPECT_EQ(sort_keys(body), (Texts{"1"}));
    EXPECT_THAT(body, HasSubstr(R"("Count":1,"ScannedCount":3,"LastEvaluatedKey":{"pk")"));
}

TEST_F(Reads, AProjectionShowsItsPathsOnly) {
    put_six();
    EXPECT_THAT(scan(R"(,"Limit":1,"ProjectionExpression":"#b, sk",
                         "ExpressionAttributeNames":{"#b":"b"})"),
                HasSubstr(R"({"Items":[{"sk":{"N":"0"},"b":{"S":"y"}}],"Count":1)"));
    EXPECT_THAT(scan(R"(,"Limit":1,"AttributesToGet":["b","none"])"),
                HasSubstr(R"({"Items":[{"b":{"S":"y"}}],"Count":1)"));
}

TEST_F(Reads, APageEndsWithTheItemThatReachesOneMegabyte) {
    std::string large(300'000, 'x');
    for (int i = 0; i < 6; ++i) {
        call("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"N":")" +
                            std::to_string(i) + R"("},"b":{"S":")" + large + R"("}}})");
    }
    std::string nothing = R"(,"FilterExpression":"zz = pk","Select":"COUNT",
                              "ReturnConsumedCapacity":"TOTAL")";
    std::string body = scan(nothing);
    EXPECT_THAT(body, HasSubstr(R"({"Count":0,"ScannedCount":4,"LastEvaluatedKey":{"pk")"));
    EXPECT_THAT(body, HasSubstr(R"("CapacityUnits":146.5)"));
    EXPECT_THAT(query(R"(,"Select":"COUNT")"), HasSubstr(R"({"Count":4,"ScannedCount":4,"Last)"));
}

TEST_F(Reads, AReadThatFindsNothingCostsHalfAUnit) {
    EXPECT_THAT(scan(R"(,"ReturnConsumedCapacity":"TOTAL")"), HasSubstr(R"("CapacityUnits":0.5)"));
    EXPECT_THAT(scan(R"(,"ReturnConsumedCapacity":"TOTAL","ConsistentRead":true)"),
                HasSubstr(R"("CapacityUnits":1)"));
}

TEST_F(Reads, SelectGoesWithWhatIsAskedFor) {
    put_six();
    EXPECT_EQ(scan(R"(,"Select":"COUNT")"), R"({"Count":6,"ScannedCount":6})");
    EXPECT_THAT(scan_refusal(R"(,"Select":"SOME")"),
                HasSubstr("Value 'SOME' at 'select' failed to satisfy constraint"));
    EXPECT_THAT(scan_refusal(R"(,"Select":"SPECIFIC_ATTRIBUTES")"),
                HasSubstr("Must specify the AttributesToGet or ProjectionExpression"));
    EXPECT_THAT(scan_refusal(R"(,"Select":"COUNT","ProjectionExpression":"pk")"),
                HasSubstr("Cannot specify the ProjectionExpression when choosing to get only"));
    EXPECT_THAT(scan_refusal(R"(,"Select":"ALL_ATTRIBUTES","AttributesToGet":["pk"])"),
                HasSubstr("Cannot specify the AttributesToGet when choosing to get ALL_ATTR"));
    EXPECT_THAT(scan_refusal(R"(,"Select":"ALL_PROJECTED_ATTRIBUTES")"),
                HasSubstr("can be used only when Querying using an IndexName"));
}

TEST_F(Reads, AGlobalIndexShowsWhatItProjects) {
    put_six();
    std::string body = scan(R"(,"IndexName":"global","Limit":1)");
    EXPECT_THAT(body, HasSubstr(R"("a":{"S":"x0"})"));
    EXPECT_THAT(body, Not(HasSubstr(R"("b":)")));
    EXPECT_THAT(scan_refusal(R"(,"IndexName":"global","Select":"ALL_ATTRIBUTES")"),
                HasSubstr("not supported for global secondary index global because its projection "
                          "type is not ALL"));
    EXPECT_THAT(scan_refusal(R"(,"IndexName":"global","ProjectionExpression":"b, pk")"),
                HasSubstr("Global secondary index global does not project [b]"));
    EXPECT_THAT(scan(R"(,"IndexName":"whole","Select":"ALL_ATTRIBUTES")"),
                HasSubstr(R"("b":{"S":"y"})"));
    EXPECT_THAT(scan_refusal(R"(,"IndexName":"global","ConsistentRead":true)"),
                HasSubstr("Consistent reads are not supported on global secondary indexes"));
    EXPECT_THAT(scan_refusal(R"(,"IndexName":"none")"),
                HasSubstr("The table does not have the specified index: none"));
}

TEST_F(Reads, AnIndexHasOnlyItemsWithItsKey) {
    put_six();
    EXPECT_THAT(scan(R"(,"IndexName":"local","Select":"COUNT")"), HasSubstr(R"("Count":5)"));
    EXPECT_THAT(scan(R"(,"IndexName":"global","Select":"COUNT")"), HasSubstr(R"("Count":5)"));
}

TEST_F(Reads, ALocalIndexFetchesWhatItDoesNotProject) {
    put_six();
    std::string plain = query(R"(,"IndexName":"local","Limit":1)");
    EXPECT_THAT(plain, Not(HasSubstr(R"("b":)")));
    EXPECT_THAT(plain,
                HasSubstr(R"("LastEvaluatedKey":{"pk":{"S":"a"},"sk":{"N":"4"},"l":{"S":"l5"}})"));
    EXPECT_THAT(query(R"(,"IndexName":"local","Select":"ALL_ATTRIBUTES","Limit":1)"),
                HasSubstr(R"("b":{"S":"y"})"));
    EXPECT_THAT(query(R"(,"IndexName":"local","ProjectionExpression":"b","Limit":1)"),
                HasSubstr(R"([{"b":{"S":"y"}}])"));
    std::string filter = R"(,"IndexName":"local","FilterExpression":"a = :a")";
    std::string filtered = scan(filter + R"(,"ExpressionAttributeValues":{":a":{"S":"x2"}})");
    EXPECT_EQ(sort_keys(filtered), (Texts{"2"}));
    EXPECT_THAT(filtered, Not(HasSubstr(R"("a":)")));
    EXPECT_THAT(
        query_refusal(filter, R"(,":a":{"S":"x2"})"),
        HasSubstr("Secondary index local does not project one or more filter attributes: [a]"));
}

TEST_F(Reads, FetchedItemsAreChargedOneByOne) {
    put_six();
    EXPECT_THAT(query(R"(,"IndexName":"local","Select":"ALL_ATTRIBUTES",
                          "ReturnConsumedCapacity":"INDEXES")"),
                HasSubstr(R"("CapacityUnits":3,"Table":{"CapacityUnits":2.5},)"
                          R"("LocalSecondaryIndexes":{"local":{"CapacityUnits":0.5}})"));
}

TEST_F(Reads, AnIndexIsPagedByItsAndTheTablesKeys) {
    put_six();
    std::string start;
    Texts seen;
    for (int page = 0; page < 6; ++page) {
        std::string body = scan(R"(,"IndexName":"global","Limit":1)" + start);
        for (const std::string& key : sort_keys(body)) {
            seen.push_back(key);
        }
        std::size_t at = body.find("\"LastEvaluatedKey\":");
        if (at == std::string::npos) {
            break;
        }
        start = ",\"ExclusiveStartKey\":" + body.substr(at + 19);
        start.pop_back();
    }
    EXPECT_EQ(seen, (Texts{"0", "3", "1", "4", "2"}));
}

TEST_F(Reads, StartKeysMustFitTheSchema) {
    auto refused = [&](const std::string& members) {
        EXPECT_THAT(scan_refusal(members),
                    HasSubstr("ValidationException: The provided starting key is invalid"))
            << members;
    };
    refused(R"(,"ExclusiveStartKey":{})");
    refused(R"(,"ExclusiveStartKey":{"pk":{"S":"a"}})");
    refused(R"(,"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"S":"1"}})");
    refused(R"(,"ExclusiveStartKey":{"pk":{"S":""},"sk":{"N":"1"}})");
    refused(R"(,"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"a"}})");
    refused(R"(,"IndexName":"global","ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"1"}})");
    refused(R"(,"IndexName":"global","ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"1"},
               "g":{"S":"g"},"h":{"S":"1"}})");
}

TEST_F(Reads, SegmentsShareTheItems) {
    for (int i = 0; i < 40; ++i) {
        call("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"p)" + std::to_string(i) +
                            R"("},"sk":{"N":")" + std::to_string(i) + R"("}}})");
    }
    std::multiset<std::string> seen;
    std::vector<std::string> by_segment[3];
    for (int segment = 0; segment < 3; ++segment) {
        by_segment[segment] =
            sort_keys(scan(R"(,"TotalSegments":3,"Segment":)" + std::to_string(segment)));
        seen.insert(by_segment[segment].begin(), by_segment[segment].end());
        EXPECT_GT(by_segment[segment].size(), 3U);
    }
    EXPECT_EQ(seen.size(), 40U);
    EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 40U);
    const std::string& last = by_segment[1].back();
    std::string start = R"(,"ExclusiveStartKey":{"pk":{"S":"p)" + last + R"("},"sk":{"N":")" +
                        last + R"("}},"TotalSegments":3,"Segment":)";
    EXPECT_THAT(scan(start + "1"), HasSubstr(R"("Items":[])"));
    EXPECT_THAT(scan_refusal(start + "0"),
                HasSubstr("Please use ExclusiveStartKey with correct Segment. TotalSegments: 3 "
                          "Segment: 0"));
    EXPECT_THAT(scan_refusal(start + "2"), HasSubstr("The provided starting key is invalid"));
}

TEST_F(Reads, SegmentsHaveBounds) {
    EXPECT_THAT(scan_refusal(R"(,"Segment":0)"),
                HasSubstr("The TotalSegments parameter is required"));
    EXPECT_THAT(scan_refusal(R"(,"TotalSegments":2)"),
                HasSubstr("The Segment parameter is required"));
    EXPECT_THAT(scan_refusal(R"(,"TotalSegments":2,"Segment":2)"),
                HasSubstr("Segment: 2 is not less than TotalSegments: 2"));
    EXPECT_THAT(scan_refusal(R"(,"TotalSegments":1000001,"Segment":-1)"),
                HasSubstr("2 validation errors detected"));
    EXPECT_THAT(scan(R"(,"TotalSegments":1000000,"Segment":999999)"), HasSubstr(R"("Count":)"));
}

TEST_F(Reads, LimitIsAtLeastOne) {
    EXPECT_EQ(scan_refusal(R"(,"Limit":0)"),
              "ValidationException: 1 validation error detected: Value '0' at 'limit' failed to "
              "satisfy constraint: Member must have value greater than or equal to 1");
}

TEST_F(Reads, ExpressionsAndOldParametersDoNotMix) {
    EXPECT_THAT(scan_refusal(R"(,"FilterExpression":"a <> b","AttributesToGet":["a"])"),
                HasSubstr("Can not use both expression and non-expression parameters"));
    EXPECT_THAT(query_refusal(R"(,"QueryFilter":{"a":{"ComparisonOperator":"NULL"}})"),
                HasSubstr("{QueryFilter} Expression parameters: {KeyConditionExpression}"));
}

TEST_F(Reads, NamesAndValuesMustBeUsed) {
    EXPECT_THAT(scan_refusal(R"(,"ExpressionAttributeNames":{"#a":"a"})"),
                HasSubstr("ExpressionAttributeNames can only be specified when using expressions"));
    EXPECT_THAT(scan_refusal(R"(,"ExpressionAttributeValues":{":a":{"S":"a"}})"),
                HasSubstr("FilterExpression is null"));
    EXPECT_THAT(query_refusal("", R"(,":q":{"S":"a"})"),
                HasSubstr("unused in expressions: keys: {:q}"));
    EXPECT_THAT(query_refusal(R"(,"FilterExpression":"a = :q")"), HasSubstr("attribute value: :q"));
}

TEST_F(Reads, TablesThatAreNotThere) {
    EXPECT_THAT(refusal("Scan", R"({"TableName":"none"})"), HasSubstr("ResourceNotFoundException"));
    EXPECT_THAT(refusal("Query", R"({"TableName":"none","KeyConditionExpression":"pk = :p",
        "ExpressionAttributeValues":{":p":{"S":"a"}}})"),
                HasSubstr("ResourceNotFoundException"));
    EXPECT_THAT(refusal("Scan", "{}"), HasSubstr("Value null at 'tableName'"));
}

TEST_F(Reads, QueryReadsOnePartitionInOrder) {
    put_six();
    call("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"b"},"sk":{"N":"7"}}})");
    EXPECT_EQ(sort_keys(query("")), (Texts{"0", "1", "2", "3", "4", "5"}));
    EXPECT_EQ(sort_keys(query(R"(,"ScanIndexForward":false,"Limit":2)")), (Texts{"5", "4"}));
    EXPECT_EQ(sort_keys(query(R"(,"ScanIndexForward":false,"Limit":2,
                                 "ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"4"}})")),
              (Texts{"3", "2"}));
    EXPECT_EQ(sort_keys(query(R"(,"ExclusiveStartKey":{"pk":{"S":"a"},"sk":{"N":"3.5"}})")),
              (Texts{"4", "5"}));
}

TEST_F(Reads, QueryTakesConditionsOnTheSortKey) {
    put_six();
    auto found = [&](const std::string& condition, const std::string& values) {
        return sort_keys(call(
            "Query", R"({"TableName":"tab","KeyConditionExpression":"pk = :p and )" + condition +
                         R"(","ExpressionAttributeValues":{":p":{"S":"a"},)" + values + "}}"));
    };
    EXPECT_EQ(found("sk = :s", R"(":s":{"N":"3.0"})"), (Texts{"3"}));
    EXPECT_EQ(found("sk < :s", R"(":s":{"N":"2"})"), (Texts{"0", "1"}));
    EXPECT_EQ(found("sk <= :s", R"(":s":{"N":"2"})"), (Texts{"0", "1", "2"}));
    EXPECT_EQ(found("sk > :s", R"(":s":{"N":"3"})"), (Texts{"4", "5"}));
    EXPECT_EQ(found("sk >= :s", R"(":s":{"N":"4"})"), (Texts{"4", "5"}));
    EXPECT_EQ(found("sk between :s and :t", R"(":s":{"N":"1"},":t":{"N":"3"})"),
              (Texts{"1", "2", "3"}));
    EXPECT_EQ(sort_keys(call("Query", R"-({"TableName":"tab","IndexName":"local",
        "KeyConditionExpression":"pk = :p and begins_with(l, :l)",
        "ExpressionAttributeValues":{":p":{"S":"a"},":l":{"S":"l8"}}})-")),
              (Texts{"1"}));
}

TEST_F(Reads, QueryNeedsAKeyCondition) {
    EXPECT_EQ(refusal("Query", R"({"TableName":"tab"})"),
              "ValidationException: Either the KeyConditions or KeyConditionExpression parameter "
              "must be specified in the request.");
    EXPECT_THAT(refusal("Query", R"({"TableName":"tab","KeyConditionExpression":"sk = :s",
        "ExpressionAttributeValues":{":s":{"N":"1"}}})"),
                HasSubstr("Query condition missed key schema element"));
}

TEST_F(Reads, QueryTakesOldParameters) {
    put_six();
    std::string keys = R"({"TableName":"tab","KeyConditions":{
        "pk":{"ComparisonOperator":"EQ","AttributeValueList":[{"S":"a"}]},
        "sk":{"ComparisonOperator":"GE","AttributeValueList":[{"N":"2"}]}})";
    EXPECT_EQ(sort_keys(call("Query", keys + "}")), (Texts{"2", "3", "4", "5"}));
    EXPECT_EQ(sort_keys(call("Query", keys + R"(,"QueryFilter":{"a":{"ComparisonOperator":"IN",
        "AttributeValueList":[{"S":"x1"},{"S":"x3"}]}}})")),
              (Texts{"3"}));
    EXPECT_EQ(sort_keys(call("Query", keys + R"(,"FilterExpression":"a = :a",
        "ExpressionAttributeValues":{":a":{"S":"x4"}}})")),
              (Texts{"4"}));
    EXPECT_THAT(refusal("Query", keys + R"(,"QueryFilter":{"sk":{"ComparisonOperator":"NULL"}}})"),
                HasSubstr("QueryFilter can only contain non-primary key attributes: Primary key "
                          "attribute: sk"));
}

TEST_F(Reads, AQuerysFilterNamesNoKeys) {
    EXPECT_EQ(query_refusal(R"(,"FilterExpression":"sk > :s")", R"(,":s":{"N":"1"})"),
              "ValidationException: Filter Expression can only contain non-primary key "
              "attributes: Primary key attribute: sk");
    EXPECT_THAT(
        query_refusal(R"(,"IndexName":"local","FilterExpression":"l > :s")", R"(,":s":{"S":"1"})"),
        HasSubstr("Primary key attribute: l"));
    EXPECT_THAT(query(R"(,"IndexName":"local","FilterExpression":"sk > :s")", R"(,":s":{"N":"1"})"),
                HasSubstr(R"("Count":0)"));
}

TEST_F(Reads, AQuerysStartKeyLiesWithinIt) {
    EXPECT_EQ(query_refusal(R"(,"ExclusiveStartKey":{"pk":{"S":"b"},"sk":{"N":"1"}})"),
              "ValidationException: The provided starting key is outside query boundaries based "
              "on provided conditions");
    auto with_sort = [&](const std::string& start) {
        return refusal("Query",
                       R"({"TableName":"tab","KeyConditionExpression":"pk = :p and sk > :s",
            "ExpressionAttributeValues":{":p":{"S":"a"},":s":{"N":"3"}},"ExclusiveStartKey":)" +
                           start + "}");
    };
    EXPECT_THAT(with_sort(R"({"pk":{"S":"a"},"sk":{"N":"3"}})"),
                HasSubstr("The provided starting key does not match the range key predicate"));
    EXPECT_EQ(with_sort(R"({"pk":{"S":"a"},"sk":{"N":"4"}})"), "");
    EXPECT_THAT(with_sort(R"({"pk":{"S":"b"},"sk":{"N":"4"}})"), HasSubstr("cannot be restarted"));
}

TEST_F(Reads, ProjectionsReachNothingInsideKeys) {
    EXPECT_THAT(scan_refusal(R"(,"ProjectionExpression":"pk.x")"),
                HasSubstr("Key attributes must be scalars"));
}

TEST_F(Reads, APageIsChargedByWhatWasReadOfTheIndex) {
    put_six();
    EXPECT_THAT(scan(R"(,"IndexName":"global","ReturnConsumedCapacity":"INDEXES",
                         "Select":"COUNT")"),
                HasSubstr(R"("CapacityUnits":0.5,"Table":{"CapacityUnits":0},)"
                          R"("GlobalSecondaryIndexes":{"global":{"CapacityUnits":0.5}})"));
}

}  // namespace
}  // namespace dynamigrate::engine
