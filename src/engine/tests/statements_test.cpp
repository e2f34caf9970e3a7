#include "engine_fixture.hpp"

#include <dynamigrate/json/writer.hpp>

#include <gmock/gmock.h>

namespace dynamigrate::engine {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

/// A table with a partition key pk (S), a sort key sk (N), and a global index on g.
class Statements : public EngineFixture {
protected:
    Statements() {
        call("CreateTable", R"({"TableName":"tab","BillingMode":"PAY_PER_REQUEST",
            "AttributeDefinitions":[
                {"AttributeName":"pk","AttributeType":"S"},{"AttributeName":"sk","AttributeType":"N"},
                {"AttributeName":"g","AttributeType":"S"}],
            "KeySchema":[{"AttributeName":"pk","KeyType":"HASH"},
                         {"AttributeName":"sk","KeyType":"RANGE"}],
            "GlobalSecondaryIndexes":[{"IndexName":"by_g","KeySchema":[
                {"AttributeName":"g","KeyType":"HASH"}],
                "Projection":{"ProjectionType":"KEYS_ONLY"}}]})");
        for (int i = 1; i <= 5; ++i) {
            put(i);
        }
    }

    void put(int number) {
        std::string digits = std::to_string(number);
        call("PutItem", R"({"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"N":")" + digits +
                            R"("},"v":{"N":")" + digits + R"("},"g":{"S":"g"}}})");
    }
    std::string item(int number) {
        return call("GetItem", R"({"TableName":"tab","Key":{"pk":{"S":"a"},"sk":{"N":")" +
                                   std::to_string(number) + R"("}}})");
    }

    static std::string request(std::string_view statement, std::string_view members) {
        std::string body = R"({"Statement":)";
        json::Writer::append_quoted(body, statement);
        body += members;
        return body + "}";
    }
    std::string execute(std::string_view statement, std::string_view members = "") {
        return call("ExecuteStatement", request(statement, members));
    }
    std::string refused(std::string_view statement, std::string_view members = "") {
        return refusal("ExecuteStatement", request(statement, members));
    }

    static std::string list(std::string_view member, const std::vector<std::string>& statements,
                            std::string_view members) {
        std::string body = "{\"" + std::string(member) + "\":[";
        for (const std::string& statement : statements) {
            body += body.back() == '[' ? "" : ",";
            body += statement.starts_with("{") ? statement : request(statement, "");
        }
        body += "]";
        body += members;
        return body + "}";
    }
    std::string batch(const std::vector<std::string>& statements, std::string_view members = "") {
        return call("BatchExecuteStatement", list("Statements", statements, members));
    }
    std::string batch_refusal(const std::vector<std::string>& statements) {
        return refusal("BatchExecuteStatement", list("Statements", statements, ""));
    }
    std::string transact(const std::vector<std::string>& statements,
                         std::string_view members = "") {
        return call("ExecuteTransaction", list("TransactStatements", statements, members));
    }
    std::string transaction_refusal(const std::vector<std::string>& statements,
                                    std::string_view members = "") {
        return refusal("ExecuteTransaction", list("TransactStatements", statements, members));
    }

    static std::string token(const std::string& body) {
        std::size_t at = body.find(R"("NextToken":")");
        return at == std::string::npos ? ""
                                       : body.substr(at + 13, body.find('"', at + 13) - at - 13);
    }
};

constexpr const char* kOk = R"({"TableName":"tab"})";

TEST_F(Statements, SelectFindsOneItem) {
    EXPECT_EQ(execute("SELECT v, sk FROM tab WHERE pk='a' AND sk=2"),
              R"({"Items":[{"v":{"N":"2"},"sk":{"N":"2"}}]})");
    EXPECT_EQ(
        execute("SELECT * FROM tab WHERE pk=? AND sk=?", R"(,"Parameters":[{"S":"a"},{"N":"9"}])"),
        R"({"Items":[]})");
    EXPECT_EQ(execute("SELECT * FROM tab WHERE pk='a' AND sk=2 AND v=3"), R"({"Items":[]})");
}

