#include "journal_fixture.hpp"

#include <dynamigrate/dynamodb/testing/scripted_service.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/expressions/testing/failing_service.hpp>
#include <dynamigrate/expressions/testing/memory_service.hpp>
#include <dynamigrate/layers/journal_service.hpp>

#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <thread>

namespace dynamigrate::layers {

using base::Error;
using base::ErrorKind;
using dynamodb::Outcome;
using dynamodb::Reply;
using expressions::Failure;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr const char* kA = R"({"pk":{"S":"a"}})";

/// Writes through the journal to a service in memory.
class JournalServiceTest : public JournalTest {
protected:
    JournalServiceTest() {
        memory_.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        memory_.create_table("other", {{"id", dynamodb::AttributeType::number}, {}});
        memory_.put("app", R"({"pk":{"S":"a"},"n":{"N":"1"},"s":{"S":"old"}})");
        memory_.put("app", R"({"pk":{"S":"b"},"n":{"N":"2"}})");
        memory_.put("other", R"({"id":{"N":"7"},"v":{"S":"seven"}})");
        reopen(memory_);
    }

    void reopen(dynamodb::Service& inner) {
        service_.reset();
        part_.reset();
        part_ = create_part(++attempt_, 0);
        service_ = std::make_unique<JournalService>(inner, *part_, 3, clock_);
    }

    std::string ask(std::string_view operation, const std::string& body) {
        Reply reply;
        service_->call({operation, body}, reply);
        outcome_ = reply.outcome;
        return reply.body;
    }
    std::string update(const std::string& members) {
        return ask("UpdateItem", R"({"TableName":"app","Key":{"pk":{"S":"a"}},)" + members + "}");
    }
    static std::string add_one() {
        return R"("UpdateExpression":"SET n = n + :one",
                  "ExpressionAttributeValues":{":one":{"N":"1"}})";
    }
    std::string a() { return memory_.item("app", kA); }

    /// Lets the application write right before the n-th call of that operation.
    void before(std::string_view operation, std::function<void()> write) {
        memory_.before_call = [this, operation, write = std::move(write)](const dynamodb::Call& c) {
            if (c.operation == operation && !was_disturbed_) {
                was_disturbed_ = true;
                write();
            }
        };
    }

    static std::string json(const ReadEntry& entry) {
        return dynamodb::to_wire_json(entry.before->item) + " -> " +
               dynamodb::to_wire_json(entry.after->item);
    }
    /// The one entry that was applied.
    ReadEntry applied() {
        std::vector<ReadEntry> found;
        for (const ReadEntry& entry : read()) {
            if (entry.outcome == EntryOutcome::applied) {
                found.push_back(entry);
            }
        }
        EXPECT_EQ(found.size(), 1U);
        return found.empty() ? ReadEntry() : found.front();
    }
    std::vector<EntryOutcome> outcomes() {
        std::vector<EntryOutcome> found;
        for (const ReadEntry& entry : read()) {
            found.push_back(entry.outcome);
        }
        return found;
    }

    base::FakeClock clock_;
    expressions::MemoryService memory_;
    std::unique_ptr<JournalWriter> part_;
    std::unique_ptr<JournalService> service_;
    std::uint32_t attempt_ = 0;
    Outcome outcome_ = Outcome::success;
    bool was_disturbed_ = false;
};

}  // namespace

TEST_F(JournalServiceTest, JournalsAnUpdateOfTheAttributesThatItChanges) {
    EXPECT_EQ(update(add_one()), "{}");
    const ReadEntry entry = applied();
    EXPECT_EQ(entry.kind, EntryKind::update);
    EXPECT_EQ(entry.page.step, 3U);
    EXPECT_EQ(entry.table, "app");
    EXPECT_EQ(entry.pk(), "a");
    EXPECT_EQ(json(entry), R"({"n":{"N":"1"}} -> {"n":{"N":"2"}})");
    EXPECT_EQ(memory_.request_count("GetItem"), 1);
}

TEST_F(JournalServiceTest, JournalsUpdatesThatCreateItemsAsInsertions) {
    ask("UpdateItem",
        R"({"TableName":"app","Key":{"pk":{"S":"new"}},"UpdateExpression":"SET x = :x",
            "ExpressionAttributeValues":{":x":{"N":"1"}}})");
    const ReadEntry entry = applied();
    EXPECT_EQ(entry.kind, EntryKind::insert);
    EXPECT_EQ(json(entry), R"({} -> {"pk":{"S":"new"},"x":{"N":"1"}})");
}

