#include "../foreign_history.hpp"
#include "../history_layout.hpp"
#include "fixtures.hpp"

#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <gtest/gtest.h>

#include <algorithm>

namespace dynamigrate::migrate {
namespace {

using dynamodb::AttributeType;
using dynamodb::KeySchema;
using testing::error_of;

constexpr std::string_view kStarted = "2024-01-15T12:00:00.000Z";
constexpr std::string_view kFinished = "2024-01-15T12:00:05.123Z";
constexpr std::string_view kFinishedMs = "1705320005123";

ForeignItems items_of(const HistoryLayout& layout, const std::vector<std::string>& texts,
                      const std::optional<KeySchema>& key = {}) {
    ForeignItems items;
    items.table = "app";
    items.exists = true;
    items.key = key.value_or(layout.own_key());
    for (const std::string& text : texts) {
        base::Arena arena;
        items.items.emplace_back(dynamodb::parse_item(text, arena));
    }
    return items;
}

HistoryRow row_in(Status status, const std::string& id = "0.0.1") {
    HistoryRow row;
    row.id = id;
    row.run = "r1";
    row.status = status;
    row.action = status == Status::rolled_back || status == Status::rolling_back ? "down" : "up";
    row.description = "First";
    row.path = "migrations/" + id + ".yaml";
    row.by = "ann@host";
    row.table = "shop";
    row.started_at = kStarted;
    bool runs = status == Status::running || status == Status::rolling_back;
    row.finished_at = runs ? "" : kFinished;
    row.error = status == Status::failed ? "it broke" : "";
    return row;
}

/// "put {key} {attributes}" or "erase {key}", with sorted names.
std::vector<std::string> changes_of(const HistoryLayout& layout, const HistoryRow& row,
                                    const ForeignItems& items) {
    std::vector<std::string> texts;
    if (!layout.tells(row)) {
        return texts;
    }
    base::Arena arena;
    for (const ForeignChange& change : layout.changes(row, items, arena)) {
        std::string text = change.erases ? "erase " : "set ";
        text += dynamodb::to_wire_json(change.key);
        if (!change.erases) {
            text += " " + dynamodb::to_wire_json(change.set);
        }
        for (const std::string& name : change.remove) {
            text += " -" + name;
        }
        texts.push_back(change.table + " " + text);
    }
    return texts;
}

std::string told(const ForeignRow& row) {
    std::string text = row.id + " " + std::string(to_string(row.status)) + " " + row.date;
    return row.error.empty() ? text : text + " (" + row.error + ")";
}

std::vector<std::string> told(const HistoryLayout& layout, const ForeignItems& items) {
    std::vector<std::string> texts;
    for (const ForeignRow& row : layout.rows(items)) {
        texts.push_back(told(row));
    }
    return texts;
}

using Texts = std::vector<std::string>;

// As dynamodb-onetable 2.7.7 and onetable-migrate 1.2.1 write them, with keys id and rg.
const KeySchema kIdRg{{"id", AttributeType::string},
                      dynamodb::KeyAttribute{"rg", AttributeType::string}};
const std::string kCurrent =
    R"({"id":{"S":"_migration"},"date":{"N":"1705320005123"},"description":{"S":"First"},)"
    R"("path":{"S":"memory"},"version":{"S":"0.0.1"},"status":{"S":"success"},)"
    R"("rg":{"S":"_migration:0.0.1:1705320005123"},"_type":{"S":"_Migration"}})";
const std::string kFailed =
    R"({"id":{"S":"_migration"},"date":{"N":"1705320006000"},"description":{"S":"m"},)"
    R"("path":{"S":"memory"},"version":{"S":"0.0.9"},"status":{"S":"boom"},)"
    R"("rg":{"S":"_migration:0.0.9:1705320006000"},"_type":{"S":"_Migration"}})";
const std::string kIso =
    R"({"id":{"S":"_migration"},"date":{"S":"2024-01-15T12:00:05.123Z"},"description":{"S":"m"},)"
    R"("path":{"S":"memory"},"version":{"S":"0.0.1"},"status":{"S":"success"},)"
    R"("rg":{"S":"_migration:0.0.1:2024-01-15T12:00:05.123Z"},"_type":{"S":"_Migration"}})";
const std::string kMiddle =
    R"({"id":{"S":"_migration"},"date":{"N":"1705320005123"},"description":{"S":"m"},)"
    R"("path":{"S":"memory"},"version":{"S":"0.0.1"},"rg":{"S":"_migration:0.0.1"},)"
    R"("_type":{"S":"_Migration"}})";
const std::string kFirst =
    R"({"pk":{"S":"_migrations:"},"sk":{"S":"_migrations:0.0.1"},"date":{"N":"1705320005123"},)"
    R"("description":{"S":"m"},"path":{"S":"/m/0.0.1.js"},"version":{"S":"0.0.1"},)"
    R"("_type":{"S":"_Migration"}})";
const std::string kSchemaIso = R"({"id":{"S":"_schema"},"rg":{"S":"_schema:Current"},)"
                               R"("params":{"M":{"isoDates":{"BOOL":true}}}})";

TEST(OneTableLayout, ReadsItsThreeGenerations) {
    auto layout = make_onetable_layout();
    EXPECT_EQ(told(*layout, items_of(*layout, {kCurrent, kFailed}, kIdRg)),
              (Texts{"0.0.1 applied 2024-01-15T12:00:05.123Z",
                     "0.0.9 failed 2024-01-15T12:00:06.000Z (boom)"}));
    EXPECT_EQ(told(*layout, items_of(*layout, {kMiddle}, kIdRg)),
              Texts{"0.0.1 applied 2024-01-15T12:00:05.123Z"});
    EXPECT_EQ(told(*layout, items_of(*layout, {kFirst})),
              Texts{"0.0.1 applied 2024-01-15T12:00:05.123Z"});
    EXPECT_EQ(told(*layout, items_of(*layout, {kIso}, kIdRg)),
              Texts{"0.0.1 applied 2024-01-15T12:00:05.123Z"});
    EXPECT_EQ(told(*layout, items_of(*layout, {kSchemaIso}, kIdRg)), Texts{});
}

TEST(OneTableLayout, WritesTheCurrentGenerationUnderTheRealKeyNames) {
    auto layout = make_onetable_layout();
    HistoryRow row = row_in(Status::applied);
    row.path = "";
    base::Arena arena;
    const ForeignItems items = items_of(*layout, {}, kIdRg);
    auto changes = layout->changes(row, items, arena);
    ASSERT_EQ(changes.size(), 1u);
    dynamodb::ItemBuilder written(arena);
    for (const dynamodb::Item& part : {changes[0].key, changes[0].set}) {
        for (const dynamodb::Attribute& attribute : part) {
            written.set(attribute.name, attribute.value);
        }
    }
    EXPECT_EQ(written.build(), dynamodb::parse_item(kCurrent, arena));
}

TEST(OneTableLayout, KeepsDatesAsTheTableDoes) {
    auto layout = make_onetable_layout();
    std::string iso = R"("_migration:0.0.1:2024-01-15T12:00:05.123Z")";
    for (const std::string& seen : {kSchemaIso, kIso}) {
        Texts changes =
            changes_of(*layout, row_in(Status::applied), items_of(*layout, {seen}, kIdRg));
        ASSERT_EQ(changes.size(), 1u);
        EXPECT_NE(changes[0].find(iso), std::string::npos) << changes[0];
    }
    EXPECT_EQ(layout->more_partitions(items_of(*layout, {}, kIdRg)), Texts{"_schema"});
    EXPECT_EQ(layout->more_partitions(items_of(*layout, {kIso}, kIdRg)), Texts{});
}

TEST(OneTableLayout, RecordsAFailureByItsMessageAndNothingOfWhatRuns) {
    auto layout = make_onetable_layout();
    ForeignItems items = items_of(*layout, {}, kIdRg);
    Texts changes = changes_of(*layout, row_in(Status::failed), items);
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_NE(changes[0].find(R"("status":{"S":"it broke"})"), std::string::npos) << changes[0];
    EXPECT_EQ(changes_of(*layout, row_in(Status::running), items), Texts{});
    EXPECT_EQ(changes_of(*layout, row_in(Status::rolling_back), items), Texts{});
    HistoryRow failed_down = row_in(Status::failed);
    failed_down.action = "down";
    EXPECT_EQ(changes_of(*layout, failed_down, items), Texts{});
}

TEST(OneTableLayout, ErasesEveryRowOfWhatIsRolledBackAndNoOther) {
    auto layout = make_onetable_layout();
    EXPECT_EQ(changes_of(*layout, row_in(Status::rolled_back),
                         items_of(*layout, {kCurrent, kMiddle, kFailed}, kIdRg)),
              (Texts{R"(app erase {"id":{"S":"_migration"},"rg":{"S":"_migration:0.0.1:)" +
                         std::string(kFinishedMs) + R"("}})",
                     R"(app erase {"id":{"S":"_migration"},"rg":{"S":"_migration:0.0.1"}})"}));
}

