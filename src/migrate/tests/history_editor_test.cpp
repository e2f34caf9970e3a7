#include <dynamigrate/migrate/history_editor.hpp>

#include "../history.hpp"
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
using dynamodb::AttributeType;

struct EditorCase : ::testing::Test {
    Project project;

    EditorCase() {
        for (const char* version : {"0.0.1", "0.0.2", "0.0.3"}) {
            project.registry.add(simple(version));
        }
    }
    HistoryEditor editor() {
        return HistoryEditor(project.registry, project.settings, project.world());
    }
    std::vector<std::string> apply(HistoryEditor& editor, const HistoryEdit& edit) {
        std::vector<std::string> told;
        editor.apply(edit, [&](const std::string& line) { told.push_back(line); }, {});
        return told;
    }
    void up(const std::string& target) {
        Migrator migrator(project.registry, project.settings, project.world());
        migrator.run(migrator.plan_up(target, false), project.listener, {}, {});
    }
    Ids applied() {
        Ids ids;
        for (const HistoryRow& row : project.migrator().applied()) {
            ids.push_back(row.id);
        }
        return ids;
    }
    std::string states() {
        std::string text;
        for (const HistoryRow& row : project.migrator().history()) {
            text += row.id + " " + row.action + " " + std::string(to_string(row.status)) + "; ";
        }
        return text;
    }
    void create_app() {
        project.memory.create_table("app", {{"pk", AttributeType::string},
                                            dynamodb::KeyAttribute{"sk", AttributeType::string}});
    }
};

TEST_F(EditorCase, BaselineCountsVersionsAsAppliedAndRunsNone) {
    HistoryEditor edits = editor();
    HistoryEdit edit = edits.plan_baseline("0.0.2");
    EXPECT_EQ(edit.lines.size(), 2u);
    EXPECT_EQ(applied(), Ids{});
    apply(edits, edit);
    EXPECT_EQ(applied(), (Ids{"0.0.1", "0.0.2"}));
    EXPECT_TRUE(project.listener.lines.empty());
    HistoryRow row = project.migrator().history()[0];
    EXPECT_EQ(row.action, "baseline");
    EXPECT_EQ(row.by, project.identity.user + "@" + project.identity.host);
    EXPECT_FALSE(row.started_at.empty());
    EXPECT_TRUE(edits.plan_baseline("0.0.2").lines.empty());
    project.up();
    EXPECT_EQ(applied().size(), 3u);
}

TEST_F(EditorCase, BaselineRefusesUnknownVersionsAndThoseThatAreBegun) {
    HistoryEditor edits = editor();
    EXPECT_EQ(error_of([&] { edits.plan_baseline("9.0.0"); }).kind(), base::ErrorKind::not_found);
    Registry failing;
    failing.add(Migration("0.0.1").step(fake_step("fail", [](const StepRun&) -> StepResult {
        throw base::Error(base::ErrorKind::internal, "boom");
    })));
    Migrator migrator(failing, project.settings, project.world());
    error_of([&] { migrator.run(migrator.plan_up({}, true), project.listener, {}, {}); });
    EXPECT_EQ(error_of([&] { edits.plan_baseline("0.0.1"); }).kind(),
              base::ErrorKind::failed_precondition);
    project.settings.force = true;
    EXPECT_EQ(editor().plan_baseline("0.0.1").lines.size(), 1u);
}

TEST_F(EditorCase, MarksInEitherDirectionAndDeletesNothing) {
    HistoryEditor edits = editor();
    apply(edits, edits.plan_mark(true, "0.0.1"));
    EXPECT_EQ(applied(), Ids{"0.0.1"});
    EXPECT_TRUE(edits.plan_mark(true, "0.0.1").lines.empty());
    apply(edits, edits.plan_mark(false, "0.0.1"));
    EXPECT_EQ(applied(), Ids{});
    EXPECT_EQ(states(), "0.0.1 mark applied; 0.0.1 mark rolled_back; ");
    EXPECT_TRUE(edits.plan_mark(false, "0.0.1").lines.empty());
    EXPECT_EQ(error_of([&] { edits.plan_mark(true, "9.0.0"); }).kind(), base::ErrorKind::not_found);
}

