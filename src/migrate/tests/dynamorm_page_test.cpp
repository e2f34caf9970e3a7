#include "dynamorm_page_names.hpp"
#include "fixtures.hpp"

#include <dynamigrate/dynamigrate.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

/// The rows of docs/from-dynamorm.md.
namespace dynamigrate::migrate {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::error_of;
using testing::fake_step;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Project;
using testing::simple;

const std::filesystem::path kRoot = DYNAMIGRATE_SOURCE_DIR;

std::vector<std::string> cells(const std::string& line) {
    std::vector<std::string> cells;
    std::stringstream parts(line);
    for (std::string cell; std::getline(parts, cell, '|');) {
        std::size_t begin = cell.find_first_not_of(" `");
        std::size_t end = cell.find_last_not_of(" `");
        cells.push_back(begin == std::string::npos ? "" : cell.substr(begin, end - begin + 1));
    }
    return cells;
}

/// Name and test of each row.
std::vector<std::pair<std::string, std::string>> documented() {
    std::vector<std::pair<std::string, std::string>> rows;
    std::stringstream page(base::read_file(kRoot / "docs/from-dynamorm.md"));
    for (std::string line; std::getline(page, line);) {
        if (line.starts_with("| `")) {
            std::vector<std::string> row = cells(line);
            rows.emplace_back(row.at(1), row.at(4));
        }
    }
    return rows;
}

std::set<std::string> page_names() {
    std::set<std::string> names;
    for (const testing::PageName& each : testing::kDynamormPage) {
        names.insert(std::string(each.name));
        std::stringstream members{std::string(each.members)};
        for (std::string member; members >> member;) {
            names.insert(fmt::format("{}.{}", each.name, member));
        }
    }
    return names;
}

/// "Suite.Name" of all tests of the rooms.
std::set<std::string> all_tests() {
    std::set<std::string> tests;
    for (const char* room : {"migrate", "cli"}) {
        for (const auto& file :
             std::filesystem::directory_iterator(kRoot / "src" / room / "tests")) {
            std::stringstream lines(base::read_file(file.path()));
            for (std::string line; std::getline(lines, line);) {
                if (line.starts_with("TEST")) {
                    std::size_t open = line.find('(');
                    std::size_t comma = line.find(", ");
                    tests.insert(line.substr(open + 1, comma - open - 1) + "." +
                                 line.substr(comma + 2, line.find(')') - comma - 2));
                }
            }
        }
    }
    return tests;
}

TEST(DynamormPage, HasARowForEachOfItsNamesAndATestForEachRow) {
    std::set<std::string> missing = page_names();
    std::set<std::string> tests = all_tests();
    EXPECT_EQ(missing.size(), 156U);
    for (const auto& [name, test] : documented()) {
        EXPECT_EQ(missing.erase(name), 1U) << name << " is not on the page, or twice here";
        EXPECT_TRUE(tests.contains(test)) << name << ": there is no test " << test;
    }
    EXPECT_THAT(missing, IsEmpty());
}

TEST(DynamormPage, NamesStates) {
    EXPECT_EQ(to_string(Status::applied), "applied");
    EXPECT_EQ(to_string(Status::rolled_back), "rolled_back");
    Project project;
    project.registry.add(simple("1"));
    EXPECT_EQ(Runner(project.registry, project.settings, project.world()).pending().size(), 1U);
}

TEST(DynamormPage, NamesChangesOfItems) {
    EXPECT_EQ(to_string(ItemDifference::Kind::put), "put");
    EXPECT_EQ(to_string(ItemDifference::Kind::update), "update");
    EXPECT_EQ(to_string(ItemDifference::Kind::remove), "remove");
}

class AddUserEmail final : public BaseMigration {
public:
    AddUserEmail()
        : BaseMigration("20240115_add_user_email", 20240115120000, "Lower-case e-mails",
                        {"20240114_begin"}) {}
    void up(Client&) override {}
};

TEST(DynamormPage, KeepsIdVersionDescriptionAndDependencies) {
    AddUserEmail code;
    EXPECT_EQ(code.id(), "20240115_add_user_email");
    EXPECT_EQ(code.version(), "20240115120000");
    EXPECT_EQ(code.description(), "Lower-case e-mails");
    EXPECT_THAT(code.dependencies(), ElementsAre("20240114_begin"));
    Migration migration = make_migration<AddUserEmail>();
    EXPECT_EQ(migration.alias(), code.id());
    EXPECT_EQ(migration.path(), "20240115120000_add_user_email");
    EXPECT_EQ(migration.id(), code.version());
    EXPECT_EQ(migration.description(), code.description());
    EXPECT_EQ(migration.dependencies(), code.dependencies());
    struct Wrong final : BaseMigration {
        Wrong() : BaseMigration("id", -1, "") {}
        void up(Client&) override {}
    };
    EXPECT_EQ(error_of([] { Wrong(); }).kind(), base::ErrorKind::invalid_argument);
}

IndexDefinition index_definition() {
    IndexDefinition index;
    index.name = "GSI7";
    index.hash = {"gsi7PK", dynamodb::AttributeType::string};
    index.sort = dynamodb::KeyAttribute{"gsi7SK", dynamodb::AttributeType::number};
    index.projection = dynamodb::ProjectionType::include;
    index.attributes = {"name"};
    index.billing = Billing{dynamodb::Throughput{7, 8}};
    return index;
}

/// A project with a provisioned table `app`.
struct AppProject : Project {
    AppProject() {
        dynamodb::Reply reply;
        memory.call({"CreateTable",
                     R"({"TableName":"app","KeySchema":[{"AttributeName":"pk","KeyType":"HASH"}],
                         "AttributeDefinitions":[{"AttributeName":"pk","AttributeType":"S"}],
                         "BillingMode":"PROVISIONED",
                         "ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":2}})"},
                    reply);
    }
    Runner runner() { return Runner(registry, settings, world()); }
    std::vector<dynamodb::IndexDescription> indexes() {
        return dynamodb::describe_table(memory, "app")->indexes;
    }
};

