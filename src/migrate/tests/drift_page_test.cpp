#include "fixtures.hpp"

#include <dynamigrate/dynamigrate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <sstream>

/// The rows of docs/from-drift.md.
namespace dynamigrate::migrate {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Project;
using ::testing::SizeIs;

const std::filesystem::path kRoot = DYNAMIGRATE_SOURCE_DIR;

/// What dynamo-drift's page and its package name.
const std::set<std::string> kNames = {
    "DynamoDrifter",
    "DynamoDrifter.MetaTableName",
    "DynamoDrifter.DynamoDB",
    "DynamoDrifter.Init",
    "DynamoDrifter.Applied",
    "DynamoDrifter.Run",
    "DynamoDrifter.Undo",
    "DynamoDrifterMigration",
    "DynamoDrifterMigration.Number",
    "DynamoDrifterMigration.TableName",
    "DynamoDrifterMigration.Description",
    "DynamoDrifterMigration.Callback",
    "DynamoMigrationFunction",
    "RawDynamoItem",
    "RawDynamoItem.GetStringAttribute",
    "RawDynamoItem.GetNumberAttribute",
    "RawDynamoItem.GetBoolAttribute",
    "RawDynamoItem.GetByteSliceAttribute",
    "DrifterAction",
    "DrifterAction.Update",
    "DrifterAction.Insert",
    "DrifterAction.Delete",
    "DrifterAction.DynamoDB",
    "MigrationProgress",
    "MigrationProgress.CallbacksProcessed",
    "MigrationProgress.ActionsExecuted",
    "MigrationProgress.CallbackErrors",
    "MigrationProgress.ActionErrors",
    "ctx",
    "concurrency",
    "failOnFirstError",
    "progressChan",
    "[]error",
};

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> cells;
    std::stringstream parts(line);
    for (std::string cell; std::getline(parts, cell, '|');) {
        const std::size_t begin = cell.find_first_not_of(" `");
        const std::size_t end = cell.find_last_not_of(" `");
        cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
    }
    return cells;
}

/// "Suite.Name" of all tests of the rooms.
std::set<std::string> all_tests() {
    std::set<std::string> tests;
    for (const auto& room : std::filesystem::directory_iterator(kRoot / "src")) {
        if (!std::filesystem::is_directory(room.path() / "tests")) {
            continue;
        }
        for (const auto& file : std::filesystem::directory_iterator(room.path() / "tests")) {
            if (file.path().extension() != ".cpp") {
                continue;
            }
            std::stringstream lines(base::read_file(file.path()));
            for (std::string line; std::getline(lines, line);) {
                const std::size_t open = line.find('(');
                const std::size_t comma = line.find(", ");
                const std::size_t close = line.find(')');
                if (line.starts_with("TEST") && comma < close) {
                    tests.insert(line.substr(open + 1, comma - open - 1) + "." +
                                 line.substr(comma + 2, close - comma - 2));
                }
            }
        }
    }
    return tests;
}

TEST(DriftPage, HasARowForEachNameAndATestForEachRow) {
    const std::set<std::string> tests = all_tests();
    std::set<std::string> missing = kNames;
    std::stringstream page(base::read_file(kRoot / "docs/from-drift.md"));
    for (std::string line; std::getline(page, line);) {
        if (!line.starts_with("| `")) {
            continue;
        }
        const std::vector<std::string> row = cells(line);
        ASSERT_THAT(row, SizeIs(6)) << line;
        EXPECT_TRUE(missing.erase(row[1]) == 1) << "no name of the page, or twice: " << row[1];
        EXPECT_NE(row[2], "") << line;
        EXPECT_TRUE(tests.contains(row[5])) << row[1] << " names no test: " << row[5];
    }
    EXPECT_THAT(missing, IsEmpty());
}

/// A table with one item.
struct OneTable : Project {
    OneTable() {
        memory.create_table("MyApplicationTable", {{"id", dynamodb::AttributeType::string}, {}});
        memory.put("MyApplicationTable", R"({"id":{"S":"1"},"n":{"N":"1"}})");
        settings.history_table = "MyMigrationsTable";
    }
    Runner runner(dynamodb::Service* service = nullptr) {
        return Runner(registry, settings, world(service));
    }
};

/// What the example of the page does.
Migration readme_test(const std::string& number) {
    Migration migration(number, "readme test");
    migration.on("MyApplicationTable").for_each([](ItemEditor& item, Actions&) {
        item.set("n", item.integer("n") + 1);
    });
    migration.down().for_each(
        [](ItemEditor& item, Actions&) { item.set("n", item.integer("n") - 1); });
    return migration;
}

TEST(DriftPage, RunsItsExampleThereAndBack) {
    OneTable project;
    project.registry.add(readme_test("1"));
    Runner runner = project.runner();
    const auto before = project.memory.items("MyApplicationTable");

    runner.init();
    EXPECT_THAT(runner.applied(), IsEmpty());
    runner.migrate();
    ASSERT_THAT(runner.applied(), SizeIs(1));
    EXPECT_EQ(runner.applied()[0].id, "1");
    EXPECT_EQ(runner.applied()[0].description, "readme test");
    EXPECT_NE(project.memory.items("MyApplicationTable"), before);
    runner.rollback();

    EXPECT_THAT(runner.applied(), IsEmpty());
    EXPECT_EQ(project.memory.items("MyApplicationTable"), before);
    EXPECT_THAT(runner.history(), SizeIs(2));
}

TEST(DriftPage, TakesNumberZero) {
    OneTable project;
    project.registry.add(readme_test("0"));
    Runner runner = project.runner();

    runner.migrate();
    ASSERT_THAT(runner.applied(), SizeIs(1));
    runner.rollback();

    EXPECT_THAT(runner.applied(), IsEmpty());
}

TEST(DriftPage, RunsNothingTwice) {
    OneTable project;
    project.registry.add(readme_test("1"));
    project.runner().migrate();
    const auto once = project.memory.items("MyApplicationTable");

    EXPECT_THAT(project.runner().migrate().rows, IsEmpty());

    EXPECT_EQ(project.memory.items("MyApplicationTable"), once);
}

/// Tables of it are being created for a while.
class SlowTables final : public dynamodb::Service {
public:
    explicit SlowTables(dynamodb::Service& inner) : inner_(inner) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        inner_.call(call, reply);
        const std::size_t at = reply.body.find("\"ACTIVE\"");
        if (call.operation == "DescribeTable" && at != std::string::npos && creating > 0) {
            --creating;
            reply.body.replace(at, 8, "\"CREATING\"");
        }
    }
    std::string location() const override { return inner_.location(); }

    int creating = 3;

private:
    dynamodb::Service& inner_;
};

TEST(DriftPage, InitCreatesTheHistoryTableAndWaitsUntilItIsActive) {
    OneTable project;
    SlowTables slow(project.memory);

    project.runner(&slow).init();
    EXPECT_EQ(slow.creating, 0);
    EXPECT_NE(project.memory.description("MyMigrationsTable"), "");
    project.runner(&slow).init();
}

TEST(DriftPage, NamesTheTableThatIsNotThere) {
    OneTable project;
    Migration migration("1");
    migration.on("Gone").for_each([](ItemEditor&, Actions&) {});
    project.registry.add(migration);

    EXPECT_THAT(error_of([&] { project.runner().migrate(); }).what(), HasSubstr("Gone"));
}

}  // namespace
}  // namespace dynamigrate::migrate
