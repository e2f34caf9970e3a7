#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/cli/open.hpp>
#include <dynamigrate/dynamigrate.hpp>
#include <dynamigrate/dynamodb/operations.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using migrate::BaseMigration;
using migrate::Client;
using migrate::Migration;
using ::testing::ElementsAre;
using ::testing::SizeIs;

/// Creates the table, fills it, doubles by code, takes the doubles back from the journal.
class Fill final : public BaseMigration {
public:
    Fill() : BaseMigration("2.0.0", "Fill") {}
    std::string table() const override { return "app"; }
    void up(Client& client) override {
        for (int i = 0; i < 10; ++i) {
            base::Arena arena;
            dynamodb::ItemBuilder item(arena);
            item.string("pk", "k" + std::to_string(i)).number("n", i);
            client.put("", item.build());
        }
        int found = 0;
        client.scan("", [&](const dynamodb::Item&) { return ++found > 0; });
        EXPECT_EQ(found, 10);
    }
};

migrate::Registry registry() {
    migrate::Registry registry;
    migrate::CreateTable table;
    table.name = "app";
    table.hash = {"pk", dynamodb::AttributeType::string};
    registry.add(Migration("1.0.0", "Create app").create_table(table).down_auto());
    registry.add(migrate::make_migration<Fill>());
    return registry;
}

class OpenTest : public ::testing::Test {
protected:
    std::unique_ptr<OpenProject> open_project() {
        return open({.directory = directory.path(), .endpoint = "embedded:store", .table = "app"},
                    registry());
    }
    static int items(OpenProject& project) {
        int found = 0;
        dynamodb::scan(project.service(), "app", true,
                       [&](const dynamodb::Item&) { return ++found > 0; });
        return found;
    }

    base::TemporaryDirectory directory;
};

TEST_F(OpenTest, MigratesThereAndBack) {
    auto project = open_project();
    EXPECT_THAT(project->runner().migrate().rows, SizeIs(2));
    EXPECT_EQ(items(*project), 10);
    project->runner().rollback();
    EXPECT_EQ(items(*project), 0);
    project->runner().rollback();
    EXPECT_THAT(dynamodb::list_tables(project->service()), ElementsAre("dynamigrate-history"));
    EXPECT_EQ(project->location().substr(0, 9), "embedded:");
}

TEST_F(OpenTest, RunsDryWithoutAWrite) {
    auto project = open_project();
    migrate::RunnerResult result = project->runner().migrate({.dry_run = true});
    ASSERT_TRUE(result.dry);
    ASSERT_THAT(result.dry->migrations, SizeIs(2));
    EXPECT_EQ(result.dry->migrations[1].steps.at(0).tables.at(0).puts, 10U);
    EXPECT_THAT(dynamodb::list_tables(project->service()), SizeIs(0));
    project->runner().migrate();
    result = project->runner().rollback({.dry_run = true});
    EXPECT_EQ(result.dry->migrations.at(0).steps.at(0).tables.at(0).removes, 10U);
    EXPECT_EQ(items(*project), 10);
    EXPECT_EQ(project->runner().status().current_version, "2.0.0");
}

TEST_F(OpenTest, JoinsTheFilesOfTheProject) {
    base::create_directories(directory.path() / "migrations");
    base::write_file_atomically(directory.path() / "migrations/3.0.0.yaml",
                                "up:\n  - transform: { set: { done: true } }\n");
    EXPECT_THAT(open_project()->runner().migrate().rows, SizeIs(3));
    auto without = open({.directory = directory.path(),
                         .endpoint = "embedded:other",
                         .table = "app",
                         .has_files = false},
                        registry());
    EXPECT_THAT(without->registry().all(), SizeIs(2));
}

TEST_F(OpenTest, ReadsTheConfiguration) {
    base::write_file_atomically(directory.path() / "dynamigrate.yaml",
                                "table: people\nendpoint: \"embedded:here\"\nhistory: { layout: "
                                "native, table: log }\n");
    auto project = open({.directory = directory.path()}, registry());
    EXPECT_EQ(project->settings().default_table, "people");
    EXPECT_EQ(project->settings().history_table, "log");
    EXPECT_EQ(project->settings().journal_directory, directory.path() / ".dynamigrate/journal");
    EXPECT_THROW(open({.directory = directory.path(), .profile = "none"}), base::Error);
}

}  // namespace
}  // namespace dynamigrate::cli
