#include "../history.hpp"
#include "../history_merge.hpp"
#include "../lock.hpp"
#include "fixtures.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using testing::error_of;
using testing::fake_step;
using testing::Project;
using testing::simple;

using Ids = std::vector<std::string>;

const std::string kOneTableRow =
    R"({"pk":{"S":"_migration"},"sk":{"S":"_migration:0.0.1:1705320005123"},)"
    R"("date":{"N":"1705320005123"},"description":{"S":"First"},"path":{"S":"memory"},)"
    R"("version":{"S":"0.0.1"},"status":{"S":"success"},"_type":{"S":"_Migration"}})";
const std::string kOneTableKey =
    R"({"pk":{"S":"_migration"},"sk":{"S":"_migration:0.0.1:1705320005123"}})";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    for (std::size_t at = text.find(from); at != std::string::npos;
         at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
    return text;
}

/// With and without transactions.
struct ForeignCase : ::testing::TestWithParam<bool> {
    Project project{GetParam()};

    void use(const std::string& layout, const std::string& table = "") {
        project.settings.history_layout = layout;
        project.settings.layout_table = table;
        if (layout == "onetable") {
            project.memory.create_table(
                "app", {{"pk", dynamodb::AttributeType::string},
                        dynamodb::KeyAttribute{"sk", dynamodb::AttributeType::string}});
        }
    }
    Ids applied() {
        Ids ids;
        for (const HistoryRow& row : project.migrator().applied()) {
            ids.push_back(row.id);
        }
        return ids;
    }
    Ids outstanding() {
        Ids ids;
        Migrator migrator(project.registry, project.settings, project.world());
        for (const Migration* migration : migrator.outstanding()) {
            ids.push_back(migration->id());
        }
        return ids;
    }
    void down(const std::string& target) {
        Migrator migrator(project.registry, project.settings, project.world());
        migrator.run(migrator.plan_down(target), project.listener, {}, {});
    }
    std::string states() {
        std::string text;
        for (const HistoryRow& row : project.migrator().history()) {
            text += row.id + " " + row.action + " " + std::string(to_string(row.status)) + "; ";
        }
        return text;
    }
};

INSTANTIATE_TEST_SUITE_P(Transactions, ForeignCase, ::testing::Bool());

TEST_P(ForeignCase, ContinuesWhatAnotherToolBegan) {
    use("onetable");
    project.registry.add(simple("0.0.1"));
    project.registry.add(simple("0.0.2"));
    project.memory.put("app", kOneTableRow);
    EXPECT_EQ(applied(), Ids{"0.0.1"});
    EXPECT_EQ(project.migrator().current_version(), "0.0.1");
    EXPECT_EQ(outstanding(), Ids{"0.0.2"});
    project.up();
    EXPECT_EQ(applied(), (Ids{"0.0.1", "0.0.2"}));
    EXPECT_EQ(states(), "0.0.1 elsewhere applied; 0.0.2 up applied; ");
    EXPECT_EQ(project.memory.items("app").size(), 2u);
}

TEST_P(ForeignCase, SeesWhatAnotherToolReverted) {
    use("onetable");
    project.registry.add(simple("0.0.1"));
    project.up();
    ASSERT_EQ(project.memory.items("app").size(), 1u);
    std::string key = project.memory.items("app").begin()->first;
    project.memory.remove("app", key);
    EXPECT_EQ(applied(), Ids{});
    EXPECT_EQ(outstanding(), Ids{"0.0.1"});
    project.up();
    EXPECT_EQ(applied(), Ids{"0.0.1"});
    EXPECT_EQ(states(), "0.0.1 up applied; 0.0.1 elsewhere rolled_back; 0.0.1 up applied; ");
}

TEST_P(ForeignCase, RollsBackWhatAnotherToolApplied) {
    use("onetable");
    project.registry.add(simple("0.0.1"));
    project.memory.put("app", kOneTableRow);
    down("0.0.0");
    EXPECT_EQ(project.memory.items("app").size(), 0u);
    EXPECT_EQ(applied(), Ids{});
    EXPECT_EQ(states(), "0.0.1 elsewhere applied; 0.0.1 down rolled_back; ");
}