TEST_F(JournalServiceTest, JournalsPutsAndDeletionsWithWholeItems) {
    ask("PutItem", R"({"TableName":"app","Item":{"pk":{"S":"a"},"x":{"N":"9"}}})");
    EXPECT_EQ(applied().kind, EntryKind::replace);
    EXPECT_EQ(json(applied()), R"({"pk":{"S":"a"},"n":{"N":"1"},"s":{"S":"old"}} -> )"
                               R"({"pk":{"S":"a"},"x":{"N":"9"}})");
    ask("DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"b"}}})");
    EXPECT_EQ(json(read().back()), R"({"pk":{"S":"b"},"n":{"N":"2"}} -> {})");
    EXPECT_EQ(read().back().kind, EntryKind::remove);
}

TEST_F(JournalServiceTest, AnswersWhatTheClientAskedFor) {
    EXPECT_EQ(update(add_one() + R"(,"ReturnValues":"NONE")"), "{}");
    EXPECT_THAT(update(add_one() + R"(,"ReturnValues":"ALL_OLD")"), HasSubstr(R"("n":{"N":"2"})"));
    EXPECT_THAT(update(add_one() + R"(,"ReturnValues":"ALL_NEW")"),
                AllOf(HasSubstr(R"("n":{"N":"4"})"), HasSubstr(R"("pk":{"S":"a"})")));
    EXPECT_EQ(update(add_one() + R"(,"ReturnValues":"UPDATED_OLD")"),
              R"({"Attributes":{"n":{"N":"4"}}})");
    EXPECT_EQ(update(add_one() + R"(,"ReturnValues":"UPDATED_NEW")"),
              R"({"Attributes":{"n":{"N":"6"}}})");
    EXPECT_EQ(update(R"("UpdateExpression":"REMOVE n","ReturnValues":"UPDATED_NEW")"), "{}");
    EXPECT_EQ(ask("PutItem", R"({"TableName":"app","Item":{"pk":{"S":"b"}}})"), "{}");
    EXPECT_EQ(
        ask("DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"b"}},"ReturnValues":"ALL_OLD"})"),
        R"({"Attributes":{"pk":{"S":"b"}}})");
}

TEST_F(JournalServiceTest, TakesTheTrueImageWhereTheApplicationWroteBetween) {
    before("UpdateItem", [&] { memory_.put("app", R"({"pk":{"S":"a"},"n":{"N":"40"}})"); });
    update(add_one());
    EXPECT_EQ(json(applied()), R"({"n":{"N":"40"}} -> {"n":{"N":"41"}})");
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::guard_failed, EntryOutcome::applied));
}

TEST_F(JournalServiceTest, KnowsADeletionOfWhatTheApplicationPutBetween) {
    memory_.remove("app", kA);
    before("DeleteItem", [&] { memory_.put("app", R"({"pk":{"S":"a"},"n":{"N":"40"}})"); });
    ask("DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"a"}}})");
    EXPECT_EQ(json(applied()), R"({"pk":{"S":"a"},"n":{"N":"40"}} -> {})");
}

TEST_F(JournalServiceTest, SyncsTheEntryBeforeTheWriteIsSent) {
    std::vector<EntryOutcome> seen;
    before("UpdateItem", [&] { seen = outcomes(); });
    update(add_one());
    EXPECT_THAT(seen, ElementsAre(EntryOutcome::unsettled));
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::applied));
}

TEST_F(JournalServiceTest, NotesWhatHadNoEffect) {
    update(add_one() + R"(,"ConditionExpression":"attribute_exists(pk) AND n = :one")");
    EXPECT_EQ(outcome_, Outcome::success);
    update(add_one() + R"(,"ConditionExpression":"n = :one")");
    EXPECT_EQ(outcome_, Outcome::condition_failed);
    EXPECT_THROW(update(R"("UpdateExpression":"SET s = s + :x",
                           "ExpressionAttributeValues":{":x":{"N":"1"}})"),
                 Error);
    ask("DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"none"}}})");
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::applied, EntryOutcome::guard_failed,
                                        EntryOutcome::rejected, EntryOutcome::guard_failed));
}

