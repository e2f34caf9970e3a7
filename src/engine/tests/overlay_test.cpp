#include "overlay_fixture.hpp"

#include "../overlay_base.hpp"
#include "../overlay_images.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <set>

namespace dynamigrate::engine {
namespace {

std::string item(const std::string& pk, int sk, const std::string& more = "") {
    return R"({"pk":{"S":")" + pk + R"("},"sk":{"N":")" + std::to_string(sk) + R"("})" + more + "}";
}

std::string key(const std::string& pk, int sk) { return item(pk, sk); }

using Overlay = OverlayFixture;

TEST_F(Overlay, ReadsTheBaseUntilAnItemIsPutHere) {
    seed(item("a", 1, R"(,"v":{"S":"base"})"));
    EXPECT_EQ(get(key("a", 1)), R"({"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"base"}}})");
    put(item("a", 1, R"(,"v":{"S":"here"})"));
    EXPECT_EQ(get(key("a", 1)), R"({"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"here"}}})");
    EXPECT_EQ(
        normal(answer(*base, "GetItem", R"({"TableName":"items","Key":)" + key("a", 1) + "}")),
        R"({"Item":{"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"base"}}})");
}

TEST_F(Overlay, HidesWhatWasDeletedHere) {
    seed(item("a", 1));
    remove(key("a", 1));
    EXPECT_EQ(get(key("a", 1)), "{}");
    EXPECT_TRUE(all_pages(*overlay, "Scan", "").empty());
    put(item("a", 1, R"(,"v":{"S":"again"})"));
    EXPECT_EQ(all_pages(*overlay, "Scan", ""),
              std::vector<std::string>{R"({"pk":{"S":"a"},"sk":{"N":"1"},"v":{"S":"again"}})"});
}

TEST_F(Overlay, UpdatesTheBasesItem) {
    seed(item("a", 1, R"(,"c":{"N":"5"})"));
    EXPECT_EQ(
        normal(ask("UpdateItem", R"({"TableName":"items","ReturnValues":"UPDATED_NEW","Key":)" +
                                     key("a", 1) +
                                     R"(,"UpdateExpression":"ADD c :o",)"
                                     R"("ExpressionAttributeValues":{":o":{"N":"1"}}})")),
        R"({"Attributes":{"c":{"N":"6"}}})");
}

TEST_F(Overlay, GivesItemsOfItsOwnBehindTheBasesOfTheSegment) {
    seed(item("a", 1));
    seed(item("b", 1));
    put(item("c", 1));
    std::vector<std::string> items = all_pages(*overlay, "Scan", "");
    ASSERT_EQ(items.size(), 3U);
    EXPECT_EQ(items.back(), item("c", 1));
    std::multiset<std::string> found;
    for (int segment = 0; segment < 5; ++segment) {
        for (std::string& one :
             all_pages(*overlay, "Scan",
                       R"(,"TotalSegments":5,"Limit":1,"Segment":)" + std::to_string(segment))) {
            found.insert(std::move(one));
        }
    }
    EXPECT_EQ(found, (std::multiset<std::string>{item("a", 1), item("b", 1), item("c", 1)}));
}

TEST_F(Overlay, GoesOnBehindKeysThatHaveChangedMeanwhile) {
    for (int i = 0; i < 6; ++i) {
        seed(item("a", i));
    }
    auto page = [&](const std::string& start) {
        json::Value answer = parse(ask("Scan", R"({"TableName":"items","Limit":2)" + start + "}"));
        return json::to_json(*answer.find("LastEvaluatedKey"));
    };
    std::string second = page("");
    ASSERT_EQ(second, key("a", 1));
    remove(key("a", 1));
    std::string fourth = page(",\"ExclusiveStartKey\":" + second);
    ASSERT_EQ(fourth, key("a", 3));
    put(item("a", 3, R"(,"v":{"S":"here"})"));
    EXPECT_EQ(all_pages(*overlay, "Scan", ",\"ExclusiveStartKey\":" + fourth),
              (std::vector<std::string>{item("a", 4), item("a", 5)}));
    put(item("z", 1));
    put(item("z", 2));
    remove(key("z", 1));
    EXPECT_EQ(all_pages(*overlay, "Scan", ",\"ExclusiveStartKey\":" + key("z", 1)),
              (std::vector<std::string>{item("z", 2)}));
}

