#include <dynamigrate/cloud/template.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace dynamigrate::cloud {

namespace {

TemplateRequest request() {
    TemplateRequest made;
    made.project = "app";
    made.migrations = {
        {"1.0.0", "up", "a", 0}, {"1.1.0", "up", "b", 5}, {"reset", "named", "c", 0}};
    made.tables = {{"app", "app-dev", "Tableapp"}};
    made.statements = {
        {"Tables1", {"dynamodb:Scan"}, {"arn:${AWS::Partition}:x:table/${Tableapp}"}}};
    made.history_table = "history";
    made.architecture = "x86_64";
    made.package_digest = "p";
    return made;
}

TemplateRequest with_migrations(int count) {
    TemplateRequest made = request();
    made.migrations.clear();
    for (int i = 1; i <= count; ++i) {
        made.migrations.push_back({std::to_string(i), "up", "c", 0});
    }
    return made;
}

const json::Value& resource(const json::Value& content, const std::string& id) {
    const json::Value* found = content.find("Resources")->find(id);
    if (found == nullptr) {
        throw std::runtime_error("no " + id);
    }
    return *found;
}

std::vector<std::string> ids(const json::Value& content, std::string_view prefix) {
    std::vector<std::string> found;
    for (const auto& member : content.find("Resources")->members()) {
        if (member.key.starts_with(prefix)) {
            found.push_back(member.key);
        }
    }
    return found;
}

std::string failure(const TemplateRequest& asked) {
    try {
        make_templates(asked);
    } catch (const base::Error& error) {
        return error.what();
    }
    return "";
}

TEST(Template, IsTheSameForTheSameRequest) {
    EXPECT_EQ(json::to_json(make_templates(request()).main),
              json::to_json(make_templates(request()).main));
}

TEST(Template, HasAMachineForEachMigrationThatCallsTheVersion) {
    const json::Value content = make_templates(request()).main;
    const std::string version = ids(content, "FunctionVersion").at(0);
    for (const auto& migration : request().migrations) {
        const json::Value& values = *resource(content, machine_id(migration.id))
                                         .find("Properties")
                                         ->find("DefinitionSubstitutions");
        EXPECT_EQ(values.find("FunctionVersion")->find("Ref")->text(), version);
        EXPECT_EQ(values.find("Migration")->text(), migration.id);
        EXPECT_EQ(values.find("Action")->text(), migration.action);
        EXPECT_EQ(json::to_json(*values.find("ToleratedFailures")),
                  migration.id == "1.1.0" ? R"("5")" : R"({"Ref":"ToleratedFailures"})");
        EXPECT_EQ(json::to_json(*values.find("Tables")), R"({"Fn::Sub":"app=${Tableapp}"})");
    }
}

TEST(Template, LeavesToTheStackWhatItsParametersSay) {
    const json::Value content = make_templates(request()).main;
    const std::string& definition =
        content.find("Mappings")->find("Definitions")->find("Migration")->find("Text")->text();
    for (const char* part :
         {R"("FunctionName":"${FunctionVersion}")", R"("MaxConcurrency":${Concurrency})",
          R"("migration":"${Migration}")", R"("action":"${Action}")",
          R"("ToleratedFailurePercentage":${ToleratedFailures})",
          R"("DYNAMIGRATE_TABLES":"${Tables}")", R"("arn:${Partition}:states:::lambda:invoke")"}) {
        EXPECT_NE(definition.find(part), std::string::npos) << part;
    }
}

TEST(Template, GivesTheFunctionTheMemoryAndTheTimeThatAreConfigured) {
    migrate::Settings settings;
    settings.cloud.memory_mb = 2048;
    settings.cloud.call_timeout = std::chrono::seconds(300);
    TemplateRequest asked = request();
    add_project(asked, migrate::Registry{}, settings, {});
    const json::Value content = make_templates(asked).main;
    EXPECT_EQ(content.find("Parameters")->find("MemorySize")->find("Default")->text(), "2048");
    EXPECT_EQ(resource(content, "Function").find("Properties")->find("Timeout")->text(), "300");
    asked.memory_mb = 128;
    EXPECT_NE(failure(asked).find("`cloud.memory`"), std::string::npos);
    asked.memory_mb = 1024;
    asked.call_timeout = std::chrono::seconds(100);
    EXPECT_NE(failure(asked).find("`cloud.timeout`"), std::string::npos);
}

TEST(Template, NamesResourcesForEachIdAnew) {
    std::set<std::string> found;
    const std::vector<std::string> names{"1.0.0",   "10.0",    "100", "1.0.10", "10.1.0",
                                         "1.0.0-a", "1.0.0-A", "a-b", "a_b",    "ab"};
    for (const std::string& name : names) {
        const std::string id = machine_id(name);
        EXPECT_TRUE(std::ranges::all_of(id, [](unsigned char c) { return std::isalnum(c) != 0; }));
        found.insert(id);
    }
    EXPECT_EQ(found.size(), names.size());
    EXPECT_EQ(machine_id("ab"), "Migrationab");
    EXPECT_LE(machine_id(std::string(1000, 'x')).size(), 255U);
}

TEST(Template, PublishesAVersionWhenMigrationsOrPackageChange) {
    const auto version = [](const TemplateRequest& asked) {
        return ids(make_templates(asked).main, "FunctionVersion").at(0);
    };
    TemplateRequest changed = request();
    changed.migrations[0].checksum = "z";
    TemplateRequest repacked = request();
    repacked.package_digest = "q";
    EXPECT_NE(version(changed), version(request()));
    EXPECT_NE(version(repacked), version(request()));
    EXPECT_NE(digest_of(changed.migrations), digest_of(request().migrations));
}

TEST(Template, LetsCloudFormationsResourceNameEveryMachine) {
    const json::Value content = make_templates(request()).main;
    const json::Value& properties = *resource(content, "Migrations").find("Properties");
    for (const auto& migration : request().migrations) {
        EXPECT_EQ(properties.find("Machines")->find(migration.id)->find("Ref")->text(),
                  machine_id(migration.id));
    }
    EXPECT_EQ(properties.find("Digest")->text(), digest_of(request().migrations));
}

TEST(Template, SplitsPoliciesAndRulesByWhatTheyHold) {
    const json::Value content = make_templates(with_migrations(45)).main;
    EXPECT_EQ(ids(content, "FunctionMachines").size(), 3U);
    EXPECT_EQ(ids(content, "StatesRole").size(), 3U);
    EXPECT_EQ(ids(content, "StatesPolicy").size(), 3U);
    EXPECT_EQ(ids(content, "StoppedRule").size(), 5U);
    EXPECT_EQ(ids(content, "StoppedPermission").size(), 5U);
}

TEST(Template, IsMadeWithoutMigrationsToo) {
    const json::Value content = make_templates(with_migrations(0)).main;
    EXPECT_TRUE(ids(content, "StoppedRule").empty());
    EXPECT_EQ(ids(content, "Migration"), std::vector<std::string>{"Migrations"});
}

TEST(Template, GivesEachMigrationAStackOfItsOwnWhereAsked) {
    TemplateRequest asked = request();
    asked.is_nested = true;
    const StackTemplates made = make_templates(asked);
    ASSERT_EQ(made.nested.size(), 3U);
    const json::Value& stack = resource(made.main, machine_id("1.0.0"));
    EXPECT_EQ(stack.find("Type")->text(), "AWS::CloudFormation::Stack");
    EXPECT_EQ(stack.find("Properties")->find("TemplateURL")->text(), "./" + made.nested[0].file);
    for (const auto& parameter : stack.find("Properties")->find("Parameters")->members()) {
        EXPECT_NE(made.nested[0].content.find("Parameters")->find(parameter.key), nullptr);
    }
    EXPECT_EQ(stack.find("Properties")->find("Parameters")->members().size(),
              made.nested[0].content.find("Parameters")->members().size());
}

TEST(Template, RefusesWhatCloudFormationDoesNotTake) {
    EXPECT_NE(failure(with_migrations(181)).find("181 migrations"), std::string::npos);
    EXPECT_EQ(failure(with_migrations(180)), "");
    TemplateRequest asked = request();
    asked.timeout = std::chrono::minutes{56};
    EXPECT_NE(failure(asked).find("--on-timeout detach"), std::string::npos);
    asked = request();
    asked.concurrency = 10'001;
    EXPECT_NE(failure(asked).find("1 to 10000 segments"), std::string::npos);
    asked = request();
    for (int i = 0; i < 100; ++i) {
        asked.tables.push_back({std::string(30, 'x'), std::string(30, 'y'), std::to_string(i)});
    }
    EXPECT_NE(failure(asked).find("101 tables"), std::string::npos);
    asked = request();
    for (int i = 0; i < 185; ++i) {
        asked.tables.push_back({"t", "t", "Table" + std::to_string(i)});
    }
    EXPECT_NE(failure(asked).find("Parameters; CloudFormation takes 200"), std::string::npos);
    asked = request();
    asked.statements[0].resources.assign(100, std::string(100, 'a'));
    EXPECT_NE(failure(asked).find("policies hold"), std::string::npos);
    EXPECT_THROW(check_template_size("t", std::string(1'000'001, 'x'), false), base::Error);
    EXPECT_NO_THROW(check_template_size("t", std::string(1'000'000, 'x'), false));
}

TEST(TemplateRequest, GivesEachNamedTableAParameter) {
    migrate::Registry registry;
    registry.add(migrate::Migration{"1", ""}.on("orders").rename_attribute("a", "b").down_auto());
    registry.add(migrate::Migration{"2", ""}.rename_attribute("a", "b"));
    migrate::Settings settings;
    settings.default_table = "app";
    settings.tables = {{"orders", "orders-dev"}};
    settings.backfill.failure_budget = backfill::FailureBudget{.percent = 7};
    settings.cloud.concurrency = 48;
    TemplateRequest made;
    add_project(made, registry, settings, {});
    EXPECT_EQ(made.concurrency, 48U);
    EXPECT_EQ(made.migrations[0].tolerated_failure_percent, 7);
    ASSERT_EQ(made.tables.size(), 2U);
    EXPECT_EQ(made.tables[0].real_name, "app");
    EXPECT_EQ(made.tables[1].name, "orders");
    EXPECT_EQ(made.tables[1].real_name, "orders-dev");
    bool is_found = false;
    for (const auto& statement : made.statements) {
        for (const std::string& resource : statement.resources) {
            is_found = is_found || resource.ends_with("table/${" + made.tables[1].parameter + "}");
            EXPECT_EQ(resource.find("orders-dev"), std::string::npos);
        }
    }
    EXPECT_TRUE(is_found);
}

}  // namespace

}  // namespace dynamigrate::cloud
