#include "../table_shapes.hpp"

#include "fixtures.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>

namespace dynamigrate::migrate {
namespace {

using dynamodb::AttributeType;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::simple;

IndexDefinition index_on(const std::string& name, const std::string& hash,
                         AttributeType type = AttributeType::string) {
    IndexDefinition index;
    index.name = name;
    index.hash = {hash, type};
    return index;
}

/// One migration a change, all on table "app" with the key pk.
struct ShapesCase : ::testing::Test {
    Registry registry;
    int made = 0;

    ShapesCase() {
        CreateTable app;
        app.name = "app";
        app.hash = {"pk", AttributeType::string};
        next().create_table(app);
    }
    Migration& next() {
        migrations.emplace_back(std::to_string(++made), "text").on("app");
        return migrations.back();
    }
    std::vector<Finding> check() {
        for (Migration& migration : migrations) {
            registry.add(migration);
        }
        return check_project(registry);
    }
    std::vector<std::string> codes() {
        std::vector<std::string> codes;
        for (const Finding& finding : check()) {
            codes.push_back(finding.code);
        }
        return codes;
    }
    std::list<Migration> migrations;
};

TEST_F(ShapesCase, AcceptsIndexesWithinTheLimits) {
    for (int i = 0; i < 20; ++i) {
        next().create_index(index_on("by_" + std::to_string(i), "a" + std::to_string(i)));
    }
    next().delete_index("by_3");
    next().create_index(index_on("by_20", "a20"));
    EXPECT_THAT(codes(), IsEmpty());
}

TEST_F(ShapesCase, CountsTheIndexesOfAllMigrations) {
    for (int i = 0; i < 21; ++i) {
        next().create_index(index_on("by_" + std::to_string(i), "a" + std::to_string(i)));
    }
    auto findings = check();
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].code, "too_many_indexes");
    EXPECT_EQ(findings[0].place, "migration 22");
    EXPECT_THAT(findings[0].message, HasSubstr("21 global"));
}

TEST_F(ShapesCase, CountsTheProjectedAttributesOfAllIndexes) {
    for (int i = 0; i < 6; ++i) {
        IndexDefinition index = index_on("by_" + std::to_string(i), "a");
        index.projection = dynamodb::ProjectionType::include;
        for (int attribute = 0; attribute < 18; ++attribute) {
            index.attributes.push_back("p" + std::to_string(attribute));
        }
        next().create_index(index);
    }
    EXPECT_THAT(codes(), ElementsAre("too_many_projected"));
}

TEST_F(ShapesCase, FindsKeysOfTwoTypesAndIndexesOfTwoKeys) {
    next().create_index(index_on("by_n", "pk", AttributeType::number));
    next().create_index(index_on("by_a", "a"));
    next().create_index(index_on("by_a", "a"));
    next().create_index(index_on("by_a", "b"));
    EXPECT_THAT(codes(), ElementsAre("conflicting_types", "different_index"));
}

TEST_F(ShapesCase, FindsATableMadeTwiceWithAnotherKey) {
    CreateTable again;
    again.name = "app";
    again.hash = {"id", AttributeType::string};
    next().create_table(again);
    EXPECT_THAT(codes(), ElementsAre("different_table"));
}

TEST_F(ShapesCase, ForgetsADeletedTable) {
    next().delete_table("app");
    CreateTable again;
    again.name = "app";
    again.hash = {"id", AttributeType::string};
    next().create_table(again);
    EXPECT_THAT(codes(), IsEmpty());
}

TEST(ProjectCheck, NotesMissingDescriptionsAndDependenciesOnLaterVersions) {
    Registry registry;
    registry.add(simple("1.0.0", {"1.1.0"}));
    registry.add(Migration("1.1.0").from("1.1.0.yaml", "checksum"));
    registry.add(Migration("1.2.0"));
    auto findings = check_project(registry);
    ASSERT_EQ(findings.size(), 2u);
    EXPECT_EQ(findings[0].code, "depends_on_later");
    EXPECT_EQ(findings[0].severity, Finding::Severity::warning);
    EXPECT_EQ(findings[1].code, "no_description");
    EXPECT_EQ(findings[1].severity, Finding::Severity::note);
}

}  // namespace
}  // namespace dynamigrate::migrate