TEST_F(Overlay, MergesAQueryInTheOrderOfTheSortKey) {
    for (int i : {1, 3, 5}) {
        seed(item("a", i));
    }
    put(item("a", 2));
    put(item("a", 6));
    remove(key("a", 3));
    const std::string condition =
        R"(,"KeyConditionExpression":"pk = :p","ExpressionAttributeValues":{":p":{"S":"a"}})";
    std::vector<std::string> rising{item("a", 1), item("a", 2), item("a", 5), item("a", 6)};
    EXPECT_EQ(all_pages(*overlay, "Query", condition), rising);
    EXPECT_EQ(all_pages(*overlay, "Query", condition + ",\"Limit\":1"), rising);
    std::reverse(rising.begin(), rising.end());
    EXPECT_EQ(all_pages(*overlay, "Query", condition + R"(,"Limit":1,"ScanIndexForward":false)"),
              rising);
}

std::string in_index(const std::string& pk, int sk, int n, const std::string& g = "x") {
    return item(pk, sk, R"(,"g":{"S":")" + g + R"("},"n":{"N":")" + std::to_string(n) + R"("})");
}

std::vector<std::string> by_index(dynamodb::Service& service, const std::string& index,
                                  const std::string& more = "") {
    return all_pages(service, "Query",
                     R"(,"IndexName":")" + index +
                         R"(","KeyConditionExpression":"g = :g",)"
                         R"("ExpressionAttributeValues":{":g":{"S":"x"}})" +
                         more);
}

TEST_F(Overlay, MovesEntriesOfTheBasesIndexes) {
    seed(in_index("a", 1, 10));
    seed(in_index("a", 2, 20));
    seed(in_index("a", 3, 30));
    put(in_index("a", 1, 25));
    put(in_index("a", 3, 30, "elsewhere"));
    put(in_index("b", 1, 5));
    std::vector<std::string> wanted;
    for (const std::string& one :
         {in_index("b", 1, 5), in_index("a", 2, 20), in_index("a", 1, 25)}) {
        wanted.push_back(normal(one));
    }
    EXPECT_EQ(by_index(*overlay, "by_g_n"), wanted);
    EXPECT_EQ(by_index(*overlay, "by_g_n", ",\"Limit\":1"), wanted);
    EXPECT_EQ(by_index(*overlay, "by_g").size(), 3U);
    EXPECT_EQ(all_pages(*overlay, "Scan", R"(,"IndexName":"by_g_n","Limit":1)").size(), 4U);
}

/// The way of a backfill that is driven by an index: each page's items are changed before the next
/// page is asked for.
TEST_F(Overlay, QueriesAnIndexWhoseEntriesChangePageByPage) {
    for (int i = 0; i < 9; ++i) {
        seed(in_index("a", i, i / 3));
    }
    for (const std::string index : {"by_g", "by_g_n"}) {
        for (const std::string direction : {"", R"(,"ScanIndexForward":false)"}) {
            std::set<std::string> seen;
            std::string start;
            int pages = 0;
            do {
                json::Value page =
                    parse(ask("Query", R"({"TableName":"items","Limit":2,"IndexName":")" + index +
                                           R"(","KeyConditionExpression":"g = :g",)"
                                           R"("ExpressionAttributeValues":{":g":{"S":"x"}})" +
                                           direction + start + "}"));
                for (const json::Value& one : page.find("Items")->elements()) {
                    std::string sk = one.find("sk")->find("N")->text();
                    EXPECT_TRUE(seen.insert(sk).second) << sk;
                    put(in_index("a", std::stoi(sk), std::stoi(sk) / 3));
                }
                const json::Value* last = page.find("LastEvaluatedKey");
                start = last == nullptr ? "" : ",\"ExclusiveStartKey\":" + json::to_json(*last);
                ASSERT_LT(++pages, 20);
            } while (!start.empty());
            EXPECT_EQ(seen.size(), 9U) << index << direction;
        }
    }
}

TEST_F(Overlay, CountsMergedItemsForLimit) {
    for (int i = 0; i < 4; ++i) {
        seed(item("a", i));
    }
    remove(key("a", 0));
    json::Value page = parse(ask("Scan", R"({"TableName":"items","Limit":2})"));
    ASSERT_EQ(page.find("Items")->elements().size(), 2U);
    EXPECT_EQ(json::to_json(*page.find("LastEvaluatedKey")), key("a", 2));
}

