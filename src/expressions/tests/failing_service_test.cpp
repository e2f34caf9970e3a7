#include <dynamigrate/expressions/testing/failing_service.hpp>

#include "memory_fixture.hpp"

namespace dynamigrate::expressions {
namespace {

constexpr const char* kPut = R"({TableName: "t", Item: {pk: {S: "1"}}})";
constexpr const char* kBatch = R"({Statements: [{Statement: "DELETE FROM t WHERE pk = '1'"},
                                                {Statement: "DELETE FROM t WHERE pk = '2'"}]})";

class FailingServiceTest : public MemoryTest {
protected:
    FailingServiceTest() {
        memory.create_table("t", {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    }

    struct Seen {
        base::ErrorKind kind;
        bool may_have_applied;
        bool was_applied;
    };
    Seen fail(Failure failure) {
        FailingService failing(memory, 1, failure);
        try {
            call_on(failing, "PutItem", kPut);
        } catch (const base::Error& error) {
            EXPECT_TRUE(failing.fired());
            return {error.kind(), error.may_have_applied(), !memory.items("t").empty()};
        }
        ADD_FAILURE() << "nothing was thrown";
        return {};
    }
    std::string fail_statement(Failure failure) {
        memory.put("t", R"({"pk":{"S":"1"}})");
        memory.put("t", R"({"pk":{"S":"2"}})");
        FailingService failing(memory, 1, failure, CountedCalls::all, 1);
        std::string answer = call_on(failing, "BatchExecuteStatement", kBatch);
        json::Value responses = member(answer, "Responses");
        EXPECT_EQ(responses.elements().size(), 2u);
        EXPECT_EQ(responses.elements()[0].find("Error"), nullptr);
        return responses.elements()[1].find("Error")->find("Code")->text() + " left " +
               std::to_string(memory.items("t").size());
    }
};

TEST_F(FailingServiceTest, FailsTheNthCallOnly) {
    FailingService failing(memory, 2, Failure::throttle);
    call_on(failing, "PutItem", kPut);
    EXPECT_FALSE(failing.fired());
    EXPECT_THROW(call_on(failing, "PutItem", kPut), base::Error);
    EXPECT_TRUE(failing.fired());
    call_on(failing, "PutItem", kPut);
    EXPECT_EQ(failing.counted(), 3);
    EXPECT_EQ(memory.request_count("PutItem"), 2);
}

TEST_F(FailingServiceTest, MayCountWritesOnly) {
    FailingService failing(memory, 1, Failure::throttle, CountedCalls::writes);
    call_on(failing, "ListTables", "{}");
    EXPECT_THROW(call_on(failing, "PutItem", kPut), base::Error);
}

TEST_F(FailingServiceTest, ThrottlesWithoutEffect) {
    Seen seen = fail(Failure::throttle);
    EXPECT_EQ(seen.kind, base::ErrorKind::throttled);
    EXPECT_FALSE(seen.may_have_applied);
    EXPECT_FALSE(seen.was_applied);
}

TEST_F(FailingServiceTest, FailsInternallyWithoutEffectButInDoubt) {
    Seen seen = fail(Failure::internal_500);
    EXPECT_TRUE(seen.may_have_applied);
    EXPECT_FALSE(seen.was_applied);
}

TEST_F(FailingServiceTest, LosesAnswersAfterTheEffect) {
    Seen seen = fail(Failure::lost_answer);
    EXPECT_EQ(seen.kind, base::ErrorKind::unavailable);
    EXPECT_TRUE(seen.may_have_applied);
    EXPECT_TRUE(seen.was_applied);
}

TEST_F(FailingServiceTest, ResetsBeforeTheEffect) {
    Seen seen = fail(Failure::reset);
    EXPECT_TRUE(seen.may_have_applied);
    EXPECT_FALSE(seen.was_applied);
}

TEST_F(FailingServiceTest, FailsOneStatementOfABatch) {
    EXPECT_EQ(fail_statement(Failure::statement_throttled), "ThrottlingError left 1");
    EXPECT_EQ(fail_statement(Failure::statement_internal_error_not_applied),
              "InternalServerError left 1");
    EXPECT_EQ(fail_statement(Failure::statement_internal_error_applied),
              "InternalServerError left 0");
}

}  // namespace
}  // namespace dynamigrate::expressions
