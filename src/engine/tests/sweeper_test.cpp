#include "../sweeper.hpp"

#include "engine_parts.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::engine {
namespace {

using namespace std::chrono_literals;

TEST(Sweeper, DeletesExpiredItemsByItself) {
    MemoryParts parts;
    Table definition;
    definition.name = "tab";
    definition.key.hash.name = "pk";
    definition.ttl_attribute = "ttl";
    TablePointer table = parts.catalog.put(definition);
    base::Arena arena;
    dynamodb::ItemBuilder builder(arena), key_builder(arena);
    dynamodb::Item item = builder.string("pk", "x").number("ttl", 1'699'999'999).build();
    RowChange change;
    change.table = table.get();
    change.key = key_builder.string("pk", "x").build();
    change.after = &item;
    change.after_size = base::ItemBytes{10};
    parts.rows.apply({&change, 1});

    Sweeper sweeper(parts.database, 1ms);
    StoredRow row;
    while (parts.rows.get(*table, change.key, true, row)) {
        std::this_thread::yield();
    }
}

TEST(Sweeper, EndsWhileItPauses) {
    MemoryParts parts;
    Sweeper sweeper(parts.database, 1h);
}

}  // namespace
}  // namespace dynamigrate::engine