TEST_F(Overlay, EndsAPageWhereTheBasesEndsSoThatNothingIsReadTwice) {
    const std::string big(100'000, 'x');
    for (int i = 0; i < 30; ++i) {
        seed(item("a", i, R"(,"v":{"S":")" + big + R"("})"));
    }
    EXPECT_EQ(all_pages(guarded, "Scan", "").size(), 30U);
    int pages = guarded.count("Scan");
    for (int i = 0; i < 30; ++i) {
        put(item("a", i, R"(,"v":{"S":"small"})"));
    }
    guarded.forget();
    EXPECT_EQ(all_pages(*overlay, "Scan", "").size(), 30U);
    EXPECT_EQ(guarded.count("Scan"), pages);
}

TEST_F(Overlay, WritesWhatWasJustReadWithoutASecondRead) {
    for (int i = 0; i < 20; ++i) {
        seed(item("a", i));
    }
    all_pages(*overlay, "Scan", "");
    guarded.forget();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(ask("UpdateItem", R"({"TableName":"items","Key":)" + key("a", i) +
                                        R"(,"UpdateExpression":"SET v = :v","ConditionExpression":)"
                                        R"~("attribute_exists(pk) AND attribute_not_exists(v)",)~"
                                        R"("ExpressionAttributeValues":{":v":{"S":"new"}}})"),
                  "{}");
    }
    EXPECT_EQ(guarded.count("GetItem") + guarded.count("BatchGetItem"), 0);
}

TEST_F(Overlay, FetchesTheItemsOfABatchTogether) {
    for (int i = 0; i < 5; ++i) {
        seed(item("a", i));
    }
    std::string keys, puts;
    for (int i = 0; i < 10; ++i) {
        keys += (i == 0 ? "" : ",") + key("a", i);
        puts += (i == 0 ? R"({"PutRequest":{"Item":)" : R"(,{"PutRequest":{"Item":)") +
                item("b", i) + "}}";
    }
    json::Value got =
        parse(ask("BatchGetItem", R"({"RequestItems":{"items":{"Keys":[)" + keys + "]}}}"));
    EXPECT_EQ(got.find("Responses")->find("items")->elements().size(), 5U);
    EXPECT_EQ(guarded.count("BatchGetItem"), 1);
    ask("BatchWriteItem", R"({"RequestItems":{"items":[)" + puts + "]}}");
    EXPECT_EQ(guarded.count("BatchGetItem"), 2);
    EXPECT_EQ(guarded.count("GetItem"), 0);
}

TEST_F(Overlay, BuildsAnIndexOfItsOwnFromTheBaseAndItsChanges) {
    for (int i = 0; i < 4; ++i) {
        seed(item("a", i, R"(,"m":{"S":"x"})"));
    }
    put(item("a", 0, R"(,"m":{"S":"y"})"));
    put(item("b", 0, R"(,"m":{"S":"x"})"));
    remove(key("a", 1));
    ask("UpdateTable", R"({"TableName":"items","AttributeDefinitions":[
        {"AttributeName":"m","AttributeType":"S"}],"GlobalSecondaryIndexUpdates":[{"Create":{
        "IndexName":"by_m","Projection":{"ProjectionType":"KEYS_ONLY"},
        "KeySchema":[{"AttributeName":"m","KeyType":"HASH"}]}}]})");
    std::string description;
    for (int i = 0; i < 100 && description.find(R"("IndexName":"by_m","IndexStatus":"ACTIVE")") ==
                                   std::string::npos;
         ++i) {
        json::Value table = parse(ask("DescribeTable", R"({"TableName":"items"})"));
        for (const json::Value& index :
             table.find("Table")->find("GlobalSecondaryIndexes")->elements()) {
            description += R"("IndexName":")" + index.find("IndexName")->text() +
                           R"(","IndexStatus":")" + index.find("IndexStatus")->text() + "\"";
        }
    }
    EXPECT_EQ(all_pages(*overlay, "Query",
                        R"(,"IndexName":"by_m","KeyConditionExpression":"m = :m",)"
                        R"("ExpressionAttributeValues":{":m":{"S":"x"}})")
                  .size(),
              3U);
}

