#include "fixtures.hpp"

#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/migrate/migration_class.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::Project;

dynamodb::Item item(const std::string& json, base::Arena& arena) {
    return dynamodb::parse_item(json, arena);
}

/// A project with a table `prod-app`, called `app` in migrations, of three items.
class CodeStepTest : public ::testing::Test {
protected:
    CodeStepTest() {
        project.settings.tables["app"] = "prod-app";
        project.memory.create_table("prod-app",
                                    {{"pk", dynamodb::AttributeType::string}, std::nullopt});
        for (const char* key : {"a", "b", "c"}) {
            project.memory.put("prod-app",
                               std::string(R"({"pk":{"S":")") + key + R"("},"n":{"N":"1"}})");
        }
        before = items();
    }

    std::vector<std::string> items() const {
        std::vector<std::string> all;
        for (const auto& [key, text] : project.memory.items("prod-app")) {
            all.push_back(text);
        }
        return all;
    }
    void down() {
        Migrator runner(project.registry, project.settings, project.world());
        runner.run(runner.plan_down(std::nullopt), project.listener, {}, {});
    }
    static void increment(Client& client, const std::string& key) {
        base::Arena arena;
        dynamodb::ExpressionText one;
        one.values = item(R"({":one":{"N":"1"}})", arena);
        client.update("", item(R"({"pk":{"S":")" + key + R"("}})", arena), "ADD n :one", one);
    }

    Project project;
    std::vector<std::string> before;
};

Migration coded(CodeFunction code, CodeFunction inverse = {}) {
    Migration migration("1", "Increment");
    migration.on("app").code("increment", std::move(code), std::move(inverse)).down_auto();
    return migration;
}

TEST_F(CodeStepTest, WritesAndIsTakenBackFromTheJournal) {
    project.registry.add(coded([](Client& client) {
        base::Arena arena;
        increment(client, "a");
        increment(client, "a");
        client.remove("", item(R"({"pk":{"S":"b"}})", arena));
        client.put("", item(R"({"pk":{"S":"d"}})", arena));
    }));
    const RunResult result = project.up();
    EXPECT_THAT(items(), ElementsAre(R"({"n":{"N":"3"},"pk":{"S":"a"}})",
                                     R"({"n":{"N":"1"},"pk":{"S":"c"}})", R"({"pk":{"S":"d"}})"));
    EXPECT_EQ(result.rows[0].counts.changed, 4U);
    down();
    EXPECT_EQ(items(), before);
}

TEST_F(CodeStepTest, IsTakenBackAlthoughATableOfItIsGone) {
    project.memory.create_table("temporary",
                                {{"pk", dynamodb::AttributeType::string}, std::nullopt});
    project.registry.add(coded([](Client& client) {
        base::Arena arena;
        increment(client, "a");
        client.put("temporary", item(R"({"pk":{"S":"t"}})", arena));
    }));
    project.up();
    dynamodb::Reply reply;
    project.memory.call({"DeleteTable", R"({"TableName":"temporary"})"}, reply);
    down();
    EXPECT_EQ(items(), before);
}

TEST_F(CodeStepTest, GoesBackByItsOwnInverseWhereThereIsOne) {
    project.registry.add(coded([](Client& client) { increment(client, "a"); },
                               [](Client& client) { increment(client, "b"); }));
    project.up();
    down();
    EXPECT_THAT(items(), ElementsAre(HasSubstr(R"("n":{"N":"2"})"), HasSubstr(R"("n":{"N":"2"})"),
                                     HasSubstr(R"("n":{"N":"1"})")));
}

TEST_F(CodeStepTest, StartsOverFromWhatWasThereWhenItWasCutShort) {
    bool fails = true;
    project.registry.add(coded([&](Client& client) {
        increment(client, "a");
        if (fails) {
            throw std::runtime_error("no more");
        }
        increment(client, "b");
    }));
    const base::Error error = error_of([&] { project.up(); });
    EXPECT_THAT(error.what(), HasSubstr("the migration's code failed: no more"));
    fails = false;
    project.up();
    EXPECT_THAT(items(), ElementsAre(HasSubstr(R"("n":{"N":"2"})"), HasSubstr(R"("n":{"N":"2"})"),
                                     HasSubstr(R"("n":{"N":"1"})")));
    down();
    EXPECT_EQ(items(), before);
}

TEST_F(CodeStepTest, RefusesToStartOverWhereSomebodyElseChangedWhatItWrote) {
    bool fails = true;
    project.registry.add(coded([&](Client& client) {
        increment(client, "a");
        if (fails) {
            throw std::runtime_error("no more");
        }
    }));
    error_of([&] { project.up(); });
    fails = false;
    project.memory.put("prod-app", R"({"pk":{"S":"a"},"n":{"N":"7"}})");
    EXPECT_EQ(error_of([&] { project.up(); }).kind(), base::ErrorKind::outcome_unknown);
    project.settings.force = true;
    project.up();
    EXPECT_THAT(items()[0], HasSubstr(R"("n":{"N":"8"})"));
}

TEST_F(CodeStepTest, RunsAgainOnWhatIsThereWhenItIsRepeatable) {
    int runs = 0;
    CodeStep step;
    step.name = "increment";
    step.table = "app";
    step.is_repeatable = true;
    step.code = [&](Client& client) {
        increment(client, "a");
        if (++runs == 1) {
            throw std::runtime_error("no more");
        }
    };
    project.registry.add(Migration("1").step(make_code(step)));
    error_of([&] { project.up(); });
    project.up();
    EXPECT_THAT(items()[0], HasSubstr(R"("n":{"N":"3"})"));
}

TEST_F(CodeStepTest, DoesNotStartOverWithoutAJournal) {
    project.settings.journal = false;
    project.registry.add(coded([](Client&) { throw std::runtime_error("no more"); }));
    error_of([&] { project.up(); });
    EXPECT_THAT(error_of([&] { project.up(); }).what(), HasSubstr("it keeps no journal"));
}

TEST_F(CodeStepTest, StopsWhereItAsksAndIsResumed) {
    std::stop_source stop;
    bool first = true;
    project.registry.add(coded([&](Client& client) {
        increment(client, "a");
        if (first) {
            stop.request_stop();
        }
        client.throw_if_stopping();
        increment(client, "b");
    }));
    Migrator runner(project.registry, project.settings, project.world());
    const auto plan = runner.plan_up(std::nullopt, true);
    EXPECT_TRUE(runner.run(plan, project.listener, stop.get_token(), {}).interrupted);
    first = false;
    runner.resume("", project.listener, {}, {});
    EXPECT_THAT(items(), ElementsAre(HasSubstr(R"("n":{"N":"2"})"), HasSubstr(R"("n":{"N":"2"})"),
                                     HasSubstr(R"("n":{"N":"1"})")));
}

TEST_F(CodeStepTest, ReadsAndListsIndexes) {
    project.registry.add(coded([](Client& client) {
        base::Arena arena;
        EXPECT_EQ(client.table(), "prod-app");
        EXPECT_TRUE(client.get("app", item(R"({"pk":{"S":"a"}})", arena)));
        int seen = 0;
        client.scan("", [&](const dynamodb::Item&) { return ++seen < 2; });
        EXPECT_EQ(seen, 2);
        IndexDefinition index;
        index.name = "by_n";
        index.hash = {"n", dynamodb::AttributeType::number};
        client.create_index("", index);
        EXPECT_EQ(client.indexes("").at(0).status, "ACTIVE");
        client.delete_index("", "by_n");
        EXPECT_TRUE(client.indexes("").empty());
    }));
    project.up();
}

class SplitNames final : public BaseMigration {
public:
    SplitNames() : BaseMigration("2024_split_names", 20240115120000, "Split names") {}
    std::string table() const override { return "app"; }
    void up(Client& client) override {
        base::Arena arena;
        client.remove("", item(R"({"pk":{"S":"a"}})", arena));
    }
};

class WithDown final : public BaseMigration {
public:
    WithDown() : BaseMigration("20240116120000", "With down", {"2024_split_names"}) {}
    std::string table() const override { return "app"; }
    void up(Client&) override {}
    void down(Client& client) override {
        base::Arena arena;
        client.put("", item(R"({"pk":{"S":"went back"}})", arena));
    }
};

TEST_F(CodeStepTest, RunsClassesAndGoesBackFromTheJournalWithoutADown) {
    static_assert(kHasOwnDown<WithDown> && !kHasOwnDown<SplitNames>);
    project.registry.add(make_migration<WithDown>());
    project.registry.add(make_migration<SplitNames>());
    project.up();
    EXPECT_EQ(items().size(), 2U);
    Migrator runner(project.registry, project.settings, project.world());
    runner.run(runner.plan_down("0"), project.listener, {}, {});
    ASSERT_EQ(items().size(), 4U);
    EXPECT_THAT(items()[3], HasSubstr("went back"));
}

TEST(Registry, FindsAliasesAndResolvesDependenciesOnThem) {
    Registry registry;
    registry.add(make_migration<WithDown>());
    registry.add(make_migration<SplitNames>());
    ASSERT_NE(registry.find("2024_split_names"), nullptr);
    EXPECT_EQ(registry.find("2024_split_names")->id(), "20240115120000");
    EXPECT_THAT(registry.find("20240116120000")->dependencies(), ElementsAre("20240115120000"));
    EXPECT_THAT(error_of([&] { registry.add(Migration("3").alias("2024_split_names")); }).what(),
                HasSubstr("\"2024_split_names\" exists twice"));
}

TEST(IndexMigration, CreatesAnIndexAndDeletesItOnTheWayBack) {
    IndexDefinition index;
    index.name = "by_email";
    index.hash = {"email", dynamodb::AttributeType::string};
    const Migration migration =
        make_index_migration("add_by_email", 7, "Find by e-mail", "app", index, {"6"});
    EXPECT_EQ(migration.id(), "7");
    EXPECT_EQ(migration.alias(), "add_by_email");
    ASSERT_EQ(migration.up_steps().size(), 1U);
    EXPECT_EQ(migration.up_steps()[0]->kind(), "create_index");
    EXPECT_EQ(migration.up_steps()[0]->reversal().kind, Reversal::Kind::inverse);
}

const Registration kRegistered = register_migration<SplitNames>();

TEST(Registration, RegistersGlobally) {
    EXPECT_NE(global_registry().find("2024_split_names"), nullptr);
    EXPECT_EQ(error_of([] { register_migration<SplitNames>(); }).kind(),
              base::ErrorKind::already_exists);
}

}  // namespace
}  // namespace dynamigrate::migrate