TEST_P(ForeignCase, NeverTakesAFailedRowForTheCurrentVersion) {
    use("onetable");
    project.registry.add(simple("0.0.1"));
    project.registry.add(simple("0.0.2"));
    project.memory.put("app", kOneTableRow);
    project.memory.put("app", replaced(replaced(kOneTableRow, "0.0.1", "0.0.2"), "success", "no"));
    EXPECT_EQ(project.migrator().current_version(), "0.0.1");
    EXPECT_EQ(outstanding(), Ids{"0.0.2"});
    project.up();
    EXPECT_EQ(project.migrator().current_version(), "0.0.2");
}

TEST_P(ForeignCase, TellsAFailureInTheLayoutsWords) {
    use("onetable");
    Migration failing("0.0.1");
    failing.step(fake_step("fail", [](const StepRun&) -> StepResult {
        throw base::Error(base::ErrorKind::internal, "boom");
    }));
    project.registry.add(failing);
    error_of([&] { project.up(); });
    ASSERT_EQ(project.memory.items("app").size(), 1u);
    EXPECT_NE(project.memory.items("app").begin()->second.find("boom"), std::string::npos);
    EXPECT_EQ(states(), "0.0.1 up failed; ");
}

TEST_P(ForeignCase, KeepsEveryRowNativelyWhereATableWithoutSortKeyKeepsOne) {
    project.settings.history_layout = "onetable";
    project.memory.create_table("app", {{"id", dynamodb::AttributeType::string}, std::nullopt});
    for (const char* version : {"0.0.1", "0.0.2", "0.0.3"}) {
        project.registry.add(simple(version));
    }
    project.up();
    EXPECT_EQ(project.memory.items("app").size(), 1u);
    EXPECT_EQ(applied(), (Ids{"0.0.1", "0.0.2", "0.0.3"}));
    down("0.0.2");
    EXPECT_EQ(applied(), (Ids{"0.0.1", "0.0.2"}));
}

TEST_P(ForeignCase, KeepsAttributesThatItDoesNotKnow) {
    use("drift", "meta");
    project.memory.create_table("meta", {{"Number", dynamodb::AttributeType::number}, {}});
    project.registry.add(simple("7"));
    project.memory.put("meta", R"({"Number":{"N":"7"},"TableName":{"S":"app"},)"
                               R"("Description":{"S":"old"},"Reviewer":{"S":"bob"}})");
    Migrator migrator(project.registry, project.settings, project.world());
    migrator.run(migrator.plan_repeat(), project.listener, {}, {});
    EXPECT_EQ(project.memory.item("meta", R"({"Number":{"N":"7"}})"),
              R"({"Description":{"S":"about 7"},"Number":{"N":"7"},"Reviewer":{"S":"bob"},)"
              R"("TableName":{"S":"app"}})");
}

TEST_P(ForeignCase, CreatesTheLayoutsOwnTable) {
    use("drift", "meta");
    project.registry.add(simple("1"));
    project.registry.add(simple("2"));
    project.up();
    EXPECT_EQ(project.memory.items("meta").size(), 2u);
    down("1");
    EXPECT_EQ(project.memory.items("meta").size(), 1u);
    EXPECT_EQ(applied(), Ids{"1"});
}

TEST_P(ForeignCase, KeepsNamedMigrationsNativelyWhereTheLayoutHasNoRoom) {
    use("drift", "meta");
    project.registry.add(simple("cleanup"));
    Migrator migrator(project.registry, project.settings, project.world());
    migrator.run(migrator.plan_named("cleanup"), project.listener, {}, {});
    EXPECT_EQ(project.memory.items("meta").size(), 0u);
    EXPECT_EQ(applied(), Ids{"cleanup"});
}

TEST_P(ForeignCase, RefusesAVersionThatTheLayoutCannotHoldBeforeAnythingRuns) {
    use("drift", "meta");
    bool has_run = false;
    Migration migration("1.0.0");
    migration.step(fake_step("run", [&](const StepRun&) {
        has_run = true;
        return StepResult{};
    }));
    project.registry.add(migration);
    EXPECT_EQ(error_of([&] { project.up(); }).kind(), base::ErrorKind::failed_precondition);
    EXPECT_FALSE(has_run);
    EXPECT_EQ(states(), "");
}