TEST_F(Statements, SelectReadsRangesScansAndIndexes) {
    EXPECT_EQ(execute("SELECT sk FROM tab WHERE pk='a' AND sk>3"),
              R"({"Items":[{"sk":{"N":"4"}},{"sk":{"N":"5"}}]})");
    EXPECT_EQ(execute("SELECT sk FROM tab WHERE pk='a' AND sk BETWEEN 2 AND 4 ORDER BY sk DESC"),
              R"({"Items":[{"sk":{"N":"4"}},{"sk":{"N":"3"}},{"sk":{"N":"2"}}]})");
    EXPECT_EQ(execute("SELECT sk FROM tab WHERE v=3"), R"({"Items":[{"sk":{"N":"3"}}]})");
    EXPECT_EQ(execute("SELECT sk FROM tab WHERE pk IN ('a','b') AND v=3"),
              R"({"Items":[{"sk":{"N":"3"}}]})");
    EXPECT_THAT(execute("SELECT * FROM tab.by_g WHERE g='g' AND sk=3"),
                HasSubstr(R"("sk":{"N":"3"})"));
    EXPECT_THAT(refused("SELECT v FROM tab.by_g WHERE g='g'"),
                HasSubstr("Global secondary index by_g does not project [v]"));
    EXPECT_THAT(refused("SELECT * FROM tab.none"),
                HasSubstr("The table does not have the specified index: none"));
    EXPECT_THAT(refused("SELECT * FROM tab.by_g", R"(,"ConsistentRead":true)"),
                HasSubstr("Consistent reads are not supported"));
}

TEST_F(Statements, SelectGoesOnAfterItsToken) {
    const char* statement = "SELECT sk FROM tab WHERE pk='a' AND v <> 2";
    std::string body = execute(statement, R"(,"Limit":2)");
    EXPECT_THAT(body, HasSubstr(R"({"Items":[{"sk":{"N":"1"}}],"NextToken":)"));
    std::string next = R"(,"Limit":3,"NextToken":")" + token(body) + "\"";
    body = execute(statement, next);
    EXPECT_THAT(body, HasSubstr(R"([{"sk":{"N":"3"}},{"sk":{"N":"4"}},{"sk":{"N":"5"}}])"));
    EXPECT_EQ(execute(statement, R"(,"NextToken":")" + token(body) + "\""), R"({"Items":[]})");
}

TEST_F(Statements, SelectGoesOnInTheRangeWhereItStopped) {
    const char* statement = "SELECT sk FROM tab WHERE pk='a' AND sk IN (4, 2, 5)";
    std::string seen, next;
    for (int i = 0; i < 5; ++i) {
        std::string body = execute(statement, R"(,"Limit":1)" + next);
        std::size_t at = body.find(R"({"N":")");
        seen += at == std::string::npos ? "" : body.substr(at + 6, 1);
        if (token(body).empty()) {
            break;
        }
        next = R"(,"NextToken":")" + token(body) + "\"";
    }
    EXPECT_THAT(seen, testing::AnyOf("425", "245"));
}

TEST_F(Statements, ATokenIsBoundToItsStatement) {
    const char* statement = "SELECT sk FROM tab WHERE pk=?";
    std::string next = R"(,"NextToken":")" +
                       token(execute(statement, R"(,"Limit":2,"Parameters":[{"S":"a"}])")) + "\"";
    EXPECT_EQ(refused(statement, next + R"(,"Parameters":[{"S":"b"}])"),
              "ValidationException: NextToken does not match request");
    EXPECT_THAT(refused("SELECT * FROM tab WHERE pk=?", next + R"(,"Parameters":[{"S":"a"}])"),
                HasSubstr("NextToken does not match request"));
    EXPECT_EQ(refused(statement, R"(,"Parameters":[{"S":"a"}],"NextToken":"nonsense")"),
              "ValidationException: Invalid NextToken");
}

TEST_F(Statements, SelectIsChargedForWhatItReads) {
    EXPECT_THAT(execute("SELECT * FROM tab WHERE pk='a'",
                        R"(,"ReturnConsumedCapacity":"TOTAL","ConsistentRead":true)"),
                HasSubstr(R"("ConsumedCapacity":{"TableName":"tab","CapacityUnits":1})"));
}