TEST_F(JournalServiceTest, JournalsLegacyUpdates) {
    dynamodb::testing::ScriptedService scripted;
    scripted.answer(R"({"Table":{"TableName":"app","KeySchema":[]}})");
    scripted.otherwise([&](const dynamodb::Call& call, Reply& reply) {
        if (call.operation == "GetItem") {
            reply.body = R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"},"x":{"S":"y"}}})";
        } else {
            reply.body = R"({"Attributes":{"pk":{"S":"a"},"n":{"N":"1"},"x":{"S":"y"}}})";
        }
    });
    reopen(scripted);
    EXPECT_EQ(update(R"("AttributeUpdates":{"n":{"Action":"ADD","Value":{"N":"4"}},
                                            "x":{"Action":"DELETE"}})"),
              "{}");
    EXPECT_EQ(json(applied()), R"({"n":{"N":"1"},"x":{"S":"y"}} -> {"n":{"N":"5"}})");
}

TEST_F(JournalServiceTest, PassesUnknownMembersAndRefusesRepeatedOnes) {
    dynamodb::testing::ScriptedService scripted;
    scripted.answer(R"({"Item":{"pk":{"S":"a"},"n":{"N":"1"}}})");
    scripted.answer(R"({"Attributes":{"pk":{"S":"a"},"n":{"N":"1"}},"News":[1.50, null]})");
    reopen(scripted);
    EXPECT_EQ(update(add_one() + R"(,"Novelty":{"x":[1.50,null]})"), R"({"News":[1.50, null]})");
    EXPECT_THAT(scripted.calls().back().body, HasSubstr(R"("Novelty":{"x":[1.50,null]})"));
    EXPECT_THROW(update(add_one() + R"(,"Table\u004eame":"other")"), Error);
    EXPECT_EQ(scripted.calls().size(), 2U);
}

TEST_F(JournalServiceTest, JournalsBatchesWithWhatWasReadBefore) {
    ask("BatchWriteItem",
        R"({"RequestItems":{"app":[{"PutRequest":{"Item":{"pk":{"S":"a"},"n":{"N":"5"}}}},
                                   {"DeleteRequest":{"Key":{"pk":{"S":"b"}}}},
                                   {"PutRequest":{"Item":{"pk":{"S":"c"}}}},
                                   {"DeleteRequest":{"Key":{"pk":{"S":"none"}}}}],
                            "other":[{"PutRequest":{"Item":{"id":{"N":"7.0"}}}}]}})");
    const auto entries = read();
    ASSERT_EQ(entries.size(), 5U);
    EXPECT_EQ(json(entries[0]), R"({"pk":{"S":"a"},"n":{"N":"1"},"s":{"S":"old"}} -> )"
                                R"({"pk":{"S":"a"},"n":{"N":"5"}})");
    EXPECT_EQ(json(entries[1]), R"({"pk":{"S":"b"},"n":{"N":"2"}} -> {})");
    EXPECT_EQ(json(entries[2]), R"({} -> {"pk":{"S":"c"}})");
    EXPECT_EQ(entries[3].outcome, EntryOutcome::guard_failed);
    EXPECT_EQ(entries[4].table, "other");
    EXPECT_EQ(entries[4].kind, EntryKind::replace);
    EXPECT_TRUE(entries[0].was_read_before);
    EXPECT_EQ(memory_.request_count("BatchGetItem"), 2);
}

TEST_F(JournalServiceTest, NotesWhatABatchLeft) {
    expressions::MemoryOptions options;
    options.batch_limit = 1;
    expressions::MemoryService slow(options);
    slow.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
    reopen(slow);
    const std::string answer =
        ask("BatchWriteItem", R"({"RequestItems":{"app":[{"PutRequest":{"Item":{"pk":{"S":"x"}}}},
                                                         {"PutRequest":{"Item":{"pk":{"S":"y"}}}}]
                                                 }})");
    EXPECT_THAT(answer, HasSubstr(R"({"S":"y"})"));
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::applied, EntryOutcome::rejected));
}

