#include "../stored_catalog.hpp"

#include <dynamigrate/base/file.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::engine {
namespace {

Table table_named(const std::string& name) {
    Table table;
    table.name = name;
    table.key.hash.name = "pk";
    return table;
}

TEST(StoredCatalog, GivesWhatWasPutSortedByName) {
    Store store(Store::Kind::memory, "");
    StoredCatalog catalog(store);
    TablePointer first = catalog.put(table_named("b"));
    catalog.put(table_named("a"));
    EXPECT_EQ(catalog.find("b"), first);
    EXPECT_EQ(catalog.find("c"), nullptr);
    EXPECT_EQ(catalog.names(), (std::vector<std::string>{"a", "b"}));
}

TEST(StoredCatalog, KeepsDefinitionsAndNumbersInTheStore) {
    base::TemporaryDirectory directory;
    {
        Store store(Store::Kind::durable, directory.path());
        StoredCatalog catalog(store);
        Table kept = table_named("kept");
        kept.number = catalog.next_number();
        kept.status = Status::creating;
        kept.settles = base::SteadyTime(std::chrono::hours(1));
        catalog.put(kept);
        catalog.put(table_named("gone"));
        catalog.erase("gone");
        EXPECT_EQ(catalog.next_number(), 2U);
    }
    Store store(Store::Kind::durable, directory.path());
    StoredCatalog catalog(store);
    EXPECT_EQ(catalog.names(), std::vector<std::string>{"kept"});
    EXPECT_EQ(catalog.find("kept")->number, 1U);
    EXPECT_EQ(catalog.find("kept")->status, Status::creating);
    EXPECT_EQ(catalog.find("kept")->settles, base::SteadyTime{});
    EXPECT_EQ(catalog.next_number(), 3U);
}

TEST(StoredCatalog, LeavesSnapshotsAsTheyWere) {
    Store store(Store::Kind::memory, "");
    StoredCatalog catalog(store);
    TablePointer before = catalog.put(table_named("t"));
    Table next = *before;
    next.ttl_attribute = "ttl";
    catalog.put(next);
    EXPECT_EQ(before->ttl_attribute, "");
    EXPECT_EQ(catalog.find("t")->ttl_attribute, "ttl");
}

}  // namespace
}  // namespace dynamigrate::engine
