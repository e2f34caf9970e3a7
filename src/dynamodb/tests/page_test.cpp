#include <dynamigrate/dynamodb/page.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <string>

namespace dynamigrate::dynamodb {
namespace {

Page read(const std::string& body, base::Arena& arena) {
    Reply reply;
    reply.body = body;
    PageReader reader;
    Page page;
    reader.read(reply, arena, page);
    return page;
}

TEST(PageReader, ReadsAPage) {
    base::Arena arena;
    Page page =
        read(R"({"Items":[{"pk":{"S":"a"},"n":{"N":"1"}},{"pk":{"S":"b\n"},"n":{"N":"2"}}],)"
             R"("Count":2,"ScannedCount":5,"LastEvaluatedKey":{"pk":{"S":"b\n"}}})",
             arena);
    ASSERT_EQ(page.items.size(), 2U);
    EXPECT_EQ(to_wire_json(page.items[0]), R"({"pk":{"S":"a"},"n":{"N":"1"}})");
    EXPECT_EQ(page.items[1].text("pk"), "b\n");
    EXPECT_EQ(page.count, 2);
    EXPECT_EQ(page.scanned_count, 5);
    EXPECT_EQ(page.last_evaluated_key.text("pk"), "b\n");
}

TEST(PageReader, ToleratesUnknownMembersAndAnyOrder) {
    base::Arena arena;
    Page page = read(
        R"({"LastEvaluatedKey":{"pk":{"S":"x"}},"ConsumedCapacity":{"TableName":"t",)"
        R"("Items":[1,{"a":[]}]},"New":[{"Items":7}],"ScannedCount":1,"Items":[{}],"More":null,)"
        R"("Count":1})",
        arena);
    EXPECT_EQ(page.items.size(), 1U);
    EXPECT_TRUE(page.items[0].empty());
    EXPECT_EQ(page.count, 1);
    EXPECT_EQ(page.last_evaluated_key.text("pk"), "x");
}

TEST(PageReader, ReadsACountWithoutItems) {
    base::Arena arena;
    Page page = read(R"({"Count":3,"ScannedCount":9})", arena);
    EXPECT_TRUE(page.items.empty());
    EXPECT_EQ(page.count, 3);
    EXPECT_TRUE(page.last_evaluated_key.empty());
}

TEST(PageReader, ReplacesThePageBefore) {
    base::Arena arena;
    PageReader reader;
    Page page;
    Reply reply;
    reply.body =
        R"({"Items":[{"pk":{"S":"a"}}],"Count":1,"ScannedCount":1,"LastEvaluatedKey":{"pk":{"S":"a"}}})";
    reader.read(reply, arena, page);
    arena.reset();
    reply.clear();
    reply.body = R"({"Items":[{"pk":{"S":"b"}}],"Count":1,"ScannedCount":2})";
    reader.read(reply, arena, page);
    ASSERT_EQ(page.items.size(), 1U);
    EXPECT_EQ(to_wire_json(page.items[0]), R"({"pk":{"S":"b"}})");
    EXPECT_EQ(page.scanned_count, 2);
    EXPECT_TRUE(page.last_evaluated_key.empty());
}

TEST(PageReader, LeavesTheBodyReadable) {
    base::Arena arena;
    PageReader reader;
    Page page;
    Reply reply;
    static const std::string kBody =
        R"({"Items":[{"pk":{"S":"a\tb"}}],"ConsumedCapacity":{"TableName":"t","CapacityUnits":0.5}})";
    reply.body = kBody;
    reader.read(reply, arena, page);
    EXPECT_EQ(reply.body, kBody);
    ASSERT_EQ(reply.consumed_capacity().size(), 1U);
    EXPECT_EQ(reply.consumed_capacity()[0].total, 0.5);
}

TEST(PageReader, ItemsOutliveTheReply) {
    base::Arena arena;
    Page page;
    {
        Reply reply;
        reply.body = R"({"Items":[{"name":{"S":"a text of some length"}}]})";
        PageReader reader;
        reader.read(reply, arena, page);
        reply.body.assign(reply.body.size(), '#');
    }
    EXPECT_EQ(page.items[0].text("name"), "a text of some length");
}

TEST(PageReader, CallsAnythingElseCorrupted) {
    for (const char* body :
         {"", "no json", "[]", R"({"Items":{}})", R"({"Items":[1]})", R"({"Items":[{"a":1}]})",
          R"({"Items":[{"a":{"N":"x"}}]})", R"({"Count":"x"})", R"({"Items":[{"a":{"S":"x"}])"}) {
        base::Arena arena;
        try {
            read(body, arena);
            ADD_FAILURE() << "accepted " << body;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::corrupted) << body;
        }
    }
}

}  // namespace
}  // namespace dynamigrate::dynamodb