TEST_F(JournalServiceTest, JournalsTransactions) {
    const std::string items = R"("TransactItems":[
        {"Update":{"TableName":"app","Key":{"pk":{"S":"a"}},"UpdateExpression":"SET n = :n",
                   "ExpressionAttributeValues":{":n":{"N":"8"}}}},
        {"Put":{"TableName":"other","Item":{"id":{"N":"8"}}}},
        {"Delete":{"TableName":"app","Key":{"pk":{"S":"b"}}}},
        {"ConditionCheck":{"TableName":"other","Key":{"id":{"N":"7"}},
                           "ConditionExpression":"attribute_exists(id) "}}])";
    ask("TransactWriteItems", "{" + items + "}");
    EXPECT_EQ(outcome_, Outcome::success);
    EXPECT_THAT(outcomes(),
                ElementsAre(EntryOutcome::applied, EntryOutcome::applied, EntryOutcome::applied));
    EXPECT_EQ(json(read()[0]), R"({"n":{"N":"1"}} -> {"n":{"N":"8"}})");
    ask("TransactWriteItems", R"({"TransactItems":[
        {"Put":{"TableName":"other","Item":{"id":{"N":"9"}}}},
        {"ConditionCheck":{"TableName":"other","Key":{"id":{"N":"1"}},
                           "ConditionExpression":"attribute_exists(id) "}}]})");
    EXPECT_EQ(outcome_, Outcome::transaction_cancelled);
    EXPECT_EQ(read().back().outcome, EntryOutcome::guard_failed);
}

TEST_F(JournalServiceTest, JournalsStatements) {
    EXPECT_EQ(ask("ExecuteStatement",
                  R"({"Statement":"UPDATE \"app\" SET n = n + ? WHERE pk = 'a'",
                      "Parameters":[{"N":"1"}]})"),
              R"({"Items":[]})");
    EXPECT_EQ(json(applied()), R"({"n":{"N":"1"}} -> {"n":{"N":"2"}})");
    EXPECT_FALSE(applied().was_read_before);
    ask("ExecuteStatement", R"({"Statement":"INSERT INTO app VALUE {'pk':'new'}"})");
    EXPECT_EQ(json(read().back()), R"({} -> {"pk":{"S":"new"}})");
    EXPECT_THAT(ask("ExecuteStatement",
                    R"({"Statement":"DELETE FROM app WHERE pk = 'b' RETURNING ALL OLD *"})"),
                HasSubstr(R"("n":{"N":"2"})"));
    EXPECT_EQ(read().back().kind, EntryKind::remove);
    EXPECT_THROW(ask("ExecuteStatement", R"({"Statement":"INSERT INTO app VALUE {'pk':'new'}"})"),
                 Error);
    EXPECT_EQ(read().back().outcome, EntryOutcome::rejected);
    EXPECT_EQ(read().size(), 4U);
}

TEST_F(JournalServiceTest, TakesTheTrueImagesOfStatementsToo) {
    before("ExecuteStatement", [&] { memory_.put("app", R"({"pk":{"S":"a"},"n":{"N":"40"}})"); });
    ask("ExecuteStatement", R"({"Statement":"UPDATE app SET n = 0 WHERE pk = 'a'"})");
    EXPECT_EQ(json(applied()), R"({"n":{"N":"40"}} -> {"n":{"N":"0"}})");
}

TEST_F(JournalServiceTest, MarksStatementsThatReturnSomethingElse) {
    EXPECT_THAT(ask("ExecuteStatement", R"({"Statement":
                    "UPDATE app SET n = 5 WHERE pk = 'a' RETURNING MODIFIED NEW *"})"),
                HasSubstr(R"({"n":{"N":"5"}})"));
    EXPECT_TRUE(applied().was_read_before);
    EXPECT_EQ(json(applied()), R"({"n":{"N":"1"}} -> {"n":{"N":"5"}})");
}

TEST_F(JournalServiceTest, JournalsBatchesOfStatements) {
    before("BatchExecuteStatement",
           [&] { memory_.put("app", R"({"pk":{"S":"b"},"n":{"N":"40"}})"); });
    const std::string answer = ask("BatchExecuteStatement", R"({"Statements":[
        {"Statement":"UPDATE app SET n = 5 WHERE pk = 'a'"},
        {"Statement":"DELETE FROM app WHERE pk = ?","Parameters":[{"S":"b"}]},
        {"Statement":"INSERT INTO app VALUE {'pk':'new'}"},
        {"Statement":"UPDATE app SET n = 5 WHERE pk = 'none'"},
        {"Statement":"UPDATE gone SET n = 5 WHERE pk = 'none'"}]})");
    EXPECT_THAT(answer, Not(HasSubstr("Item")));
    EXPECT_THAT(answer, AllOf(HasSubstr("ConditionalCheckFailed"), HasSubstr("ResourceNotFound")));
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::applied, EntryOutcome::guard_failed,
                                        EntryOutcome::applied, EntryOutcome::guard_failed,
                                        EntryOutcome::applied));
    EXPECT_EQ(json(read().back()), R"({"pk":{"S":"b"},"n":{"N":"40"}} -> {})");
}