TEST(OneTableLayout, WritesOneItemWhereTheTableHasNoSortKey) {
    auto layout = make_onetable_layout();
    KeySchema hash_only{{"id", AttributeType::string}, std::nullopt};
    Texts changes = changes_of(*layout, row_in(Status::applied), items_of(*layout, {}, hash_only));
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_TRUE(changes[0].starts_with(R"(app set {"id":{"S":"_migration"}} )")) << changes[0];
    EXPECT_FALSE(layout->tells_absence(hash_only));
    EXPECT_TRUE(layout->tells_absence(kIdRg));
}

TEST(DriftLayout, HasAnItemForEachAppliedMigration) {
    auto layout = make_drift_layout();
    ForeignItems items = items_of(
        *layout,
        {R"({"Number":{"N":"7"},"TableName":{"S":"shop"},"Description":{"S":"Seventh"}})"});
    EXPECT_EQ(told(*layout, items), Texts{"7 applied "});
    EXPECT_EQ(layout->rows(items)[0].description, "Seventh");
    EXPECT_EQ(changes_of(*layout, row_in(Status::applied, "008"), items),
              Texts{R"(app set {"Number":{"N":"8"}} )"
                    R"({"TableName":{"S":"shop"},"Description":{"S":"First"}})"});
    EXPECT_EQ(changes_of(*layout, row_in(Status::rolled_back, "7"), items),
              Texts{R"(app erase {"Number":{"N":"7"}})"});
    for (Status status : {Status::running, Status::failed, Status::rolling_back}) {
        EXPECT_EQ(changes_of(*layout, row_in(status, "8"), items), Texts{});
    }
}

