#include "fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::Contains;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Project;

constexpr int kItems = 30;

/// A table with counters, and a migration that raises them, reversed by its journal.
struct RollbackCase : ::testing::Test {
    Project project;
    std::map<std::string, std::string> before;
    int failing_id = -1;

    RollbackCase() {
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        for (int i = 0; i < kItems; ++i) {
            project.memory.put("app", R"({"pk":{"S":")" + std::to_string(i) + R"("},"n":{"N":")" +
                                          std::to_string(i) + R"("}})");
        }
        before = project.memory.items("app");
        Migration raise("1.0.0", "Raise the counters");
        raise.on("app").transform([this](ItemEditor& item) {
            if (item.string("pk") == std::to_string(failing_id)) {
                throw base::Error(base::ErrorKind::invalid_argument, "bad item");
            }
            item.set("n", item.integer("n") + 1);
        });
        project.registry.add(raise.down_auto());
        project.settings.backfill.lanes = 2;
        project.settings.backfill.segments = 4;
    }
    RunResult down() {
        Migrator migrator = project.migrator();
        return migrator.run(migrator.plan_down({}), project.listener, {}, {});
    }
    std::string number_of(int id) {
        return project.memory.item("app", R"({"pk":{"S":")" + std::to_string(id) + R"("}})");
    }
};

TEST_F(RollbackCase, PutsBackWhatTheJournalKnows) {
    HistoryRow row = project.up().rows.at(0);
    EXPECT_EQ(row.counts.changed, static_cast<std::uint64_t>(kItems));
    EXPECT_THAT(number_of(7), HasSubstr(R"("N":"8")"));
    EXPECT_FALSE(row.parts.empty());
    down();
    EXPECT_EQ(project.memory.items("app"), before);
}

TEST_F(RollbackCase, LeavesAloneWhatWasChangedSince) {
    project.up();
    project.memory.put("app", R"({"pk":{"S":"7"},"n":{"N":"100"}})");
    HistoryRow row = down().rows.at(0);
    EXPECT_EQ(row.status, Status::rolled_back);
    EXPECT_EQ(row.counts.conflicts, 1u);
    EXPECT_THAT(number_of(7), HasSubstr(R"("N":"100")"));
    EXPECT_THAT(number_of(8), HasSubstr(R"("N":"8")"));
    EXPECT_THAT(project.listener.lines, Contains(HasSubstr("left alone 1")));
}

TEST_F(RollbackCase, UndoesAFailedRun) {
    failing_id = 12;
    error_of([&] { project.up(); });
    ASSERT_NE(project.memory.items("app"), before);
    down();
    EXPECT_EQ(project.memory.items("app"), before);
    EXPECT_EQ(project.migrator().current_version(), "0.0.0");
}

TEST_F(RollbackCase, UndoesRepeatedRunsToo) {
    project.up();
    Migrator migrator = project.migrator();
    migrator.run(migrator.plan_repeat(), project.listener, {}, {});
    EXPECT_THAT(number_of(7), HasSubstr(R"("N":"9")"));
    down();
    EXPECT_EQ(project.memory.items("app"), before);
}

TEST_F(RollbackCase, RefusesWithoutTheJournalOrAPartOfIt) {
    HistoryRow row = project.up().rows.at(0);
    std::filesystem::path journal = project.settings.journal_directory / row.run;
    std::filesystem::path part;
    for (const auto& file : std::filesystem::directory_iterator(journal)) {
        if (file.path().filename().string().find(row.parts[0].name) != std::string::npos) {
            part = file.path();
        }
    }
    ASSERT_FALSE(part.empty()) << row.parts[0].name;
    std::filesystem::rename(part, project.directory.path() / "away");
    auto error = error_of([&] { down(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr(row.parts[0].name));
    std::filesystem::remove_all(journal);
    error = error_of([&] { down(); });
    EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
    EXPECT_THAT(error.what(), HasSubstr(row.journal));
    EXPECT_THAT(number_of(7), HasSubstr(R"("N":"8")"));
}

}  // namespace
}  // namespace dynamigrate::migrate