TEST_F(Statements, InsertRefusesAnItemThatIsThere) {
    EXPECT_EQ(execute("INSERT INTO tab VALUE {'pk':'a','sk':?,'v':'new'}",
                      R"(,"Parameters":[{"N":"9"}])"),
              R"({"Items":[]})");
    EXPECT_THAT(item(9), HasSubstr(R"("v":{"S":"new"})"));
    EXPECT_EQ(refused("INSERT INTO tab VALUE {'pk':'a','sk':9}"),
              "DuplicateItemException: Duplicate primary key exists in table");
    EXPECT_THAT(item(9), HasSubstr(R"("v":{"S":"new"})"));
    EXPECT_THAT(refused("INSERT INTO tab VALUE {'pk':'a'}"), HasSubstr("ValidationException"));
    EXPECT_THAT(refused("INSERT INTO tab VALUE {'pk':1,'sk':1}"), HasSubstr("ValidationException"));
}

TEST_F(Statements, UpdateChangesItemsThatAreThere) {
    EXPECT_EQ(execute("UPDATE tab SET v=v+? REMOVE g WHERE pk='a' AND sk=1 AND v=1",
                      R"(,"Parameters":[{"N":"10"}])"),
              R"({"Items":[]})");
    EXPECT_THAT(item(1), HasSubstr(R"("v":{"N":"11"})"));
    EXPECT_THAT(item(1), Not(HasSubstr(R"("g")")));
    EXPECT_THAT(refused("UPDATE tab SET v=1 WHERE pk='a' AND sk=77"),
                HasSubstr("ConditionalCheckFailedException"));
    EXPECT_EQ(item(77), "{}");
}

TEST_F(Statements, AFailedConditionGivesTheItemWhenAsked) {
    const char* statement = "UPDATE tab SET v=1 WHERE pk='a' AND sk=2 AND v=9";
    EXPECT_THAT(refused(statement, R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")"),
                HasSubstr(R"("Item":{"pk":{"S":"a"},"sk":{"N":"2"},"v":{"N":"2"})"));
    EXPECT_THAT(refused(statement), Not(HasSubstr(R"("Item")")));
    EXPECT_THAT(refused(statement, R"(,"ReturnValuesOnConditionCheckFailure":"SOME")"),
                HasSubstr("Value 'SOME' at 'returnValuesOnConditionCheckFailure'"));
}

TEST_F(Statements, UpdateNeedsTheWholeKeyAndLeavesIt) {
    EXPECT_THAT(refused("UPDATE tab SET v=1 WHERE pk='a'"),
                HasSubstr("Where clause does not contain a mandatory equality on all key attr"));
    EXPECT_THAT(refused("UPDATE tab SET sk=7 WHERE pk='a' AND sk=1"),
                HasSubstr("Cannot update attribute sk. This attribute is part of the key"));
    EXPECT_THAT(refused("UPDATE tab SET v=1 WHERE pk='' AND sk=1"), HasSubstr("Validation"));
    EXPECT_THAT(refused("UPDATE none SET v=1 WHERE pk='a' AND sk=1"),
                HasSubstr("ResourceNotFoundException"));
}

TEST_F(Statements, ReturningShowsBeforeOrAfter) {
    auto returning = [&](const std::string& what) {
        return execute("UPDATE tab SET v=v+1 WHERE pk='a' AND sk=4 RETURNING " + what + " *");
    };
    EXPECT_EQ(returning("MODIFIED OLD"), R"({"Items":[{"v":{"N":"4"}}]})");
    EXPECT_EQ(returning("MODIFIED NEW"), R"({"Items":[{"v":{"N":"6"}}]})");
    EXPECT_THAT(returning("ALL OLD"), HasSubstr(R"("sk":{"N":"4"},"v":{"N":"6"})"));
    EXPECT_THAT(returning("ALL NEW"), HasSubstr(R"("sk":{"N":"4"},"v":{"N":"8"})"));
    EXPECT_THAT(execute("DELETE FROM tab WHERE pk='a' AND sk=4 RETURNING ALL OLD *"),
                HasSubstr(R"({"Items":[{"pk":{"S":"a"},"sk":{"N":"4"})"));
    EXPECT_EQ(execute("DELETE FROM tab WHERE pk='a' AND sk=4 RETURNING ALL OLD *"),
              R"({"Items":[]})");
}

