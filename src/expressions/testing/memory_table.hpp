#pragma once

#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/expressions/testing/memory_service.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace dynamigrate::expressions::memory {

using StoredItem = std::shared_ptr<const dynamodb::OwnedItem>;

/// Places an item: by the hash of its partition key, then by its sort key.
struct ItemKey {
    std::uint64_t hash = 0;
    std::string partition;  ///< type and canonical text
    std::string sort;
    dynamodb::AttributeType sort_type = dynamodb::AttributeType::null;

    friend bool operator<(const ItemKey& a, const ItemKey& b);
};
bool operator<(const ItemKey& a, const ItemKey& b);

struct Index {
    std::string name;
    dynamodb::KeySchema key;
    dynamodb::ProjectionType projection = dynamodb::ProjectionType::all;
    std::vector<std::string> non_key_attributes;
    bool is_local = false;
    std::string status = "ACTIVE";
    int describes_left = 0;
    dynamodb::Throughput throughput;
};

struct Table {
    std::string name;
    std::string id;
    dynamodb::KeySchema key;
    std::vector<dynamodb::KeyAttribute> definitions;
    std::vector<Index> indexes;
    std::string status = "ACTIVE";
    int describes_left = 0;
    bool is_on_demand = true;
    bool is_protected = false;
    dynamodb::Throughput throughput;
    std::string stream;         ///< StreamSpecification as received, or ""
    std::string ttl_attribute;  ///< "" when disabled
    bool has_point_in_time_recovery = false;
    std::map<std::string, std::string> tags;
    std::map<ItemKey, StoredItem> items;

    const Index* index(std::string_view wanted) const;
};

/// An on-demand backup: of its table nothing is kept.
struct Backup {
    std::string arn;
    std::string table;
    std::string name;
    int describes_left = 0;  ///< that still see CREATING
};

/// Throws Error invalid_argument with that code, of which `call` makes the service's error.
[[noreturn]] void refuse(std::string_view code, const std::string& message);
[[noreturn]] void refuse_validation(const std::string& message);

/// Whether the item has the key's attributes in the right types, not empty and not too long.
bool has_key(const dynamodb::Item& item, const dynamodb::KeySchema& key);
/// Requires `has_key`.
ItemKey key_of(const dynamodb::Item& item, const dynamodb::KeySchema& key);

/// Errors: the key is not exactly the table's key attributes.
ItemKey checked_key(const Table& table, const dynamodb::Item& key);
/// Errors: the item's key or index keys are wrong, or it is too large.
ItemKey checked_item_key(const Table& table, const dynamodb::Item& item, bool is_update);

/// The item as the index shows it.
dynamodb::Item projected(const Table& table, const Index& index, const dynamodb::Item& item,
                         base::Arena& arena);

/// Sorted names on every level.
dynamodb::Item sorted(const dynamodb::Item& item, base::Arena& arena);

}  // namespace dynamigrate::expressions::memory