TEST(DriftLayout, HasNoRoomForNamesAndRefusesVersionsThatAreNoNumbers) {
    auto layout = make_drift_layout();
    EXPECT_FALSE(layout->keeps("cleanup"));
    EXPECT_EQ(changes_of(*layout, row_in(Status::applied, "cleanup"), items_of(*layout, {})),
              Texts{});
    auto error = error_of([&] { layout->tells(row_in(Status::running, "1.2.0")); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_NE(std::string(error.what()).find("1.2.0"), std::string::npos);
}

const std::string kStored =
    R"({"PK":{"S":"MIGRATION#HISTORY"},"SK":{"S":"20240101_first"},"id":{"S":"20240101_first"},)"
    R"("version":{"N":"20240101000000"},"description":{"S":"First"},)"
    R"("appliedAt":{"S":"2024-01-15T12:00:05.123456789Z"},"appliedBy":{"S":"local"},)"
    R"("checksum":{"S":"abc"},"status":{"S":"applied"},"error":{"S":""}})";
const std::string kWritten =
    R"({"PK":{"S":"MIGRATION#HISTORY"},"SK":{"S":"20240102_second"},)"
    R"("id":{"S":"20240102_second"},"version":{"N":"20240102000000"},)"
    R"("applied_at":{"S":"2024-01-15T13:00:05+01:00"},"applied_by":{"S":"fn"},)"
    R"("status":{"S":"rollback_failed"},"error":{"S":"no"}})";

TEST(DynamOrmLayout, ReadsBothSpellingsAndEveryStatus) {
    auto layout = make_dynamorm_layout();
    ForeignItems items = items_of(*layout, {kStored, kWritten});
    EXPECT_EQ(told(*layout, items), (Texts{"20240101000000 applied 2024-01-15T12:00:05.123Z",
                                           "20240102000000 failed 2024-01-15T12:00:05.000Z (no)"}));
    EXPECT_EQ(layout->rows(items)[0].by, "local");
    EXPECT_EQ(layout->rows(items)[1].by, "fn");
    auto status_of = [&](const std::string& word) {
        return layout
            ->rows(items_of(*layout, {R"({"PK":{"S":"MIGRATION#HISTORY"},"SK":{"S":"x"},)"
                                      R"("status":{"S":")" +
                                      word + R"("}})"}))[0]
            .status;
    };
    EXPECT_EQ(status_of("in_progress"), Status::running);
    EXPECT_EQ(status_of("rolling_back"), Status::rolling_back);
    EXPECT_EQ(status_of("rolled_back"), Status::rolled_back);
    EXPECT_EQ(status_of("failed"), Status::failed);
}

TEST(DynamOrmLayout, WritesWhatThePackageStores) {
    auto layout = make_dynamorm_layout();
    HistoryRow row = row_in(Status::applied, "20240115120000");
    row.path = "migrations/20240115120000_add-index.yaml";
    std::string id = "20240115_add_index";
    EXPECT_EQ(changes_of(*layout, row, items_of(*layout, {})),
              Texts{R"(app set {"PK":{"S":"MIGRATION#HISTORY"},"SK":{"S":"20240115_add_index"}} )"
                    R"({"id":{"S":"20240115_add_index"},"version":{"N":"20240115120000"},)"
                    R"("description":{"S":"First"},"appliedAt":{"S":"2024-01-15T12:00:05.123Z"},)"
                    R"("appliedBy":{"S":"ann@host"},"status":{"S":"applied"},"checksum":{"S":")" +
                    base::sha256_hex(id + "20240115120000" + "First") + R"("},"error":{"S":""}})"});
}