TEST_F(Statements, DeleteOfAMissingItemSucceedsUnlessItIsConditional) {
    EXPECT_EQ(execute("DELETE FROM tab WHERE pk='a' AND sk=77"), R"({"Items":[]})");
    EXPECT_EQ(execute("DELETE FROM tab WHERE pk='a' AND sk=77 AND v IS MISSING"),
              R"({"Items":[]})");
    EXPECT_THAT(refused("DELETE FROM tab WHERE pk='a' AND sk=77 AND v=1"),
                HasSubstr("ConditionalCheckFailedException"));
    EXPECT_EQ(execute("DELETE FROM tab WHERE pk='a' AND sk=3 AND v=3"), R"({"Items":[]})");
    EXPECT_EQ(item(3), "{}");
}

TEST_F(Statements, RequestsAreHeldAgainstTheirConstraints) {
    EXPECT_THAT(refusal("ExecuteStatement", "{}"), HasSubstr("Value null at 'statement'"));
    EXPECT_THAT(refused(""), HasSubstr("Member must have length greater than or equal to 1"));
    EXPECT_THAT(refused("SELECT * FROM tab WHERE v='" + std::string(8200, 'x') + "'"),
                HasSubstr("Member must have length less than or equal to 8192"));
    EXPECT_THAT(refused("SELECT * FROM tab", R"(,"Limit":0)"), HasSubstr("at 'limit'"));
    EXPECT_THAT(refused("SELECT * FROM tab", R"(,"Parameters":[])"), HasSubstr("'parameters'"));
    EXPECT_THAT(refused("SELECT * FROM tab WHERE pk=?"), HasSubstr("Number of parameters"));
    EXPECT_THAT(refused("EXISTS(SELECT * FROM tab WHERE pk='a' AND sk=1 AND v=1)"),
                HasSubstr("EXISTS can only be used in ExecuteTransaction write requests."));
}

TEST_F(Statements, LengthIsCountedInCharacters) {
    std::string wide;
    for (int i = 0; i < 4000; ++i) {
        wide += "\xC3\xA9";
    }
    EXPECT_EQ(execute("SELECT * FROM tab WHERE pk='a' AND sk=1 AND v='" + wide + "'"),
              R"({"Items":[]})");
}

TEST_F(Statements, ABatchAnswersEachStatement) {
    EXPECT_EQ(
        batch({"INSERT INTO tab VALUE {'pk':'a','sk':6}",
               "UPDATE tab SET v=20 WHERE pk='a' AND sk=2", "DELETE FROM tab WHERE pk='a' AND sk=3",
               "INSERT INTO tab VALUE {'pk':'a','sk':1}",
               "UPDATE tab SET v=1 WHERE pk='a' AND sk=77",
               "UPDATE tab SET v=1 WHERE pk='a' AND sk=4 AND v=9"}),
        R"({"Responses":[{"TableName":"tab"},{"TableName":"tab"},{"TableName":"tab"},)"
        R"({"Error":{"Code":"DuplicateItem","Message":"Duplicate primary key exists in )"
        R"(table"},"TableName":"tab"},)"
        R"({"Error":{"Code":"ConditionalCheckFailed","Message":"The conditional request )"
        R"(failed"},"TableName":"tab"},)"
        R"({"Error":{"Code":"ConditionalCheckFailed","Message":"The conditional request )"
        R"(failed"},"TableName":"tab"}]})");
    EXPECT_THAT(item(2), HasSubstr(R"("v":{"N":"20"})"));
    EXPECT_EQ(item(3), "{}");
    EXPECT_NE(item(6), "{}");
    EXPECT_EQ(item(77), "{}");
}