TEST_F(Overlay, TellsWhyAnIndexCouldNotBeBuilt) {
    struct NoScans final : dynamodb::Service {
        explicit NoScans(dynamodb::Service& the_inner) : inner(the_inner) {}
        void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
            if (call.operation == "Scan") {
                throw base::Error(base::ErrorKind::permission_denied, "not allowed to Scan")
                    .service_code("AccessDeniedException");
            }
            inner.call(call, reply);
        }
        std::string location() const override { return inner.location(); }
        dynamodb::Service& inner;
    } strict(guarded);
    seed(item("a", 1));
    overlay = Engine::over(strict, {.engine = {.clock = &clock, .random = &random},
                                    .spill_directory = directory.path() / "strict",
                                    .stop = {},
                                    .on_change = {},
                                    .on_build = {}});
    ask("UpdateTable", R"({"TableName":"items","AttributeDefinitions":[
        {"AttributeName":"m","AttributeType":"S"}],"GlobalSecondaryIndexUpdates":[{"Create":{
        "IndexName":"by_m","Projection":{"ProjectionType":"KEYS_ONLY"},
        "KeySchema":[{"AttributeName":"m","KeyType":"HASH"}]}}]})");
    std::string told;
    for (int i = 0; i < 100 && told.find("by_m could not be built") == std::string::npos; ++i) {
        told = ask("DescribeTable", R"({"TableName":"items"})");
    }
    EXPECT_EQ(told, "index by_m could not be built from the table's items: not allowed to Scan");
    overlay.reset();
}

TEST_F(Overlay, TellsWhatChangesAndWhatItCosts) {
    std::vector<std::string> told;
    overlay = Engine::over(
        guarded, {.engine = {.clock = &clock, .random = &random},
                  .spill_directory = directory.path() / "other",
                  .stop = {},
                  .on_change =
                      [&](const OverlayChange& change) {
                          told.push_back(fmt::format(
                              "{} {} {} {} {} {}", change.table, change.key.text("sk"),
                              change.before == nullptr ? "none" : change.before->text("n"),
                              change.after == nullptr ? "none" : change.after->text("n"),
                              change.table_units, change.index_units));
                      },
                  .on_build = {}});
    seed(in_index("a", 1, 10));
    put(in_index("a", 1, 11));
    put(in_index("a", 2, 20));
    remove(key("a", 1));
    EXPECT_EQ(told, (std::vector<std::string>{"items 1 10 11 1 4", "items 2 none 20 1 3",
                                              "items 1 11 none 1 3"}));
}

TEST_F(Overlay, KeepsTablesThatAreMadeAndDeletedHere) {
    seed(item("a", 1));
    EXPECT_TRUE(ask("DeleteTable", R"({"TableName":"items"})").starts_with("{"));
    EXPECT_TRUE(ask("DescribeTable", R"({"TableName":"items"})").starts_with("ResourceNotFound"));
    EXPECT_EQ(ask("ListTables", "{}"), R"({"TableNames":[]})");
    EXPECT_TRUE(ask("CreateTable", kCreateTable).starts_with("{"));
    EXPECT_TRUE(all_pages(*overlay, "Scan", "").empty());
    put(item("a", 2));
    EXPECT_EQ(all_pages(*overlay, "Scan", "").size(), 1U);
    EXPECT_EQ(all_pages(*base, "Scan", ""), std::vector<std::string>{item("a", 1)});
}

TEST_F(Overlay, TellsCountsWithItsOwnChanges) {
    seed(item("a", 1));
    seed(item("a", 2));
    put(item("a", 3));
    put(item("a", 4));
    remove(key("a", 1));
    json::Value table = parse(ask("DescribeTable", R"({"TableName":"items"})"));
    EXPECT_EQ(table.find("Table")->find("ItemCount")->text(), "3");
}

TEST_F(Overlay, KeepsTheTimeToLiveToItself) {
    std::string asked = R"({"TableName":"items"})";
    EXPECT_TRUE(ask("UpdateTimeToLive",
                    R"({"TableName":"items","TimeToLiveSpecification":{"Enabled":true,)"
                    R"("AttributeName":"until"}})")
                    .starts_with("{"));
    EXPECT_NE(ask("DescribeTimeToLive", asked).find("until"), std::string::npos);
    EXPECT_EQ(answer(*base, "DescribeTimeToLive", asked).find("until"), std::string::npos);
}