TEST_F(EditorCase, MarksNothingAsRolledBackThatAnotherNeedsUnlessForced) {
    Migration dependent("0.0.4");
    dependent.step(fake_step("step")).depends_on({"0.0.1"});
    project.registry.add(dependent);
    project.up();
    auto error = error_of([&] { editor().plan_mark(false, "0.0.1"); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_NE(std::string(error.what()).find("while 0.0.4, which depends on it, is applied"),
              std::string::npos)
        << error.what();
    EXPECT_EQ(editor().plan_mark(false, "0.0.4").lines.size(), 1u);
    project.settings.force = true;
    EXPECT_EQ(editor().plan_mark(false, "0.0.1").lines.size(), 1u);
}

TEST_F(EditorCase, RepairAcceptsAChangedMigrationAndKeepsItsRunUndoable) {
    up("0.0.1");
    HistoryRow before = project.migrator().applied()[0];
    project.registry = {};
    Migration changed("0.0.1", "changed");
    changed.step(fake_step("step of 0.0.1")).down_auto();
    project.registry.add(changed);
    project.registry.add(simple("0.0.2"));
    EXPECT_EQ(error_of([&] { project.up(); }).kind(), base::ErrorKind::failed_precondition);
    HistoryEditor edits = editor();
    apply(edits, edits.plan_repair());
    EXPECT_EQ(project.migrator().applied()[0].checksum, changed.checksum());
    EXPECT_EQ(project.migrator().history()[0].checksum, before.checksum);
    EXPECT_TRUE(edits.plan_repair().lines.empty());
    project.up();
    EXPECT_EQ(applied(), (Ids{"0.0.1", "0.0.2"}));
    HistoryView view(project.migrator().history());
    ASSERT_EQ(view.standing_runs("0.0.1").size(), 1u);
    EXPECT_EQ(view.standing_runs("0.0.1")[0]->run, before.run);
}

TEST_F(EditorCase, RepairEntersTheFailureOfARunWhoseRunnerIsGone) {
    {
        NativeTable table(project.memory, "dynamigrate-history", "default", project.clock,
                          project.random);
        table.create_if_absent({});
        Lock lock(
            table, project.world(), LockTiming{testing::kLease, testing::kHeartbeat},
            [](const std::string&) {}, std::stop_token{});
        HistoryRow row = testing::row_of(project.registry.all()[0], Status::running);
        row.journal.clear();
        row.fence = lock.fence();
        History(table).write(row);
        EXPECT_TRUE(editor().plan_repair().lines.empty());  // its runner lives
    }
    HistoryEditor edits = editor();
    HistoryEdit edit = edits.plan_repair();
    ASSERT_EQ(edit.lines.size(), 1u);
    apply(edits, edit);
    HistoryRow row = project.migrator().history()[0];
    EXPECT_EQ(row.status, Status::failed);
    EXPECT_NE(row.error.find("ended without a word"), std::string::npos);
    ASSERT_EQ(edits.notes().size(), 1u);
    EXPECT_EQ(edits.notes()[0].action, "repair");
    EXPECT_EQ(edits.notes()[0].run, row.run);
    project.up();
    EXPECT_EQ(applied().size(), 3u);
}

TEST_F(EditorCase, RefusesToApplyWhatWasDecidedFromAnotherHistory) {
    HistoryEditor edits = editor();
    HistoryEdit edit = edits.plan_baseline("0.0.2");
    up("0.0.1");
    EXPECT_EQ(error_of([&] { apply(edits, edit); }).kind(), base::ErrorKind::aborted);
}

TEST_F(EditorCase, EntriesReachTheOtherToolsLayoutToo) {
    create_app();
    project.settings.history_layout = "onetable";
    HistoryEditor edits = editor();
    apply(edits, edits.plan_baseline("0.0.2"));
    EXPECT_EQ(project.memory.items("app").size(), 2u);
    apply(edits, edits.plan_mark(false, "0.0.2"));
    EXPECT_EQ(project.memory.items("app").size(), 1u);
    EXPECT_EQ(applied(), Ids{"0.0.1"});
}

const std::string kDrift = R"({"Number":{"N":"1"},"TableName":{"S":"app"},)"
                           R"("Description":{"S":"First"},"Reviewer":{"S":"bob"}})";

struct AdoptionCase : EditorCase {
    AdoptionCase() {
        project.registry = {};
        for (const char* version : {"1", "2", "3"}) {
            project.registry.add(simple(version));
        }
        project.memory.create_table("meta", {{"Number", AttributeType::number}, std::nullopt});
        project.memory.put("meta", kDrift);
    }
};

TEST_F(AdoptionCase, EntersWhatAnotherToolAppliedAndTakesItBack) {
    HistoryEditor edits = editor();
    HistoryEdit edit = edits.plan_adopt({"drift", "meta"}, {"native", ""});
    ASSERT_EQ(edit.lines.size(), 1u);
    EXPECT_EQ(edit.lines[0].what, "enter as applied (at an unknown time), from drift in meta");
    EXPECT_EQ(applied(), Ids{});
    apply(edits, edit);
    EXPECT_EQ(applied(), Ids{"1"});
    EXPECT_EQ(project.memory.items("meta").begin()->second.find("Reviewer") == std::string::npos,
              false);
    EXPECT_TRUE(edits.plan_adopt({"drift", "meta"}, {"native", ""}).lines.empty());
    ASSERT_EQ(edits.notes().size(), 1u);
    EXPECT_EQ(edits.notes()[0].text, "from drift:meta to native, 1 entries");

    EXPECT_TRUE(apply(edits, edits.plan_undo_adopt()).empty());
    EXPECT_EQ(applied(), Ids{});
    EXPECT_EQ(states(), "1 adopt applied; 1 adopt rolled_back; ");
    EXPECT_TRUE(edits.notes()[0].is_undone);
    EXPECT_EQ(edits.notes()[1].action, "undo-adopt");
    EXPECT_EQ(error_of([&] { edits.plan_undo_adopt(); }).kind(), base::ErrorKind::not_found);
}

TEST_F(AdoptionCase, WritesTheNativeHistoryIntoAnotherLayoutAndPutsBackWhatWasThere) {
    project.up();
    auto before = project.memory.items("meta");
    HistoryEditor edits = editor();
    HistoryEdit edit = edits.plan_adopt({"native", ""}, {"drift", "meta"});
    EXPECT_EQ(edit.lines.size(), 3u);
    EXPECT_EQ(project.memory.items("meta"), before);
    apply(edits, edit);
    EXPECT_EQ(project.memory.items("meta").size(), 3u);
    EXPECT_EQ(project.memory.item("meta", R"({"Number":{"N":"1"}})"),
              R"({"Description":{"S":"about 1"},"Number":{"N":"1"},"Reviewer":{"S":"bob"},)"
              R"("TableName":{"S":"app"}})");
    EXPECT_TRUE(edits.plan_adopt({"native", ""}, {"drift", "meta"}).lines.empty());

    project.settings.history_layout = "drift";
    project.settings.layout_table = "meta";
    EXPECT_EQ(applied(), (Ids{"1", "2", "3"}));
    project.settings.history_layout = "native";

    EXPECT_TRUE(apply(edits, edits.plan_undo_adopt()).empty());
    EXPECT_EQ(project.memory.items("meta"), before);
    EXPECT_EQ(applied(), (Ids{"1", "2", "3"}));
}

TEST_F(AdoptionCase, LeavesAloneWhatSomebodyChangedSince) {
    project.up();
    HistoryEditor edits = editor();
    apply(edits, edits.plan_adopt({"native", ""}, {"drift", "meta"}));
    project.memory.put("meta", R"({"Number":{"N":"2"},"Description":{"S":"mine"}})");
    std::vector<std::string> told = apply(edits, edits.plan_undo_adopt());
    ASSERT_EQ(told.size(), 1u);
    EXPECT_TRUE(told[0].starts_with("2: left alone")) << told[0];
    EXPECT_EQ(project.memory.item("meta", R"({"Number":{"N":"2"}})"),
              R"({"Description":{"S":"mine"},"Number":{"N":"2"}})");
    EXPECT_EQ(project.memory.items("meta").size(), 2u);
}

TEST_F(AdoptionCase, CarriesOneToolsHistoryOverIntoAnothers) {
    HistoryEditor edits = editor();
    apply(edits, edits.plan_adopt({"drift", "meta"}, {"functionless", "runs"}));
    EXPECT_EQ(project.memory.items("runs").size(), 1u);
    EXPECT_NE(project.memory.items("runs").begin()->second.find("SUCCEEDED"), std::string::npos);
    project.settings.history_layout = "functionless";
    project.settings.layout_table = "runs";
    EXPECT_EQ(applied(), Ids{"1"});
    apply(edits, edits.plan_undo_adopt());
    EXPECT_EQ(project.memory.items("runs").size(), 0u);
    EXPECT_EQ(project.memory.items("meta").size(), 1u);
}

TEST_F(AdoptionCase, RefusesWhatIsNoAdoption) {
    HistoryEditor edits = editor();
    auto kind = [&](const LayoutPlace& from, const LayoutPlace& to) {
        return error_of([&] { edits.plan_adopt(from, to); }).kind();
    };
    EXPECT_EQ(kind({"native", ""}, {"native", ""}), base::ErrorKind::invalid_argument);
    EXPECT_EQ(kind({"drift", "meta"}, {"drift", "meta"}), base::ErrorKind::invalid_argument);
    EXPECT_EQ(kind({"drift", ""}, {"native", ""}), base::ErrorKind::invalid_argument);
    EXPECT_EQ(kind({"drift", "nowhere"}, {"native", ""}), base::ErrorKind::not_found);
    EXPECT_EQ(LayoutPlace::parse("drift:meta").table, "meta");
    EXPECT_EQ(error_of([] { LayoutPlace::parse("flyway"); }).kind(),
              base::ErrorKind::invalid_argument);
}

struct RetryCase : EditorCase {
    bool is_first = true;

    RetryCase() {
        project.registry = {};
        project.settings.backfill.failure_budget = {10, 0};
        project.memory.create_table("app", {{"pk", AttributeType::string}, std::nullopt});
        for (const char* key : {"a", "b", "c"}) {
            project.memory.put("app", std::string(R"({"pk":{"S":")") + key + R"("}})");
        }
        Migration migration("0.0.1");
        migration.on("app").transform([this](ItemEditor& item) {
            if (is_first && item.string("pk") == "b") {
                throw base::Error(base::ErrorKind::invalid_argument, "not yet");
            }
            item.set("seen", item.has("seen") ? "twice" : "once");
        });
        migration.down_auto();
        project.registry.add(migration);
    }
};

TEST_F(RetryCase, RunsAgainOnTheQuarantineOfAFinishedRunAlone) {
    project.up();
    is_first = false;
    std::string run = project.migrator().applied()[0].run;
    ASSERT_EQ(project.migrator().quarantined(run).size(), 1u);
    Migrator migrator(project.registry, project.settings, project.world());
    auto plan = migrator.plan_retry("");
    ASSERT_EQ(plan.size(), 1u);
    EXPECT_EQ(plan[0].action, "retry");
    migrator.run(plan, project.listener, {}, {});
    EXPECT_TRUE(migrator.quarantined(run).empty());
    EXPECT_TRUE(migrator.plan_retry("").empty());
    for (const auto& [key, item] : project.memory.items("app")) {
        EXPECT_NE(item.find(R"("seen":{"S":"once"})"), std::string::npos) << item;
    }
    ASSERT_EQ(migrator.history().size(), 1u);
    EXPECT_EQ(migrator.history()[0].status, Status::applied);
    EXPECT_EQ(migrator.history()[0].attempt, 2u);
}

TEST_F(RetryCase, UndoesWhatTheRetryWroteToo) {
    project.up();
    is_first = false;
    Migrator migrator(project.registry, project.settings, project.world());
    migrator.run(migrator.plan_retry(""), project.listener, {}, {});
    migrator.run(migrator.plan_down("0.0.0"), project.listener, {}, {});
    for (const auto& [key, item] : project.memory.items("app")) {
        EXPECT_EQ(item.find("seen"), std::string::npos) << item;
    }
}

TEST_F(RetryCase, RefusesAnUnknownRun) {
    EXPECT_EQ(error_of([&] { project.migrator().plan_retry("nosuchrun"); }).kind(),
              base::ErrorKind::not_found);
}

}  // namespace
}  // namespace dynamigrate::migrate
