#pragma once

#include <dynamigrate/dynamodb/attribute_value.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::dynamodb {

/// A key attribute: its name and type (string, number or binary).
struct KeyAttribute {
    std::string name;
    AttributeType type = AttributeType::string;
    friend bool operator==(const KeyAttribute&, const KeyAttribute&) = default;
};

/// A primary or index key: partition key, and sort key where there is one.
struct KeySchema {
    KeyAttribute hash;
    std::optional<KeyAttribute> sort;

    bool contains(std::string_view attribute) const noexcept;
    /// The item's key attributes only, in the arena. Errors: Error corrupted when one is absent.
    Item key_of(const Item& item, base::Arena& arena) const;
    friend bool operator==(const KeySchema&, const KeySchema&) = default;
};

enum class ProjectionType { all, keys_only, include };

struct Throughput {
    double read = 0;
    double write = 0;
};

struct IndexDescription {
    std::string name;
    KeySchema key;
    ProjectionType projection = ProjectionType::all;
    std::vector<std::string> non_key_attributes;
    std::string status;  ///< CREATING, UPDATING, DELETING, ACTIVE; "" for local indexes
    bool is_backfilling = false;
    bool is_local = false;
    Throughput provisioned;  ///< 0 when on demand
    std::int64_t item_count = 0;
};

/// What DescribeTable tells, as far as we use it; `raw` has all of it.
struct TableDescription {
    std::string name;
    std::string status;  ///< CREATING, UPDATING, DELETING, ACTIVE, ...
    std::string arn;
    KeySchema key;
    std::vector<KeyAttribute> attribute_definitions;
    std::vector<IndexDescription> indexes;  ///< global first, then local
    bool is_on_demand = false;
    Throughput provisioned;          ///< 0 when on demand
    std::optional<Throughput> warm;  ///< WarmThroughput
    std::optional<Throughput> on_demand_maximum;
    std::int64_t item_count = 0;
    std::int64_t size_bytes = 0;
    bool has_deletion_protection = false;
    bool has_stream = false;
    std::vector<std::string> replicas;  ///< other Regions of a global table
    std::string raw;                    ///< the "Table" object as received

    const IndexDescription* index(std::string_view name) const noexcept;
};

/// Reads the answer of DescribeTable, CreateTable, UpdateTable or DeleteTable.
TableDescription parse_table_description(std::string_view body);

/// A short stable digest of a key for logs and messages, such as "key 3f2a9c81d07e"; never the key
/// itself. The same for every spelling of a number and every order of the attributes.
std::string key_digest(const Item& key);

/// Orders two values of one key type as DynamoDB sorts keys (numbers by value, text and binary by
/// unsigned bytes).
std::strong_ordering compare_keys(const AttributeValue& a, const AttributeValue& b) noexcept;

}  // namespace dynamigrate::dynamodb