class AddLookupIndex final : public BaseMigration {
public:
    AddLookupIndex() : BaseMigration("20240115_lookup", 20240115120000, "Look users up") {}
    std::string table() const override { return "app"; }
    void up(Client& client) override { client.create_index("", index_definition()); }
    void down(Client& client) override { client.delete_index("", "GSI7"); }
};

TEST(DynamormPage, RunsAnIndexByCodeThereAndBack) {
    AppProject project;
    project.registry.add(make_migration<AddLookupIndex>());
    project.runner().migrate();
    EXPECT_EQ(project.indexes().size(), 1U);
    project.runner().rollback();
    EXPECT_THAT(project.indexes(), IsEmpty());
}

/// Notes the order in which its likes run.
class Dependent final : public BaseMigration {
public:
    Dependent(std::string id, std::int64_t version, std::vector<std::string> dependencies,
              std::vector<std::string>& order)
        : BaseMigration(std::move(id), version, "", std::move(dependencies)),
          order_(order) {}
    void up(Client&) override { order_.push_back("up " + id()); }
    void down(Client&) override { order_.push_back("down " + id()); }

private:
    std::vector<std::string>& order_;
};

TEST(DynamormPage, RunsWhatIsNeededFirst) {
    Project project;
    std::vector<std::string> order;
    project.registry.add(make_migration<Dependent>("a", 1, std::vector<std::string>{"b"}, order));
    project.registry.add(make_migration<Dependent>("b", 2, std::vector<std::string>{}, order));
    Runner runner(project.registry, project.settings, project.world());
    runner.migrate();
    EXPECT_THAT(order, ElementsAre("up b", "up a"));
    runner.rollback({.target = "0"});
    EXPECT_THAT(order, ElementsAre("up b", "up a", "down a", "down b"));
}

Migration index_migration() {
    return make_index_migration("20240116_activity", 20240116120000, "Query activity", "app",
                                index_definition(), {"20240115_lookup"});
}

TEST(DynamormPage, MakesIndexMigrations) {
    Migration migration = index_migration();
    EXPECT_EQ(migration.table(), "app");
    EXPECT_EQ(migration.alias(), "20240116_activity");
    EXPECT_THAT(migration.up_steps().at(0)->summary(), AllOf(HasSubstr("GSI7"), HasSubstr("app")));
    EXPECT_EQ(migration.up_steps().at(0)->inverse()->kind(), "delete_index");
    EXPECT_EQ(migration.down_mode(), Migration::Down::automatic);
}

TEST(DynamormPage, SendsWhatAnIndexDefinitionSays) {
    AppProject project;
    std::string sent;
    project.memory.before_call = [&](const dynamodb::Call& call) {
        sent = call.operation == "UpdateTable" ? std::string(call.body) : sent;
    };
    project.registry.add(index_migration().depends_on({}));
    project.runner().migrate();
    EXPECT_THAT(
        sent, AllOf(HasSubstr(R"("IndexName":"GSI7")"),
                    HasSubstr(R"({"AttributeName":"gsi7PK","KeyType":"HASH"})"),
                    HasSubstr(R"({"AttributeName":"gsi7SK","KeyType":"RANGE"})"),
                    HasSubstr(R"({"AttributeName":"gsi7PK","AttributeType":"S"})"),
                    HasSubstr(R"({"AttributeName":"gsi7SK","AttributeType":"N"})"),
                    HasSubstr(R"("ProjectionType":"INCLUDE")"),
                    HasSubstr(R"("NonKeyAttributes":["name"])"),
                    HasSubstr(R"("ReadCapacityUnits":7)"), HasSubstr(R"("WriteCapacityUnits":8)")));
}

