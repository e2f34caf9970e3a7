#include "memory_fixture.hpp"

namespace dynamigrate::expressions {
namespace {

class MemoryPartiqlTest : public MemoryTest {
protected:
    MemoryPartiqlTest() {
        memory.create_table("t", {{"pk", dynamodb::AttributeType::string},
                                  dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::number}});
        memory.put("t", R"({"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"old"},"c":{"BOOL":true}})");
    }
    std::string item() { return memory.item("t", R"({"pk":{"S":"a"},"sk":{"N":"1"}})"); }

    std::string batch(const std::string& statements) {
        return json::to_json(member(
            call("BatchExecuteStatement", "{Statements: [" + statements + "]}"), "Responses"));
    }
    std::string refused_batch(const std::string& statements) {
        return refusal("BatchExecuteStatement", "{Statements: [" + statements + "]}");
    }

    static constexpr const char* kUpdate =
        R"({Statement: 'UPDATE "t" SET "a"=? SET "b"=? REMOVE "c" WHERE "pk"=? AND "sk"=? AND "x"=? AND "y" IS MISSING AND ("_dm" IS MISSING OR "_dm"<>?)',
            Parameters: [{N: "1"}, {L: []}, {S: "a"}, {N: "1.0"}, {S: "old"}, {S: "run"}]})";
};

TEST_F(MemoryPartiqlTest, UpdatesUnderAGuard) {
    EXPECT_EQ(batch(kUpdate), R"([{"TableName":"t"}])");
    EXPECT_EQ(item(),
              R"({"a":{"N":"1"},"b":{"L":[]},"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"old"}})");
    memory.put("t", R"({"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"old"},"_dm":{"S":"run"}})");
    EXPECT_EQ(
        batch(kUpdate),
        R"([{"TableName":"t","Error":{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}}])");
}

TEST_F(MemoryPartiqlTest, NeverCreatesByUpdateAndAppliesTheOthers) {
    EXPECT_EQ(
        batch(std::string(kUpdate) +
              R"(, {Statement: "UPDATE t SET a = 1 WHERE pk = 'zz' AND sk = 1"})"),
        R"([{"TableName":"t"},{"TableName":"t","Error":{"Code":"ConditionalCheckFailed","Message":"The )"
        R"(conditional request failed"}}])");
    EXPECT_EQ(memory.items("t").size(), 1u);
}

TEST_F(MemoryPartiqlTest, DeletesAndInserts) {
    EXPECT_EQ(batch(R"({Statement: "DELETE FROM t WHERE pk = 'zz' AND sk = 1"})"),
              R"([{"TableName":"t"}])");
    EXPECT_NE(batch(R"({Statement: "DELETE FROM t WHERE pk = 'a' AND sk = 1 AND x = 'new'"})")
                  .find("ConditionalCheck"),
              std::string::npos);
    EXPECT_NE(batch(R"({Statement: "DELETE FROM t WHERE pk = 'zz' AND sk = 1 AND x = 'new'"})")
                  .find("ConditionalCheck"),
              std::string::npos);
    EXPECT_NE(
        batch(R"({Statement: "INSERT INTO t VALUE {'pk': 'a', 'sk': 1}"})").find("DuplicateItem"),
        std::string::npos);
    EXPECT_EQ(
        batch(R"({Statement: "DELETE FROM t WHERE pk = 'a' AND sk = 1 RETURNING ALL OLD *"})"),
        R"([{"TableName":"t","Item":{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"old"},"c":{"BOOL":true}}}])");
    EXPECT_EQ(
        batch(
            R"({Statement: "INSERT INTO t VALUE {'pk': 'a', 'sk': 1, 'it''s': [?, true, null, <<'s'>>]}", Parameters: [{S: "p"}]})"),
        R"([{"TableName":"t"}])");
    EXPECT_EQ(
        item(),
        R"({"it's":{"L":[{"S":"p"},{"BOOL":true},{"NULL":true},{"SS":["s"]}]},"pk":{"S":"a"},"sk":{"N":"1"}})");
    EXPECT_EQ(
        batch(
            R"({Statement: 'INSERT INTO "t" VALUE ?', Parameters: [{M: {pk: {S: "b"}, sk: {N: "2"}}}]})"),
        R"([{"TableName":"t"}])");
}

TEST_F(MemoryPartiqlTest, ReturnsTheItemThatFailedItsCondition) {
    EXPECT_NE(batch(R"({Statement: "DELETE FROM t WHERE pk = 'a' AND sk = 1 AND x = 'new'",
                        ReturnValuesOnConditionCheckFailure: "ALL_OLD"})")
                  .find(R"("Item":{"pk":{"S":"a"})"),
              std::string::npos);
}