TEST_P(ForeignCase, TellsEachStateInALayoutThatHasWordsForIt) {
    use("dynamorm");
    Migration migration("20240115120000", "Add index");
    std::string seen;
    migration.step(fake_step("look", [&](const StepRun&) {
        seen = project.memory.items("MigrationHistories").begin()->second;
        return StepResult{};
    }));
    migration.down_auto();
    project.registry.add(migration);
    project.up();
    EXPECT_NE(seen.find(R"("status":{"S":"in_progress"})"), std::string::npos) << seen;
    std::string row = project.memory.items("MigrationHistories").begin()->second;
    EXPECT_NE(row.find(R"("SK":{"S":"20240115_add_index"})"), std::string::npos) << row;
    EXPECT_NE(row.find(R"("status":{"S":"applied"})"), std::string::npos) << row;
    EXPECT_EQ(states(), "20240115120000 up applied; ");
    down("0");
    row = project.memory.items("MigrationHistories").begin()->second;
    EXPECT_NE(row.find(R"("status":{"S":"rolled_back"})"), std::string::npos) << row;
    EXPECT_EQ(states(), "20240115120000 up applied; 20240115120000 down rolled_back; ");
}

TEST_P(ForeignCase, RefusesToRunWhatAnotherToolIsRunning) {
    use("functionless", "history-table");
    project.memory.create_table("history-table",
                                {{"id", dynamodb::AttributeType::string}, std::nullopt});
    project.memory.put("history-table", R"({"id":{"S":"20240115-a"},"status":{"S":"RUNNING"},)"
                                        R"("startedAt":{"S":"2024-01-15T12:00:00.000Z"}})");
    project.registry.add(simple("20240115"));
    auto error = error_of([&] { project.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_NE(std::string(error.what()).find("another tool"), std::string::npos);
    project.settings.force = true;
    project.up();
    EXPECT_EQ(applied(), Ids{"20240115"});
}

TEST_P(ForeignCase, RefusesToRunWhileTheLayoutWasNotToldOfWhatIsApplied) {
    project.registry.add(simple("0.0.1"));
    project.up();
    project.registry.add(simple("0.0.2"));
    use("onetable");
    EXPECT_EQ(applied(), Ids{"0.0.1"});
    auto error = error_of([&] { project.up(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_NE(std::string(error.what()).find("adopt --from native --to onetable"),
              std::string::npos);
}

TEST_P(ForeignCase, WritesTheForeignRowOnlyUnderTheLock) {
    use("onetable");
    NativeTable table(project.memory, "dynamigrate-history", "default", project.clock,
                      project.random);
    table.create_if_absent({});
    auto foreign = open_foreign_history(project.memory, project.clock, project.settings);
    History history(table, foreign.get());
    HistoryRow row;
    row.id = "0.0.1";
    row.run = "r";
    row.status = Status::applied;
    row.action = "up";
    row.started_at = row.finished_at = "2024-01-15T12:00:00.000Z";
    row.fence = 1;
    EXPECT_EQ(error_of([&] { history.write(row); }).kind(), base::ErrorKind::aborted);
    EXPECT_EQ(project.memory.items("app").size(), 0u);
}

TEST(OpenForeignHistory, NeedsTheNameOfATableThatIsNotTheApplications) {
    Project project;
    for (const char* layout : {"drift", "functionless"}) {
        project.settings.history_layout = layout;
        EXPECT_EQ(error_of([&] { project.migrator(); }).kind(), base::ErrorKind::invalid_argument);
    }
    project.settings.history_layout = "dynamorm";
    EXPECT_EQ(open_foreign_history(project.memory, project.clock, project.settings)->table(),
              "MigrationHistories");
    project.settings.history_layout = "onetable";
    project.settings.tables["app"] = "shop-prod";
    EXPECT_EQ(open_foreign_history(project.memory, project.clock, project.settings)->table(),
              "shop-prod");
}

TEST(OpenForeignHistory, RefusesATableWhoseItemsAreNoHistory) {
    Project project;
    project.settings.layout_table = "app";
    for (const char* layout : {"drift", "functionless"}) {
        project.settings.history_layout = layout;
        auto error = error_of([&] { project.migrator(); });
        EXPECT_EQ(error.kind(), base::ErrorKind::invalid_argument);
        EXPECT_NE(std::string(error.what()).find("the application's table app"), std::string::npos);
    }
    project.memory.create_table("other", {{"sku", dynamodb::AttributeType::string}, std::nullopt});
    project.memory.put("other", R"({"sku":{"S":"1"},"id":{"S":"x"},"Number":{"N":"1"}})");
    project.settings.layout_table = "other";
    for (const char* layout : {"drift", "functionless", "dynamorm"}) {
        project.settings.history_layout = layout;
        auto error = error_of([&] { project.migrator().applied(); });
        EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition) << layout;
        EXPECT_NE(std::string(error.what()).find("whose key is sku (S); its own has the key "),
                  std::string::npos)
            << error.what();
    }
}

HistoryRow native_row(const std::string& id, Status status, const std::string& time) {
    HistoryRow row;
    row.id = id;
    row.run = "native-" + id;
    row.status = status;
    row.action = "up";
    row.started_at = row.finished_at = time;
    row.layout = "onetable in app";
    return row;
}

struct MergeCase : ::testing::Test {
    std::unique_ptr<HistoryLayout> layout = make_onetable_layout();
    MergeSource source{"onetable in app", "elsewhere", true, layout.get()};

    static ForeignRow foreign_row(const std::string& id, Status status, const std::string& date) {
        ForeignRow row;
        row.id = id;
        row.status = status;
        row.date = date;
        return row;
    }
};

TEST_F(MergeCase, MakesTheSameRowsAgainAndNoneOnceTheyAreKept) {
    std::vector<ForeignRow> foreign{
        foreign_row("0.0.1", Status::applied, "2024-01-01T00:00:00.000Z"),
        foreign_row("0.0.2", Status::failed, "2024-01-02T00:00:00.000Z")};
    std::vector<HistoryRow> first = news_of({}, foreign, source);
    std::vector<HistoryRow> second = news_of({}, foreign, source);
    ASSERT_EQ(first.size(), 2u);
    EXPECT_EQ(first[0].run, second[0].run);
    EXPECT_EQ(first[0].started_at, "2024-01-01T00:00:00.000Z");
    EXPECT_TRUE(news_of(first, foreign, source).empty());
}

TEST_F(MergeCase, PutsNewsBehindWhatIsKnownWhateverTheClocksSay) {
    HistoryRow known = native_row("0.0.1", Status::rolled_back, "2024-05-01T00:00:00.000Z");
    auto news = news_of(
        {known}, {foreign_row("0.0.1", Status::applied, "2024-01-01T00:00:00.000Z")}, source);
    ASSERT_EQ(news.size(), 1u);
    EXPECT_EQ(news[0].started_at, "2024-05-01T00:00:00.001Z");
    EXPECT_EQ(news[0].finished_at, "2024-01-01T00:00:00.000Z");
}

TEST_F(MergeCase, TakesAbsenceForNewsOnlyOfWhatTheLayoutWasTold) {
    HistoryRow told = native_row("0.0.1", Status::applied, "2024-01-01T00:00:00.000Z");
    HistoryRow untold = native_row("0.0.2", Status::applied, "2024-01-02T00:00:00.000Z");
    untold.layout = "";
    auto news = news_of({told, untold}, {}, source);
    ASSERT_EQ(news.size(), 1u);
    EXPECT_EQ(news[0].id, "0.0.1");
    EXPECT_EQ(news[0].status, Status::rolled_back);
    source.tells_absence = false;
    EXPECT_TRUE(news_of({told, untold}, {}, source).empty());
}

TEST_F(MergeCase, KnowsARunOfItsOwnThatIsBeingRepeated) {
    HistoryRow applied = native_row("0.0.1", Status::applied, "2024-01-01T00:00:00.000Z");
    HistoryRow repeated = native_row("0.0.1", Status::running, "2024-01-02T00:00:00.000Z");
    repeated.run = "again";
    auto dated = foreign_row("0.0.1", Status::applied, "2024-01-01T00:00:00.000Z");
    auto undated = foreign_row("0.0.1", Status::applied, "");
    EXPECT_TRUE(news_of({applied, repeated}, {dated}, source).empty());
    EXPECT_TRUE(news_of({applied, repeated}, {undated}, source).empty());
    EXPECT_EQ(news_of({repeated}, {undated}, source).size(), 1u);
}

TEST_F(MergeCase, OrdersUndatedRowsByTheirNumbers) {
    auto news =
        news_of({}, {foreign_row("10", Status::applied, ""), foreign_row("9", Status::applied, "")},
                source);
    ASSERT_EQ(news.size(), 2u);
    EXPECT_EQ(news[0].id, "9");
    EXPECT_EQ(news[1].id, "10");
}

}  // namespace
}  // namespace dynamigrate::migrate
