#include "counters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::Contains;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Project;

constexpr int kItems = 30;

struct RollbackCase : testing::CountersCase {
    RollbackCase() : CountersCase(kItems) {
        project.settings.backfill.lanes = 2;
        project.settings.backfill.segments = 4;
    }
    RunResult down() {
        Migrator migrator = project.migrator();
        return migrator.run(migrator.plan_down({}), project.listener, {}, {});
    }
};

TEST_F(RollbackCase, PutsBackWhatTheJournalKnows) {
    HistoryRow row = project.up().rows.at(0);
    EXPECT_EQ(row.counts.changed, static_cast<std::uint64_t>(kItems));
    EXPECT_THAT(item(7), HasSubstr(R"("N":"8")"));
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
    EXPECT_THAT(item(7), HasSubstr(R"("N":"100")"));
    EXPECT_THAT(item(8), HasSubstr(R"("N":"8")"));
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
    EXPECT_THAT(item(7), HasSubstr(R"("N":"9")"));
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
    EXPECT_THAT(item(7), HasSubstr(R"("N":"8")"));
}

}  // namespace
}  // namespace dynamigrate::migrate