TEST_F(MemoryPartiqlTest, RefusesWholeBatches) {
    EXPECT_NE(refused_batch(std::string(kUpdate) + "," + kUpdate), "no error");
    std::string many;
    for (int i = 0; i < 26; ++i) {
        many +=
            R"({Statement: "DELETE FROM t WHERE pk = 'a' AND sk = )" + std::to_string(i) + "\"},";
    }
    EXPECT_NE(refused_batch(many), "no error");
    EXPECT_NE(refused_batch(R"({Statement: "DELETE FROM t WHERE pk = 'a' AND sk = 1 AND x = ')" +
                            std::string(8192, 'x') + "'\"}"),
              "no error");
    EXPECT_EQ(item(), R"({"c":{"BOOL":true},"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"old"}})");
}

TEST_F(MemoryPartiqlTest, FailsOnlyTheStatementThatIsWrong) {
    std::string where;
    for (int i = 0; i < 151; ++i) {
        where += " AND x <> 1";
    }
    EXPECT_NE(batch(R"({Statement: "UPDATE t SET a = 1 WHERE pk = 'a' AND sk = 1)" + where + "\"}")
                  .find("ValidationError"),
              std::string::npos);
    EXPECT_NE(batch(R"({Statement: "UPDATE t SET a = 1 REMOVE b, c WHERE pk = 'a'"})")
                  .find("ValidationError"),
              std::string::npos);
    EXPECT_NE(batch(R"({Statement: "UPDATE t SET a = x + 1 WHERE pk = 'a' AND sk = 1"})")
                  .find("ValidationError"),
              std::string::npos);
}

TEST_F(MemoryPartiqlTest, ExecutesOneStatement) {
    EXPECT_EQ(call("ExecuteStatement", R"({Statement: "SELECT * FROM t WHERE pk = 'a'"})"),
              R"({"Items":[{"pk":{"S":"a"},"sk":{"N":"1"},"x":{"S":"old"},"c":{"BOOL":true}}]})");
    EXPECT_EQ(call("ExecuteStatement", R"({Statement: "SELECT x FROM t"})"),
              R"({"Items":[{"x":{"S":"old"}}]})");
    EXPECT_EQ(
        call(
            "ExecuteStatement",
            R"({Statement: "UPDATE t SET x = 'new' WHERE pk = 'a' AND sk = 1 RETURNING MODIFIED NEW *"})"),
        R"({"Items":[{"x":{"S":"new"}}]})");
    dynamodb::Reply reply;
    std::string body =
        json(R"({Statement: "DELETE FROM t WHERE pk = 'a' AND sk = 1 AND x = 'old'"})");
    memory.call({"ExecuteStatement", body}, reply);
    EXPECT_EQ(reply.outcome, dynamodb::Outcome::condition_failed);
    EXPECT_TRUE(
        refusal("ExecuteStatement", R"({Statement: "INSERT INTO t VALUE {'pk': 'a', 'sk': 1}"})")
            .starts_with("DuplicateItemException"));
    EXPECT_TRUE(refusal("ExecuteStatement", R"({Statement: "DELETE FROM t WHERE pk = ?"})")
                    .starts_with("ValidationException"));
}

TEST_F(MemoryPartiqlTest, TellsCapacityOrNot) {
    const char* body =
        R"({ReturnConsumedCapacity: "TOTAL", Statements: [{Statement: "DELETE FROM t WHERE pk = 'a' AND sk = 1"}]})";
    EXPECT_EQ(json::to_json(member(call("BatchExecuteStatement", body), "ConsumedCapacity")),
              R"([{"TableName":"t","CapacityUnits":1}])");
    MemoryService silent({.partiql_tells_capacity = false});
    silent.create_table("t", {{"pk", dynamodb::AttributeType::string},
                              dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::number}});
    EXPECT_TRUE(
        member(call_on(silent, "BatchExecuteStatement", body), "ConsumedCapacity").is_null());
}

TEST_F(MemoryPartiqlTest, CanBeMissing) {
    MemoryService without({.with_partiql = false});
    try {
        call_on(without, "BatchExecuteStatement", "{Statements: []}");
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.service_code(), "UnknownOperationException");
        EXPECT_EQ(error.kind(), base::ErrorKind::unimplemented);
    }
}

}  // namespace
}  // namespace dynamigrate::expressions
