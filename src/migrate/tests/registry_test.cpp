#include "../validation.hpp"
#include "fixtures.hpp"

#include <dynamigrate/migrate/migration.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using testing::fake_step;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::simple;

std::vector<std::string> codes(const std::vector<Finding>& findings) {
    std::vector<std::string> codes;
    for (const Finding& finding : findings) {
        codes.push_back(finding.code);
    }
    return codes;
}

TEST(Registry, OrdersVersionsThenNames) {
    Registry registry;
    for (const char* id : {"reset", "1.10.0", "1.2.0", "cleanup"}) {
        registry.add(simple(id));
    }
    std::vector<std::string> ids;
    for (const Migration& migration : registry.all()) {
        ids.push_back(migration.id());
    }
    EXPECT_THAT(ids, ElementsAre("1.2.0", "1.10.0", "cleanup", "reset"));
}

TEST(Registry, RefusesASecondOneOfAVersionAndNamesBoth) {
    Registry registry;
    registry.add(simple("7").from("a/7_x.yaml", "1"));
    auto error = error_of([&] { registry.add(simple("007").from("b/007_y.yaml", "2")); });
    EXPECT_EQ(error.kind(), base::ErrorKind::already_exists);
    EXPECT_THAT(error.what(), HasSubstr("a/7_x.yaml"));
    EXPECT_THAT(error.what(), HasSubstr("b/007_y.yaml"));
}

TEST(Registry, FindsHoweverTheVersionIsSpelled) {
    Registry registry;
    registry.add(simple("007"));
    registry.add(simple("cleanup"));
    ASSERT_NE(registry.find("7"), nullptr);
    EXPECT_EQ(registry.find("7")->id(), "007");
    EXPECT_NE(registry.find("cleanup"), nullptr);
    EXPECT_EQ(registry.find("8"), nullptr);
}

TEST(Migration, AddsStepsDownOnlyAfterDown) {
    Migration migration("1.0.0");
    migration.step(fake_step("a")).step(fake_step("b")).down().step(fake_step("c"));
    EXPECT_EQ(migration.up_steps().size(), 2u);
    EXPECT_EQ(migration.down_steps().size(), 1u);
    EXPECT_EQ(migration.down_mode(), Migration::Down::steps);
    EXPECT_EQ(Migration("1.0.0").down_mode(), Migration::Down::irreversible);
    EXPECT_EQ(Migration("1.0.0").down_auto().down_mode(), Migration::Down::automatic);
}

TEST(Migration, HasAChecksumOfItsStepsWhereThereIsNoFile) {
    Migration a("1.0.0", "text");
    a.step(fake_step("a"));
    Migration same("1.0.0", "text");
    same.step(fake_step("a"));
    Migration other("1.0.0", "text");
    other.step(fake_step("b"));
    EXPECT_EQ(a.checksum(), same.checksum());
    EXPECT_NE(a.checksum(), other.checksum());
    EXPECT_EQ(a.checksum().size(), 64u);
    EXPECT_EQ(a.from("f.yaml", "given").checksum(), "given");
}

TEST(Validation, AcceptsASoundRegistry) {
    Registry registry;
    registry.add(simple("1.0.0"));
    registry.add(simple("1.1.0", {"1.0.0"}));
    registry.add(simple("reset"));
    EXPECT_THAT(check_structure(registry), IsEmpty());
    EXPECT_THAT(check_migration(registry.all()[0]), IsEmpty());
}

TEST(Validation, RefusesSeveralKindsOfVersions) {
    Registry registry;
    registry.add(simple("1.0.0"));
    registry.add(simple("7"));
    EXPECT_THAT(codes(check_structure(registry)), ElementsAre("mixed_versions"));
}

TEST(Validation, NamesACycleInFull) {
    Registry registry;
    registry.add(simple("1.0.0", {"1.2.0"}));
    registry.add(simple("1.1.0", {"1.0.0"}));
    registry.add(simple("1.2.0", {"1.1.0"}));
    registry.add(simple("1.3.0", {"1.2.0"}));
    auto findings = check_structure(registry);
    ASSERT_THAT(codes(findings), ElementsAre("dependency_cycle"));
    EXPECT_THAT(findings[0].message, HasSubstr("1.0.0 -> 1.2.0 -> 1.1.0 -> 1.0.0"));
}

TEST(Validation, NamesMissingDependenciesAndNamesThatAreCommands) {
    Registry registry;
    registry.add(simple("1.1.0", {"1.0.0"}));
    registry.add(simple("status"));
    EXPECT_THAT(codes(check_structure(registry)),
                ElementsAre("name_is_a_command", "missing_dependency"));
}

TEST(Validation, TakesTheDefaultTableForStepsThatNameNone) {
    Migration migration("1.0.0");
    migration.step(make_pitr({"", true})).down_auto();
    EXPECT_THAT(codes(check_migration(migration)), ElementsAre("no_table"));
    EXPECT_THAT(codes(check_migration(migration, "app")), IsEmpty());
    migration.on("app");
    EXPECT_THAT(codes(check_migration(migration)), IsEmpty());
}

TEST(Validation, WarnsOfWhatCannotBeReversed) {
    Migration irreversible("1.0.0");
    irreversible.step(fake_step("a"));
    EXPECT_THAT(codes(check_migration(irreversible)), ElementsAre("irreversible"));
    Migration automatic("1.0.0");
    automatic.step(fake_step("drop", {}, Reversal::Kind::impossible)).down_auto();
    auto findings = check_migration(automatic);
    ASSERT_THAT(codes(findings), ElementsAre("irreversible_step"));
    EXPECT_THAT(findings[0].message, HasSubstr("drop"));
    EXPECT_THAT(codes(check_migration(Migration("1.0.0").down_auto())), ElementsAre("no_steps"));
}

}  // namespace
}  // namespace dynamigrate::migrate
