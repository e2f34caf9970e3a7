#include <dynamigrate/migrate/indexes.hpp>

#include "fixtures.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using dynamodb::AttributeType;
using dynamodb::IndexDescription;
using dynamodb::TableDescription;
using dynamodb::Throughput;
using State = IndexState::State;

IndexDefinition index_on(const std::string& name, const std::string& attribute) {
    IndexDefinition index;
    index.name = name;
    index.hash = {attribute, AttributeType::string};
    return index;
}

IndexDescription there(const std::string& name, const std::string& attribute,
                       const std::string& status = "ACTIVE") {
    IndexDescription index;
    index.name = name;
    index.key.hash = {attribute, AttributeType::string};
    index.status = status;
    return index;
}

/// A project whose versions are applied in order as far as told.
struct Declared {
    Registry registry;
    Settings settings;
    std::vector<HistoryRow> applied;
    std::vector<const Migration*> outstanding;

    Declared() {
        settings.default_table = "app";
        settings.tables["app"] = "prod-app";
    }
    void add(Migration migration) { registry.add(std::move(migration)); }
    std::vector<IndexState> compare(std::size_t applied_count, const TableDescription& table) {
        std::vector<IndexWork> work = worked(applied_count);
        return compare_indexes("prod-app", work, table);
    }
    std::vector<IndexWork> worked(std::size_t applied_count) {
        applied.clear();
        outstanding.clear();
        for (const Migration& migration : registry.all()) {
            if (applied.size() < applied_count) {
                applied.push_back(testing::row_of(migration, Status::applied));
            } else {
                outstanding.push_back(&migration);
            }
        }
        return index_work(registry, settings, applied, outstanding);
    }
};

std::vector<std::string> states(const std::vector<IndexState>& indexes) {
    std::vector<std::string> list;
    for (const IndexState& index : indexes) {
        list.push_back(index.name + " " + std::string(to_string(index.state)) +
                       (index.next.empty() ? "" : " next " + index.next));
    }
    return list;
}

using Strings = std::vector<std::string>;

TEST(Indexes, AreComparedWithWhatMigrationsDeclare) {
    Declared project;
    project.add(Migration("1.0.0").on("app").create_index(index_on("a", "x")));
    project.add(Migration("1.1.0").on("app").create_index(index_on("b", "x")));
    project.add(Migration("1.2.0").on("app").create_index(index_on("c", "x")).delete_index("a"));
    project.add(Migration("1.3.0").on("app").create_index(index_on("d", "x")));
    TableDescription table;
    table.item_count = 100;
    table.indexes = {there("a", "x"), there("b", "y"), there("e", "x")};
    EXPECT_EQ(states(project.compare(2, table)),
              (Strings{"a ok next 1.2.0", "b different", "c outstanding", "d outstanding",
                       "e undeclared"}));
    EXPECT_EQ(project.compare(2, table)[1].differences,
              (Strings{"the key of index b is y (S), not x (S)"}));

    table.indexes = {there("b", "x"), there("d", "x", "CREATING")};
    table.indexes[1].is_backfilling = true;
    table.indexes[1].item_count = 30;
    std::vector<IndexState> found = project.compare(3, table);
    EXPECT_EQ(states(found), (Strings{"b ok", "c missing", "d building"}));
    EXPECT_EQ(found[2].percent, 30);
    EXPECT_EQ(found[0].migration, "1.1.0");
}

TEST(Indexes, CountWhatATableWasCreatedWithAndGoWithIt) {
    Declared project;
    CreateTable definition;
    definition.name = "app";
    definition.hash = {"id", AttributeType::string};
    definition.sort = KeyAttribute{"at", AttributeType::string};
    definition.indexes = {index_on("a", "x")};
    definition.local_indexes = {index_on("l", "id")};
    project.add(Migration("1.0.0").create_table(definition));
    project.add(Migration("1.1.0").delete_table("app"));
    TableDescription table;
    table.indexes = {there("a", "x"), there("l", "id", "")};
    table.indexes[1].is_local = true;
    std::vector<IndexState> found = project.compare(1, table);
    EXPECT_EQ(states(found), (Strings{"a ok next 1.1.0", "l ok next 1.1.0"}));
    EXPECT_TRUE(found[1].is_local);
    EXPECT_TRUE(compare_indexes("prod-app", project.worked(2), std::nullopt).empty());
}

TEST(Indexes, TellACapacityThatIsNotAsDeclared) {
    Declared project;
    IndexDefinition index = index_on("a", "x");
    index.billing = Billing{Throughput{5, 5}};
    project.add(Migration("1.0.0").on("app").create_index(index));
    Migration later("1.1.0");
    later.on("app").step(make_update_index({"app", "a", Throughput{7, 7}, {}, {}, false}));
    project.add(later);
    TableDescription table;
    table.provisioned = {1, 1};
    table.indexes = {there("a", "x")};
    table.indexes[0].provisioned = {5, 500};
    EXPECT_EQ(project.compare(1, table)[0].differences,
              (Strings{"its capacity is 5 RCU 500 WCU, not 5 RCU 5 WCU"}));
    table.indexes[0].provisioned = {7, 7};
    EXPECT_EQ(states(project.compare(2, table)), (Strings{"a ok"}));
}

}  // namespace
}  // namespace dynamigrate::migrate