TEST(DynamOrmLayout, WritesOverTheRowOfTheVersionInItsSpelling) {
    auto layout = make_dynamorm_layout();
    Texts changes = changes_of(*layout, row_in(Status::rolling_back, "20240102000000"),
                               items_of(*layout, {kWritten}));
    ASSERT_EQ(changes.size(), 1u);
    EXPECT_NE(changes[0].find(R"("SK":{"S":"20240102_second"})"), std::string::npos);
    EXPECT_NE(changes[0].find(R"("applied_at":{"S":"2024-01-15T12:00:00.000Z"})"),
              std::string::npos);
    EXPECT_NE(changes[0].find(R"("status":{"S":"rolling_back"})"), std::string::npos);
}

TEST(DynamOrmLayout, KeepsTheStatusRowTrueAfterARollbackToo) {
    auto layout = make_dynamorm_layout();
    ForeignItems items = items_of(*layout, {kStored});
    items.has_status_table = true;
    HistoryRow row = row_in(Status::applied, "20240115120000");
    Texts up = changes_of(*layout, row, items);
    ASSERT_EQ(up.size(), 2u);
    EXPECT_EQ(up[1],
              R"(MigrationStatuses set {"PK":{"S":"MIGRATION#STATUS"},"SK":{"S":"CURRENT"}} )"
              R"({"lastMigrationID":{"S":"20240115_first"},"lastVersion":{"N":"20240115120000"},)"
              R"("updatedAt":{"S":"2024-01-15T12:00:05.123Z"}})");
    Texts down = changes_of(*layout, row_in(Status::rolled_back, "20240101000000"), items);
    ASSERT_EQ(down.size(), 2u);
    EXPECT_NE(down[1].find(R"("lastMigrationID":{"S":""},"lastVersion":{"N":"0"})"),
              std::string::npos)
        << down[1];
}