TEST(DynamormPage, DescribesIndexesAsTheyAre) {
    AppProject project;
    project.registry.add(index_migration().depends_on({}));
    Runner runner = project.runner();
    runner.migrate();
    dynamodb::IndexDescription index = project.indexes().at(0);
    IndexDefinition wanted = index_definition();
    EXPECT_EQ(index.name, wanted.name);
    EXPECT_EQ(index.key, (dynamodb::KeySchema{wanted.hash, wanted.sort}));
    EXPECT_EQ(index.projection, wanted.projection);
    EXPECT_EQ(index.non_key_attributes, wanted.attributes);
    EXPECT_EQ(index.provisioned.read, 7);
    EXPECT_EQ(index.provisioned.write, 8);
    EXPECT_EQ(index.status, "ACTIVE");
    EXPECT_FALSE(runner.history().at(0).started_at.empty());
}

TEST(DynamormPage, KeepsMigrationsByVersion) {
    Registry registry;
    registry.add(simple("10"));
    registry.add(simple("9"));
    EXPECT_EQ(registry.all().at(0).id(), "9");
    EXPECT_EQ(registry.find("10")->id(), "10");
    EXPECT_EQ(registry.find("11"), nullptr);
    EXPECT_EQ(error_of([&] { registry.add(simple("09")); }).kind(),
              base::ErrorKind::already_exists);
}

TEST(DynamormPage, DerivesTheStatusFromTheHistory) {
    Project project;
    project.registry.add(simple("1"));
    Runner runner(project.registry, project.settings, project.world());
    runner.migrate();
    DatabaseStatus status = runner.status();
    EXPECT_EQ(status.current_version, "1");
    EXPECT_EQ(status.last_run->finished_at, runner.history().back().finished_at);
    runner.rollback();
    EXPECT_EQ(runner.status().current_version, "0");
}

TEST(DynamormPage, TellsOfRunsInRows) {
    Project project;
    project.registry.add(simple("7"));
    Runner runner(project.registry, project.settings, project.world());
    runner.migrate();
    runner.rollback();
    std::vector<HistoryRow> rows = runner.history();
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].id, "7");
    EXPECT_EQ(rows[0].description, "about 7");
    EXPECT_THAT(rows[0].by, HasSubstr("@"));
    EXPECT_EQ(rows[0].checksum, simple("7").checksum());
    EXPECT_EQ(rows[0].status, Status::applied);
    EXPECT_EQ(rows[1].status, Status::rolled_back);
    EXPECT_LT(rows[0].started_at, rows[1].started_at);
    EXPECT_FALSE(rows[0].finished_at.empty());
}

TEST(DynamormPage, KeepsWhatFailed) {
    Project project;
    project.registry.add(Migration("1").step(fake_step("one", [](const StepRun&) -> StepResult {
        throw base::Error(base::ErrorKind::failed_precondition, "it broke");
    })));
    Runner runner(project.registry, project.settings, project.world());
    error_of([&] { runner.migrate(); });
    EXPECT_EQ(runner.history().at(0).status, Status::failed);
    EXPECT_THAT(runner.history().at(0).error, HasSubstr("it broke"));
}

TEST(DynamormPage, TellsWhoMigrates) {
    Project project;
    std::optional<LockOwner> owner;
    project.registry.add(Migration("1").step(fake_step("one", [&](const StepRun&) {
        owner = Runner(project.registry, project.settings, project.world()).status().lock;
        return StepResult{};
    })));
    Runner runner(project.registry, project.settings, project.world());
    runner.migrate();
    ASSERT_TRUE(owner);
    EXPECT_THAT(owner->owner, HasSubstr("@"));
    EXPECT_FALSE(owner->since.empty());
    EXPECT_FALSE(runner.status().lock);
}

TEST(DynamormPage, FormatsFindings) {
    ValidationResult result;
    result.findings.push_back(
        {Finding::Severity::error, "not_found", "m.yaml:3:5", "no such thing", "add it"});
    result.findings.push_back(
        {Finding::Severity::warning, "irreversible", "m.yaml", "one way only", ""});
    EXPECT_FALSE(result.is_valid());
    EXPECT_EQ(result.errors().at(0).code, "not_found");
    EXPECT_EQ(result.warnings().at(0).message, "one way only");
    EXPECT_THAT(result.format(),
                AllOf(HasSubstr("Validation failed\n"), HasSubstr("m.yaml:3:5"),
                      HasSubstr("no such thing"), HasSubstr("1 error, 1 warning")));
}

}  // namespace
}  // namespace dynamigrate::migrate