TEST_F(JournalServiceTest, JournalsTransactionsOfStatements) {
    dynamodb::testing::ScriptedService scripted;
    scripted.otherwise([&](const dynamodb::Call& call, Reply& reply) {
        if (call.operation == "ExecuteTransaction") {
            reply.body = "{}";
        } else {
            memory_.call(call, reply);
        }
    });
    reopen(scripted);
    ask("ExecuteTransaction", R"({"TransactStatements":[
        {"Statement":"UPDATE app SET n = 5 WHERE pk = 'a'"},
        {"Statement":"EXISTS(SELECT * FROM app WHERE pk = 'c' AND n = 1) "},
        {"Statement":"DELETE FROM app WHERE pk = 'b'"}]})");
    EXPECT_THAT(scripted.calls().back().body, Not(HasSubstr("RETURNING")));
    const auto entries = read();
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(json(entries[0]), R"({"n":{"N":"1"}} -> {"n":{"N":"5"}})");
    EXPECT_TRUE(entries[1].was_read_before);
    EXPECT_EQ(entries[1].outcome, EntryOutcome::applied);
}

TEST_F(JournalServiceTest, PassesReadsUnchanged) {
    dynamodb::testing::ScriptedService scripted;
    scripted.otherwise([](const dynamodb::Call&, Reply& reply) { reply.body = "{}"; });
    reopen(scripted);
    const std::string strange = R"({"Statement":"\n select $novelty FROM app"})";
    ask("ExecuteStatement", strange);
    ask("BatchExecuteStatement", R"({"Statements":[)" + strange + "]}");
    ask("Scan", R"({"TableName":"app"})");
    ask("DescribeNovelty", "{}");
    EXPECT_EQ(scripted.calls().size(), 4U);
    EXPECT_EQ(scripted.calls().front().body, strange);
    EXPECT_TRUE(read().empty());
}

TEST_F(JournalServiceTest, RefusesOperationsThatItDoesNotKnowByName) {
    try {
        ask("MergeItems", R"({"TableName":"app"})");
        FAIL() << "it passed";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unimplemented);
        EXPECT_THAT(error.what(), HasSubstr("MergeItems"));
    }
    EXPECT_EQ(memory_.request_count(), 0);
}

TEST_F(JournalServiceTest, PassesChangesOfTablesAndLooksAtThemAnew) {
    ask("PutItem", R"({"TableName":"app","Item":{"pk":{"S":"a"}}})");
    ask("PutItem", R"({"TableName":"app","Item":{"pk":{"S":"b"}}})");
    EXPECT_EQ(memory_.request_count("DescribeTable"), 1);
    ask("DeleteTable", R"({"TableName":"app"})");
    memory_.create_table("app", {{"id", dynamodb::AttributeType::string}, {}});
    ask("PutItem", R"({"TableName":"app","Item":{"id":{"S":"a"}}})");
    EXPECT_EQ(read().size(), 3U);
}

TEST_F(JournalServiceTest, NotesChangesOfTablesInTheLog) {
    class Lines final : public base::Log {
    public:
        void write(base::LogLevel, std::string_view text) override { all += text; }
        bool is_enabled(base::LogLevel) const override { return true; }
        std::string all;
    } lines;
    JournalService service(memory_, *part_, 0, clock_, lines);
    Reply reply;
    service.call({"DeleteTable", R"({"TableName":"app"})"}, reply);
    EXPECT_THAT(lines.all, AllOf(HasSubstr("DeleteTable"), HasSubstr("table app")));
}

