#include <dynamigrate/dynamodb/batch_reply.hpp>

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

#include <string>

namespace dynamigrate::dynamodb {
namespace {

using Status = StatementResult::Status;

TEST(StatementReplyReader, ReadsSuccesses) {
    base::Arena arena;
    Reply reply;
    reply.body = R"({"Responses":[{"TableName":"t"},{"TableName":"t"},{}]})";
    std::vector<StatementResult> results;
    StatementReplyReader().read(reply, arena, results);
    ASSERT_EQ(results.size(), 3U);
    for (const StatementResult& result : results) {
        EXPECT_EQ(result.status, Status::success);
        EXPECT_EQ(result.code, "");
        EXPECT_FALSE(result.item);
    }
}

TEST(StatementReplyReader, ReadsErrorsAndItems) {
    base::Arena arena;
    Reply reply;
    reply.body = R"({"ConsumedCapacity":[],"Responses":[{"Error":{"Code":"ConditionalCheckFailed",)"
                 R"("Message":"The conditional \"request\" failed","Item":{"pk":{"S":"a"}}}},)"
                 R"({"TableName":"t","Item":{"pk":{"S":"b"}}},)"
                 R"({"Error":{"Message":"m","Code":"DuplicateItem"},"TableName":"t"}]})";
    std::vector<StatementResult> results(7);
    StatementReplyReader().read(reply, arena, results);
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].status, Status::condition_failed);
    EXPECT_EQ(results[0].code, "ConditionalCheckFailed");
    EXPECT_EQ(results[0].message, "The conditional \"request\" failed");
    ASSERT_TRUE(results[0].item);
    EXPECT_EQ(results[0].item->text("pk"), "a");
    EXPECT_EQ(results[1].status, Status::success);
    EXPECT_EQ(results[1].item->text("pk"), "b");
    EXPECT_EQ(results[2].status, Status::duplicate_item);
    EXPECT_EQ(results[2].message, "m");
}

TEST(StatementReplyReader, KnowsTheCodesOfAws) {
    EXPECT_EQ(status_of("ConditionalCheckFailed"), Status::condition_failed);
    EXPECT_EQ(status_of("DuplicateItem"), Status::duplicate_item);
    EXPECT_EQ(status_of("RequestLimitExceeded"), Status::throttled);
    EXPECT_EQ(status_of("ProvisionedThroughputExceeded"), Status::throttled);
    EXPECT_EQ(status_of("ThrottlingError"), Status::throttled);
    EXPECT_EQ(status_of("TransactionConflict"), Status::transaction_conflict);
    EXPECT_EQ(status_of("InternalServerError"), Status::internal_error);
    for (const char* code : {"ValidationError", "ItemCollectionSizeLimitExceeded",
                             "ResourceNotFound", "AccessDenied", "SomethingNew", ""}) {
        EXPECT_EQ(status_of(code), Status::other) << code;
    }
}

TEST(StatementReplyReader, CallsAnythingElseCorrupted) {
    for (const char* body : {"", "x", "[]", R"({"Responses":{}})", R"({"Responses":[1]})",
                             R"({"Responses":[{"Error":{"Code":1}}]})"}) {
        base::Arena arena;
        Reply reply;
        reply.body = body;
        std::vector<StatementResult> results;
        try {
            StatementReplyReader().read(reply, arena, results);
            ADD_FAILURE() << "accepted " << body;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::corrupted) << body;
        }
    }
}

}  // namespace
}  // namespace dynamigrate::dynamodb