TEST_F(Statements, ABatchKeepsErrorsToTheirStatements) {
    std::string body = batch(
        {"UPDATE tab SET v= WHERE pk='a' AND sk=1", "UPDATE none SET v=1 WHERE pk='a' AND sk=1",
         "UPDATE tab SET v=1 WHERE pk='a'", "UPDATE tab SET v=v+? WHERE pk='a' AND sk=2",
         "UPDATE tab SET g=1 WHERE pk='a' AND sk=3",
         "UPDATE tab SET v=none+1 WHERE pk='a' AND sk=4",
         "EXISTS(SELECT * FROM tab WHERE pk='a' AND sk=1 AND v=1)",
         "UPDATE tab SET v=50 WHERE pk='a' AND sk=5"});
    EXPECT_THAT(body, MatchesRegex(R"(\{"Responses":\[\{"Error":\{"Code":"ValidationError".*)"
                                   R"(\{"Error":\{"Code":"ResourceNotFound".*)"
                                   R"(\{"Error":\{"Code":"ValidationError",.*mandatory equality.*)"
                                   R"("ValidationError",.*Number of parameters.*)"
                                   R"("ValidationError",.*Type mismatch for Index Key.*)"
                                   R"("ValidationError",.*does not exist in the item.*)"
                                   R"("ValidationError",.*EXISTS.*\{"TableName":"tab"\}\]\})"));
    EXPECT_THAT(item(5), HasSubstr(R"("v":{"N":"50"})"));
}

TEST_F(Statements, ABatchGivesTheItemThatFailedWhenAsked) {
    EXPECT_THAT(batch({request("UPDATE tab SET v=1 WHERE pk='a' AND sk=4 AND v=9",
                               R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")")}),
                HasSubstr(R"("Message":"The conditional request failed","Item":{"pk":{"S":"a"})"));
}

TEST_F(Statements, ABatchReturnsWhatReturningAsks) {
    EXPECT_EQ(batch({"UPDATE tab SET v=1 WHERE pk='a' AND sk=4 RETURNING MODIFIED OLD *"}),
              R"({"Responses":[{"Item":{"v":{"N":"4"}},"TableName":"tab"}]})");
}

TEST_F(Statements, ABatchOfReadsReadsSingleItems) {
    EXPECT_EQ(batch({"SELECT v FROM tab WHERE pk='a' AND sk=1",
                     "SELECT v FROM tab WHERE pk='a' AND sk=77",
                     "SELECT v FROM tab WHERE pk='a' AND sk=2 AND v=3"}),
              R"({"Responses":[{"Item":{"v":{"N":"1"}},"TableName":"tab"},{"TableName":"tab"},)"
              R"({"TableName":"tab"}]})");
    EXPECT_THAT(batch({"SELECT v FROM tab WHERE pk='a'", "SELECT v FROM tab.by_g WHERE g='g'"}),
                MatchesRegex(R"(.*"ValidationError",.*must specify the primary key.*)"
                             R"("ValidationError",.*must specify the primary key.*)"));
}

TEST_F(Statements, ABatchIsRefusedAsAWhole) {
    EXPECT_EQ(batch_refusal({"UPDATE tab SET v=1 WHERE pk='a' AND sk=1",
                             "UPDATE tab SET g='x' WHERE pk='a' AND sk=1.0"}),
              "ValidationException: Provided list of item keys contains duplicates");
    EXPECT_THAT(batch_refusal({"UPDATE tab SET v=7 WHERE pk='a' AND sk=1",
                               "SELECT * FROM tab WHERE pk='a' AND sk=2"}),
                HasSubstr("Read and write requests together in the same batch is not supported."));
    std::vector<std::string> many(26, "UPDATE tab SET v=7 WHERE pk='a' AND sk=1");
    EXPECT_THAT(batch_refusal(many), HasSubstr("Member must have length less than or equal to 25"));
    EXPECT_THAT(batch_refusal({}), HasSubstr("Member must have length greater than or equal to 1"));
    EXPECT_THAT(
        batch_refusal({"UPDATE tab SET v=7 WHERE pk='a' AND sk=1",
                       "UPDATE tab SET v='" + std::string(8200, 'x') + "' WHERE pk='a' AND sk=2"}),
        HasSubstr("at 'statements.2.member.statement' failed"));
    EXPECT_THAT(item(1), HasSubstr(R"("v":{"N":"1"})"));
}