TEST_F(JournalServiceTest, StopsWaitingForAnotherWriteOfTheItem) {
    std::stop_source stop;
    std::optional<Error> stopped;
    before("UpdateItem", [&] {
        std::jthread other([&] {
            Reply reply;
            try {
                service_->call({"DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"a"}}})",
                                stop.get_token()},
                               reply);
            } catch (const Error& error) {
                stopped = error;
            }
        });
        stop.request_stop();
    });
    update(add_one());
    ASSERT_TRUE(stopped);
    EXPECT_EQ(stopped->kind(), ErrorKind::cancelled);
    EXPECT_EQ(memory_.request_count("DeleteItem"), 0);
    EXPECT_EQ(read().size(), 1U);
}

TEST_F(JournalServiceTest, ReadsKeysThatTheServiceLeftForAnotherRequest) {
    dynamodb::testing::ScriptedService scripted;
    scripted
        .answer(R"({"Responses":{"app":[{"pk":{"S":"b"},"n":{"N":"2"}}]},"UnprocessedKeys":
                    {"app":{"Keys":[{"pk":{"S":"a"}}],"ConsistentRead":true}}})")
        .answer(R"({"Responses":{"app":[{"pk":{"S":"a"},"n":{"N":"1"}}]},"UnprocessedKeys":{}})")
        .answer(R"({"UnprocessedItems":{}})");
    reopen(scripted);
    ask("BatchWriteItem", R"({"RequestItems":{"app":[{"DeleteRequest":{"Key":{"pk":{"S":"a"}}}},
                                                {"DeleteRequest":{"Key":{"pk":{"S":"b"}}}}]}})");
    EXPECT_EQ(scripted.calls()[1].body,
              R"({"RequestItems":{"app":{"Keys":[{"pk":{"S":"a"}}],"ConsistentRead":true}}})");
    EXPECT_EQ(json(read()[0]), R"({"pk":{"S":"a"},"n":{"N":"1"}} -> {})");
    EXPECT_EQ(json(read()[1]), R"({"pk":{"S":"b"},"n":{"N":"2"}} -> {})");
    EXPECT_GT(clock_.waited().count(), 0);
}

TEST_F(JournalServiceTest, SaysThatATableIsMissing) {
    try {
        ask("PutItem", R"({"TableName":"none","Item":{"id":{"S":"a"}}})");
        FAIL() << "no error";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::not_found);
        EXPECT_EQ(error.service_code(), "ResourceNotFoundException");
    }
    EXPECT_TRUE(read().empty());
}

TEST_F(JournalServiceTest, SettlesAWriteWhoseAnswerWasLostByReading) {
    expressions::FailingService failing(memory_, 1, Failure::lost_answer,
                                        expressions::CountedCalls::writes);
    reopen(failing);
    EXPECT_THROW(update(add_one()), Error);
    EXPECT_EQ(json(applied()), R"({"n":{"N":"1"}} -> {"n":{"N":"2"}})");
}

TEST_F(JournalServiceTest, LeavesUnsettledWhatMayStillBeUnderWay) {
    expressions::FailingService failing(memory_, 1, Failure::reset,
                                        expressions::CountedCalls::writes);
    reopen(failing);
    EXPECT_THROW(update(add_one()), Error);
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::unsettled));
}

TEST_F(JournalServiceTest, BelievesAnAnsweredFailureThatChangedNothing) {
    for (const Failure failure : {Failure::internal_500, Failure::throttle}) {
        expressions::FailingService failing(memory_, 1, failure, expressions::CountedCalls::writes);
        reopen(failing);
        EXPECT_THROW(update(add_one()), Error);
    }
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::guard_failed, EntryOutcome::rejected));
}

TEST_F(JournalServiceTest, LeavesUnsettledWhatTheApplicationChangedAfterALostAnswer) {
    dynamodb::testing::ScriptedService scripted;
    scripted.otherwise([&](const dynamodb::Call& call, Reply& reply) {
        memory_.call(call, reply);
        if (call.operation == "UpdateItem") {
            memory_.put("app", R"({"pk":{"S":"a"},"n":{"N":"40"}})");
            throw Error(ErrorKind::outcome_unknown, "lost");
        }
    });
    reopen(scripted);
    EXPECT_THROW(update(add_one()), Error);
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::unsettled));
}