TEST(DynamOrmLayout, RefusesVersionsThatAreNoNumbers) {
    auto layout = make_dynamorm_layout();
    auto error = error_of([&] { layout->tells(row_in(Status::running, "1.2.0")); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
}

const std::string kSucceeded = R"({"id":{"S":"20220801-add-attribute"},"status":{"S":"SUCCEEDED"},)"
                               R"("startedAt":{"S":"2022-08-01T10:00:00.000Z"},)"
                               R"("executionArn":{"S":"arn:aws:states:eu-west-1:1:execution:m:1"},)"
                               R"("endedAt":{"S":"2022-08-01T10:01:00.000Z"}})";

TEST(FunctionlessLayout, ReadsAnExecutionsStatusAndNeverTakesAFailureForDone) {
    auto layout = make_functionless_layout();
    auto with = [&](const std::string& word) {
        std::string text = kSucceeded;
        text.replace(text.find("SUCCEEDED"), 9, word);
        return layout->rows(items_of(*layout, {text}))[0].status;
    };
    EXPECT_EQ(told(*layout, items_of(*layout, {kSucceeded})),
              Texts{"20220801 applied 2022-08-01T10:00:00.000Z"});
    EXPECT_EQ(with("RUNNING"), Status::running);
    for (const char* word : {"FAILED", "TIMED_OUT", "ABORTED"}) {
        EXPECT_EQ(with(word), Status::failed);
    }
}

TEST(FunctionlessLayout, NamesByTheWholeFileWhereTwoHaveOneNumber) {
    auto layout = make_functionless_layout();
    ForeignItems items =
        items_of(*layout, {R"({"id":{"S":"20220801-a"},"status":{"S":"SUCCEEDED"}})",
                           R"({"id":{"S":"20220801-b"},"status":{"S":"SUCCEEDED"}})"});
    EXPECT_EQ(told(*layout, items), (Texts{"20220801-a applied ", "20220801-b applied "}));
}

TEST(FunctionlessLayout, WritesExecutionsAndKeepsTheArnThatIsThere) {
    auto layout = make_functionless_layout();
    HistoryRow row = row_in(Status::running, "20240115");
    row.path = "migrations/20240115-rename.yaml";
    EXPECT_EQ(changes_of(*layout, row, items_of(*layout, {})),
              Texts{R"(app set {"id":{"S":"20240115-rename"}} {"status":{"S":"RUNNING"},)"
                    R"("startedAt":{"S":"2024-01-15T12:00:00.000Z"},)"
                    R"("executionArn":{"S":"dynamigrate:r1"}} -endedAt)"});
    EXPECT_EQ(
        changes_of(*layout, row_in(Status::applied, "20220801"), items_of(*layout, {kSucceeded})),
        Texts{R"(app set {"id":{"S":"20220801-add-attribute"}} {"status":{"S":"SUCCEEDED"},)"
              R"("startedAt":{"S":"2024-01-15T12:00:00.000Z"},)"
              R"("endedAt":{"S":"2024-01-15T12:00:05.123Z"}})"});
    EXPECT_EQ(changes_of(*layout, row_in(Status::rolled_back, "20220801"),
                         items_of(*layout, {kSucceeded})),
              Texts{R"(app erase {"id":{"S":"20220801-add-attribute"}})"});
    EXPECT_EQ(changes_of(*layout, row_in(Status::rolling_back, "20220801"),
                         items_of(*layout, {kSucceeded})),
              Texts{});
}

TEST(HistoryLayout, ReadsBackWhatItWrote) {
    struct Case {
        std::string layout, id;
    };
    for (const Case& one : {Case{"onetable", "0.0.1"}, Case{"drift", "7"},
                            Case{"dynamorm", "20240115120000"}, Case{"functionless", "20240115"}}) {
        auto layout = make_layout(one.layout);
        base::Arena arena;
        ForeignItems items = items_of(*layout, {});
        HistoryRow row = row_in(Status::applied, one.id);
        for (const ForeignChange& change : layout->changes(row, items, arena)) {
            dynamodb::ItemBuilder item(arena);
            for (const dynamodb::Item& part : {change.key, change.set}) {
                for (const dynamodb::Attribute& attribute : part) {
                    item.set(attribute.name, attribute.value);
                }
            }
            items.items.emplace_back(item.build());
        }
        std::vector<ForeignRow> rows = layout->rows(items);
        ASSERT_EQ(rows.size(), 1u) << one.layout;
        EXPECT_EQ(rows[0].id, one.id);
        EXPECT_EQ(rows[0].status, Status::applied);
        bool keeps_time = !rows[0].date.empty();
        EXPECT_EQ(keeps_time, one.layout != "drift");
        EXPECT_TRUE(!keeps_time || rows[0].date == kFinished || rows[0].date == kStarted);
    }
}

TEST(HistoryLayout, SaysWhichKeysItCanHave) {
    auto fitting = [](const KeySchema& key) {
        std::string names;
        for (const char* name : {"onetable", "drift", "dynamorm", "functionless"}) {
            names += make_layout(name)->fits(key) ? std::string(name) + " " : "";
        }
        return names;
    };
    EXPECT_EQ(fitting(kIdRg), "onetable dynamorm ");
    EXPECT_EQ(fitting({{"id", AttributeType::string}, std::nullopt}), "onetable functionless ");
    EXPECT_EQ(fitting({{"Number", AttributeType::number}, std::nullopt}), "drift ");
    EXPECT_EQ(fitting({{"id", AttributeType::number}, std::nullopt}), "");
    KeySchema numbered = kIdRg;
    numbered.sort->type = AttributeType::number;
    EXPECT_EQ(fitting(numbered), "");
}

TEST(HistoryLayout, RefusesAnUnknownName) {
    EXPECT_EQ(make_layout("native"), nullptr);
    EXPECT_EQ(error_of([] { make_layout("flyway"); }).kind(), base::ErrorKind::invalid_argument);
}

TEST(HistoryLayout, NormalisesTimes) {
    EXPECT_EQ(normal_time("2024-01-15T12:00:05.123456789Z"), kFinished);
    EXPECT_EQ(normal_time("2024-01-15T14:00:05.123+02:00"), kFinished);
    EXPECT_EQ(normal_time("yesterday"), "");
}

}  // namespace
}  // namespace dynamigrate::migrate