TEST_F(Statements, ABatchTellsItsCapacityAsAList) {
    EXPECT_THAT(batch({"UPDATE tab SET v=1 WHERE pk='a' AND sk=1",
                       "UPDATE tab SET v=1 WHERE pk='a' AND sk=2"},
                      R"(,"ReturnConsumedCapacity":"TOTAL")"),
                HasSubstr(R"("ConsumedCapacity":[{"TableName":"tab","CapacityUnits":2}])"));
}

TEST_F(Statements, ABatchTakes25GuardedUpdates) {
    std::vector<std::string> statements;
    for (int i = 1; i <= 25; ++i) {
        put(i);
        std::string number = R"({"N":")" + std::to_string(i) + R"("})";
        statements.push_back(request(
            R"-(UPDATE "tab" SET "v"=? SET "m"=? REMOVE "g" WHERE "pk"=? AND "sk"=? AND "v"=? )-"
            R"-(AND "w" IS MISSING AND ("m" IS MISSING OR "m"<>?))-",
            R"(,"Parameters":[{"S":"new"},{"S":"run"},{"S":"a"},)" + number + "," + number +
                R"(,{"S":"run"}])"));
    }
    std::string body = batch(statements);
    EXPECT_THAT(body, Not(HasSubstr("Error")));
    EXPECT_THAT(item(25), HasSubstr(R"("v":{"S":"new"},"m":{"S":"run"})"));
    EXPECT_THAT(batch(statements), Not(HasSubstr(kOk)));
}

TEST_F(Statements, AConditionComparesEveryTypeWithAParameter) {
    const char* values[] = {R"({"L":[{"S":"a"},{"N":"1"}]})",
                            R"({"M":{"x":{"S":"a"}}})",
                            R"({"SS":["a","b"]})",
                            R"({"NS":["1","2"]})",
                            R"({"B":"AQI="})",
                            R"({"BOOL":true})",
                            R"({"NULL":true})",
                            R"({"S":""})",
                            R"({"M":{}})",
                            R"({"L":[]})"};
    for (std::string value : values) {
        call("PutItem",
             R"({"TableName":"tab","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":)" + value + "}}");
        EXPECT_EQ(execute("UPDATE tab SET w=1 WHERE pk='a' AND sk=1 AND v=?",
                          R"(,"Parameters":[)" + value + "]"),
                  R"({"Items":[]})")
            << value;
        EXPECT_THAT(refused("UPDATE tab SET w=1 WHERE pk='a' AND sk=1 AND v=?",
                            R"(,"Parameters":[{"S":"other"}])"),
                    HasSubstr("ConditionalCheckFailed"))
            << value;
    }
}

TEST_F(Statements, ATransactionWritesAllOrNone) {
    EXPECT_EQ(transact({"UPDATE tab SET v=10 WHERE pk='a' AND sk=1",
                        "INSERT INTO tab VALUE {'pk':'a','sk':6}",
                        "EXISTS(SELECT * FROM tab WHERE pk='a' AND sk=2 AND v=2)"}),
              R"({"Responses":[]})");
    EXPECT_THAT(item(1), HasSubstr(R"("v":{"N":"10"})"));
    std::string cancelled = transaction_refusal(
        {"UPDATE tab SET v=11 WHERE pk='a' AND sk=1", "INSERT INTO tab VALUE {'pk':'a','sk':6}",
         "EXISTS(SELECT * FROM tab WHERE pk='a' AND sk=2 AND v=3)"});
    EXPECT_THAT(cancelled, HasSubstr("TransactionCanceledException"));
    EXPECT_THAT(cancelled, HasSubstr("[None, DuplicateItem, ConditionalCheckFailed]"));
    EXPECT_THAT(item(1), HasSubstr(R"("v":{"N":"10"})"));
}

TEST_F(Statements, ATransactionGivesTheItemThatFailedWhenAsked) {
    EXPECT_THAT(
        transaction_refusal({request("DELETE FROM tab WHERE pk='a' AND sk=1 AND v=9",
                                     R"(,"ReturnValuesOnConditionCheckFailure":"ALL_OLD")")}),
        testing::AllOf(HasSubstr(R"("Item":{"pk")"), HasSubstr("ConditionalCheckFailed")));
}