TEST_F(JournalServiceTest, SettlesTheStatementOfABatchThatFailedInside) {
    for (const auto& [failure, outcome] :
         {std::pair(Failure::statement_throttled, EntryOutcome::rejected),
          std::pair(Failure::statement_internal_error_not_applied, EntryOutcome::guard_failed),
          std::pair(Failure::statement_internal_error_applied, EntryOutcome::applied)}) {
        expressions::FailingService failing(memory_, 1, failure);
        reopen(failing);
        ask("BatchExecuteStatement",
            R"({"Statements":[{"Statement":"UPDATE app SET n = 5 WHERE pk = 'a'"},
                              {"Statement":"UPDATE app SET n = 5 WHERE pk = 'b'"}]})");
        const auto found = outcomes();
        EXPECT_EQ(found[found.size() - 2], outcome);
        EXPECT_EQ(found.back(), EntryOutcome::applied);
    }
}

TEST_F(JournalServiceTest, KnowsItsOwnFirstAttempt) {
    // The retry layer sent the write twice, the first attempt was applied.
    dynamodb::testing::ScriptedService scripted;
    scripted.otherwise([&](const dynamodb::Call& call, Reply& reply) {
        memory_.call(call, reply);
        if (!dynamodb::is_read_only(call.operation)) {
            memory_.call(call, reply);
            reply.earlier_attempt_may_have_applied = true;
        }
    });
    reopen(scripted);
    ask("DeleteItem", R"({"TableName":"app","Key":{"pk":{"S":"b"}}})");
    EXPECT_EQ(json(applied()), R"({"pk":{"S":"b"},"n":{"N":"2"}} -> {})");
    update(add_one() + R"(,"ConditionExpression":"n < :one OR n > :one OR n = :one")");
    EXPECT_EQ(json(read().back()), R"({"n":{"N":"1"}} -> {"n":{"N":"3"}})");
    ask("PutItem", R"({"TableName":"app","Item":{"pk":{"S":"c"}},
                       "ConditionExpression":"attribute_not_exists(pk) "})");
    EXPECT_EQ(outcome_, Outcome::condition_failed);
    EXPECT_EQ(json(read().back()), R"({} -> {"pk":{"S":"c"}})");
    EXPECT_EQ(read().back().outcome, EntryOutcome::applied);
}

TEST_F(JournalServiceTest, DoesNotTakeAnothersEqualItemForItsOwnInsertion) {
    memory_.put("app", R"({"pk":{"S":"c"}})");
    expressions::FailingService failing(memory_, 1, Failure::reset,
                                        expressions::CountedCalls::writes);
    reopen(failing);
    EXPECT_THROW(ask("ExecuteStatement", R"({"Statement":"INSERT INTO app VALUE {'pk':'c'}"})"),
                 Error);
    EXPECT_THAT(outcomes(), ElementsAre(EntryOutcome::unsettled));
}

TEST_F(JournalServiceTest, SendsNothingThatItCannotJournal) {
    class FullWriter final : public JournalWriter {
    public:
        void begin_page(const JournalPage&) override {}
        EntryId add(const JournalEntry&) override { return 0; }
        void commit_page() override { throw Error(ErrorKind::unavailable, "the disk is full"); }
        void add_outcome(EntryId, EntryOutcome) override {}
        void flush() override {}
        PartSummary summary() const override { return {}; }
    } full;
    JournalService service(memory_, full, 0, clock_);
    Reply reply;
    EXPECT_THROW(service.call({"PutItem", R"({"TableName":"app","Item":{"pk":{"S":"z"}}})"}, reply),
                 Error);
    EXPECT_EQ(memory_.request_count("PutItem"), 0);
}

TEST_F(JournalServiceTest, KeepsTheOrderOfManyWritersOfOneItem) {
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int j = 0; j < 5; ++j) {
                    Reply reply;
                    service_->call({"UpdateItem", R"({"TableName":"app","Key":{"pk":{"S":"a"}},)" +
                                                      add_one() + "}"},
                                   reply);
                }
            });
        }
    }
    int n = 1;
    for (const ReadEntry& entry : read()) {
        EXPECT_EQ(entry.outcome, EntryOutcome::applied);
        EXPECT_EQ(entry.before->item.text("n"), std::to_string(n));
        EXPECT_EQ(entry.after->item.text("n"), std::to_string(++n));
    }
    EXPECT_EQ(n, 21);
}

}  // namespace dynamigrate::layers