TEST_F(Overlay, KeepsRecoveryTagsAndBackupsToItself) {
    std::string arn = parse(ask("DescribeTable", R"({"TableName":"items"})"))
                          .find("Table")
                          ->find("TableArn")
                          ->text();
    std::string of_arn = R"({"ResourceArn":")" + arn + R"("})";
    answer(*base, "TagResource",
           R"({"ResourceArn":")" + arn + R"(","Tags":[{"Key":"team","Value":"core"}]})");
    std::string wish = R"({"TableName":"items","PointInTimeRecoverySpecification":)"
                       R"({"PointInTimeRecoveryEnabled":true}})";
    std::string asked = R"({"TableName":"items"})";

    EXPECT_NE(ask("ListTagsOfResource", of_arn).find("core"), std::string::npos);
    ask("TagResource", R"({"ResourceArn":")" + arn + R"(","Tags":[{"Key":"a","Value":"b"}]})");
    EXPECT_NE(ask("ListTagsOfResource", of_arn).find(R"("Key":"a")"), std::string::npos);
    EXPECT_EQ(answer(*base, "ListTagsOfResource", of_arn).find(R"("Key":"a")"), std::string::npos);

    EXPECT_NE(ask("DescribeContinuousBackups", asked).find("DISABLED"), std::string::npos);
    EXPECT_NE(ask("UpdateContinuousBackups", wish).find(R"(Status":"ENABLED")"), std::string::npos);
    EXPECT_NE(answer(*base, "DescribeContinuousBackups", asked).find("DISABLED"),
              std::string::npos);

    json::Value made = parse(ask("CreateBackup", R"({"TableName":"items","BackupName":"bbb"})"));
    std::string backup = made.find("BackupDetails")->find("BackupArn")->text();
    EXPECT_NE(ask("DescribeBackup", R"({"BackupArn":")" + backup + R"("})").find("AVAILABLE"),
              std::string::npos);
    EXPECT_NE(ask("ListBackups", asked).find("bbb"), std::string::npos);
    EXPECT_EQ(answer(*base, "ListBackups", asked).find("bbb"), std::string::npos);
}

TEST_F(Overlay, RefusesByNameWhatItCannotTry) {
    EXPECT_EQ(ask("DeleteBackup", R"({"BackupArn":"b"})"),
              "DeleteBackup cannot be tried on an overlay");
    EXPECT_NE(ask("CreateGlobalTable", "{}").find("CreateGlobalTable"), std::string::npos);
}

TEST_F(Overlay, RemovesItsDirectory) {
    put(item("a", 1));
    EXPECT_TRUE(std::filesystem::exists(directory.path() / "spill"));
    overlay.reset();
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "spill"));
}

TEST(OverlayReadOnly, SendsNoWriteToTheBase) {
    struct Nothing final : dynamodb::Service {
        void call(const dynamodb::Call&, dynamodb::Reply&) override { ++calls; }
        std::string location() const override { return "nothing"; }
        int calls = 0;
    } nothing;
    ReadOnly guard(nothing);
    dynamodb::Reply reply;
    for (std::string_view write :
         {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems",
          "ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction", "CreateTable",
          "UpdateTable", "DeleteTable", "UpdateTimeToLive", "TagResource", "SomethingNew"}) {
        try {
            guard.call({.operation = write, .body = "{}"}, reply);
            ADD_FAILURE() << write;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::internal);
        }
    }
    EXPECT_EQ(nothing.calls, 0);
    guard.call({.operation = "Scan", .body = "{}"}, reply);
    EXPECT_EQ(nothing.calls, 1);
}

TEST(OverlayImages, KeepsWhatWasReadLatelyWithinItsBytesAndTime) {
    base::FakeClock clock;
    OverlayImages images(clock, 1000);
    StoredRow row;
    EXPECT_EQ(images.find("a", row), std::nullopt);
    images.keep("a", {"{}", base::ItemBytes{2}});
    images.keep("gone", {});
    EXPECT_EQ(images.find("a", row), std::optional(true));
    EXPECT_EQ(row.json, "{}");
    EXPECT_EQ(images.find("gone", row), std::optional(false));
    images.keep("big", {std::string(700, ' '), base::ItemBytes{700}});
    EXPECT_FALSE(images.has("a"));
    EXPECT_TRUE(images.has("big"));
    images.forget("big");
    EXPECT_FALSE(images.has("big"));
    images.keep("old", {"{}", base::ItemBytes{2}});
    clock.advance(OverlayImages::kMaxAge + std::chrono::seconds(1));
    EXPECT_FALSE(images.has("old"));
}

}  // namespace
}  // namespace dynamigrate::engine