TEST_F(Statements, ATransactionReadsSingleItems) {
    EXPECT_EQ(transact({"SELECT v FROM tab WHERE pk='a' AND sk=1",
                        "SELECT v FROM tab WHERE pk='a' AND sk=77"},
                       R"(,"ReturnConsumedCapacity":"TOTAL")"),
              R"({"Responses":[{"Item":{"v":{"N":"1"}}},{}],"ConsumedCapacity":[)"
              R"({"TableName":"tab","CapacityUnits":4,"ReadCapacityUnits":4}]})");
    EXPECT_THAT(transaction_refusal({"SELECT v FROM tab WHERE pk='a'"}),
                HasSubstr("TransactStatements[0]: Select statements within ExecuteTransaction "
                          "must specify the primary key"));
    EXPECT_THAT(transaction_refusal({"SELECT g FROM tab.by_g WHERE g='g'"}),
                HasSubstr("Reads on indices are not supported within transactions."));
}

TEST_F(Statements, ATransactionIsRefusedAsAWhole) {
    EXPECT_THAT(transaction_refusal({"UPDATE tab SET v=1 WHERE pk='a' AND sk=1",
                                     "SELECT * FROM tab WHERE pk='a' AND sk=2"}),
                HasSubstr("does not support both read and write operations"));
    EXPECT_EQ(transaction_refusal({"UPDATE tab SET v=1 WHERE pk='a' AND sk=1",
                                   "EXISTS(SELECT * FROM tab WHERE pk='a' AND sk=1 AND v=1)"}),
              "ValidationException: Transaction request cannot include multiple operations on one "
              "item");
    EXPECT_THAT(transaction_refusal({"SELECT * FROM tab WHERE pk='a' AND sk=1",
                                     "SELECT v FROM tab WHERE pk='a' AND sk=1"}),
                HasSubstr("Transaction request cannot include multiple operations on one item"));
    EXPECT_THAT(transaction_refusal({"EXISTS(SELECT * FROM tab WHERE pk='a' AND sk=1)"}),
                HasSubstr("TransactStatements[0]: EXISTS() must contain a single item read with "
                          "additional condition"));
    EXPECT_THAT(transaction_refusal({"UPDATE tab SET v=1 WHERE pk='a' AND sk=1 "
                                     "RETURNING ALL NEW *"}),
                HasSubstr("RETURNING clause is not supported in ExecuteTransaction."));
    EXPECT_THAT(transaction_refusal({"UPDATE tab SET v= WHERE pk='a' AND sk=1"}),
                HasSubstr("ValidationException"));
    EXPECT_THAT(transaction_refusal({"UPDATE tab SET v=1 WHERE pk='a'",
                                     "UPDATE tab SET v=1 WHERE pk='a' AND sk=1"}),
                HasSubstr("[ValidationError, None]"));
    EXPECT_THAT(item(1), HasSubstr(R"("v":{"N":"1"})"));
}

TEST_F(Statements, AnExistsOfAMissingItemFails) {
    EXPECT_THAT(transaction_refusal({"EXISTS(SELECT * FROM tab WHERE pk='a' AND sk=77 AND "
                                     "v IS MISSING)",
                                     "DELETE FROM tab WHERE pk='a' AND sk=1"}),
                HasSubstr("[ConditionalCheckFailed, None]"));
    EXPECT_NE(item(1), "{}");
}

TEST_F(Statements, ATransactionIsDoneOncePerToken) {
    std::string_view token = R"(,"ClientRequestToken":"once")";
    std::vector<std::string> statements{"UPDATE tab SET v=v+1 WHERE pk='a' AND sk=1"};
    transact(statements, token);
    EXPECT_EQ(transact(statements, token), R"({"Responses":[]})");
    EXPECT_THAT(item(1), HasSubstr(R"("v":{"N":"2"})"));
    EXPECT_THAT(transaction_refusal({"UPDATE tab SET v=9 WHERE pk='a' AND sk=1"}, token),
                HasSubstr("IdempotentParameterMismatchException"));
}

}  // namespace
}  // namespace dynamigrate::engine
