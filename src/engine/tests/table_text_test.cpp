#include "../table.hpp"

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::engine {
namespace {

using dynamodb::AttributeType;
using dynamodb::ProjectionType;

base::WallTime at(std::int64_t milliseconds) {
    return base::WallTime(std::chrono::milliseconds(milliseconds));
}

Index example_index() {
    Index index;
    index.number = 7;
    index.name = "by-size";
    index.key = {{"size", AttributeType::number},
                 dynamodb::KeyAttribute{"hash", AttributeType::binary}};
    index.projection = ProjectionType::include;
    index.non_key_attributes = {"a", "b \"c\" \n"};
    index.is_local = true;
    index.status = Status::deleting;
    index.is_backfilling = true;
    index.throughput = {3, 4};
    index.on_demand_maximum = {5, 6.5};
    index.is_in_base = true;
    return index;
}

Table example_table() {
    Table table;
    table.number = 4'000'000'000;
    table.name = "places";
    table.id = "id-1";
    table.arn = "arn:aws:dynamodb:local:000000000000:table/places";
    table.created = at(1'700'000'000'123);
    table.key = {{"pk", AttributeType::string},
                 dynamodb::KeyAttribute{"sk", AttributeType::number}};
    table.definitions = {{"pk", AttributeType::string}, {"sk", AttributeType::number}};
    table.indexes = {example_index()};
    table.next_index = 8;
    table.status = Status::updating;
    table.is_on_demand = false;
    table.billing_changed = at(1);
    table.throughput = {10, 20};
    table.throughput_increased = at(2);
    table.throughput_decreased = at(3);
    table.decreases_today = 2;
    table.on_demand_maximum = {30, 40};
    table.warm = {50, 60};
    table.stream_view = "NEW_IMAGE";
    table.stream_label = "2026-01-01T00:00:00.000";
    table.is_protected = true;
    table.table_class = "STANDARD";
    table.sse = R"({"Status":"ENABLED"})";
    table.ttl_attribute = "expires";
    table.has_point_in_time_recovery = true;
    table.recovery_since = at(4);
    table.tags = {{"k", "v"}, {"\xc3\xa9", ""}};
    table.restore_summary = R"({"RestoreInProgress":true})";
    table.restoring = "arn:backup";
    table.is_in_base = true;
    return table;
}

void expect_equal(const Index& a, const Index& b) {
    EXPECT_EQ(a.number, b.number);
    EXPECT_EQ(a.name, b.name);
    EXPECT_EQ(a.key, b.key);
    EXPECT_EQ(a.projection, b.projection);
    EXPECT_EQ(a.non_key_attributes, b.non_key_attributes);
    EXPECT_EQ(a.is_local, b.is_local);
    EXPECT_EQ(a.status, b.status);
    EXPECT_EQ(a.is_backfilling, b.is_backfilling);
    EXPECT_EQ(a.throughput.read, b.throughput.read);
    EXPECT_EQ(a.throughput.write, b.throughput.write);
    EXPECT_EQ(a.on_demand_maximum.read, b.on_demand_maximum.read);
    EXPECT_EQ(a.on_demand_maximum.write, b.on_demand_maximum.write);
    EXPECT_EQ(a.is_in_base, b.is_in_base);
}

TEST(TableText, KeepsKeysAndIndexes) {
    Table table = example_table();
    Table back = table_from_text(to_text(table));
    EXPECT_EQ(back.number, table.number);
    EXPECT_EQ(back.name, table.name);
    EXPECT_EQ(back.id, table.id);
    EXPECT_EQ(back.arn, table.arn);
    EXPECT_EQ(back.created, table.created);
    EXPECT_EQ(back.key, table.key);
    EXPECT_EQ(back.definitions, table.definitions);
    EXPECT_EQ(back.next_index, table.next_index);
    EXPECT_EQ(back.status, table.status);
    ASSERT_EQ(back.indexes.size(), 1U);
    expect_equal(back.indexes[0], table.indexes[0]);
}

TEST(TableText, KeepsCapacity) {
    Table table = example_table();
    Table back = table_from_text(to_text(table));
    EXPECT_EQ(back.is_on_demand, table.is_on_demand);
    EXPECT_EQ(back.billing_changed, table.billing_changed);
    EXPECT_EQ(back.throughput.read, 10);
    EXPECT_EQ(back.throughput.write, 20);
    EXPECT_EQ(back.throughput_increased, table.throughput_increased);
    EXPECT_EQ(back.throughput_decreased, table.throughput_decreased);
    EXPECT_EQ(back.decreases_today, table.decreases_today);
    EXPECT_EQ(back.on_demand_maximum.read, 30);
    EXPECT_EQ(back.on_demand_maximum.write, 40);
    EXPECT_EQ(back.warm.read, 50);
    EXPECT_EQ(back.warm.write, 60);
}

TEST(TableText, KeepsSettings) {
    Table table = example_table();
    Table back = table_from_text(to_text(table));
    EXPECT_EQ(back.stream_view, table.stream_view);
    EXPECT_EQ(back.stream_label, table.stream_label);
    EXPECT_EQ(back.is_protected, table.is_protected);
    EXPECT_EQ(back.table_class, table.table_class);
    EXPECT_EQ(back.sse, table.sse);
    EXPECT_EQ(back.ttl_attribute, table.ttl_attribute);
    EXPECT_EQ(back.has_point_in_time_recovery, table.has_point_in_time_recovery);
    EXPECT_EQ(back.recovery_since, table.recovery_since);
    EXPECT_EQ(back.tags, table.tags);
    EXPECT_EQ(back.restore_summary, table.restore_summary);
    EXPECT_EQ(back.restoring, table.restoring);
    EXPECT_EQ(back.is_in_base, table.is_in_base);
}

TEST(TableText, KeepsWhatIsAbsent) {
    Table table = example_table();
    table.key.sort.reset();
    table.billing_changed.reset();
    table.throughput_increased.reset();
    table.recovery_since.reset();
    Table back = table_from_text(to_text(table));
    EXPECT_FALSE(back.key.sort);
    EXPECT_FALSE(back.billing_changed);
    EXPECT_FALSE(back.throughput_increased);
    EXPECT_FALSE(back.recovery_since);
}

TEST(TableText, RefusesWhatIsNoDefinition) {
    std::string text = to_text(example_table());
    for (const std::string& broken :
         {std::string(), std::string("{}"), text.substr(0, text.size() / 2)}) {
        try {
            table_from_text(broken);
            ADD_FAILURE() << broken;
        } catch (const base::Error& error) {
            EXPECT_EQ(error.kind(), base::ErrorKind::corrupted) << error.what();
        }
    }
}

TEST(Table, FindsIndexesByName) {
    Table table = example_table();
    EXPECT_EQ(table.index("by-size"), &table.indexes[0]);
    EXPECT_EQ(table.index("by-siz"), nullptr);
}

TEST(Table, AdmitsOnlyItemsWithFittingKeysToIndexes) {
    base::Arena arena;
    dynamodb::KeySchema key = {{"h", AttributeType::string},
                               dynamodb::KeyAttribute{"r", AttributeType::binary}};
    auto admits = [&](std::string_view hash, std::string_view sort) {
        dynamodb::ItemBuilder item(arena);
        item.string("h", hash);
        return has_key(item.set("r", dynamodb::AttributeValue::binary(arena.copy(sort))).build(),
                       key);
    };
    EXPECT_TRUE(admits(std::string(2048, 'x'), std::string(1024, 'x')));
    EXPECT_FALSE(admits(std::string(2049, 'x'), "x"));
    EXPECT_FALSE(admits("x", std::string(1025, 'x')));
    EXPECT_FALSE(admits("", "x"));
    EXPECT_FALSE(admits("x", ""));
    dynamodb::ItemBuilder text(arena);
    EXPECT_FALSE(has_key(text.string("h", "x").string("r", "x").build(), key));
    dynamodb::ItemBuilder half(arena);
    EXPECT_FALSE(has_key(half.string("h", "x").build(), key));
}

TEST(Table, ProjectsKeysAndIncludedAttributes) {
    base::Arena arena;
    Table table = example_table();
    dynamodb::ItemBuilder builder(arena);
    for (const char* name : {"pk", "sk", "size", "hash", "a", "other"}) {
        builder.string(name, name);
    }
    dynamodb::Item item = builder.build();
    EXPECT_EQ(projected(table, table.indexes[0], item, arena), item.without(arena, "other"));
    table.indexes[0].projection = ProjectionType::all;
    EXPECT_EQ(projected(table, table.indexes[0], item, arena), item);
    table.indexes[0].projection = ProjectionType::keys_only;
    table.indexes[0].non_key_attributes.clear();
    EXPECT_EQ(projected(table, table.indexes[0], item, arena).size(), 4U);
}

}  // namespace
}  // namespace dynamigrate::engine
