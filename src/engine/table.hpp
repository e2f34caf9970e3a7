#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

enum class Status : std::uint8_t { creating, updating, deleting, active };
/// "CREATING" ...
std::string_view to_string(Status status) noexcept;

struct Index {
    std::uint32_t number = 0;  ///< in row keys; never used again in the table; > 0
    std::string name;
    dynamodb::KeySchema key;
    dynamodb::ProjectionType projection = dynamodb::ProjectionType::all;
    std::vector<std::string> non_key_attributes;
    bool is_local = false;
    Status status = Status::active;
    bool is_backfilling = false;
    base::SteadyTime settles{};  ///< when a status other than active may end
    dynamodb::Throughput throughput;
    dynamodb::Throughput on_demand_maximum;  ///< 0: none
    /// Overlays: the base has the index too, and answers for items that were not written here.
    bool is_in_base = false;
};

/// A table's definition at one time. Immutable once it is in the catalog: a change puts a new one.
struct Table {
    std::uint32_t number = 0;  ///< in row keys; never used again in the store
    std::string name;
    std::string id;  ///< a UUID
    std::string arn;
    base::WallTime created{};
    dynamodb::KeySchema key;
    std::vector<dynamodb::KeyAttribute> definitions;
    std::vector<Index> indexes;  ///< in the order they were made
    std::uint32_t next_index = 1;
    Status status = Status::active;
    base::SteadyTime settles{};
    bool is_on_demand = true;
    std::optional<base::WallTime> billing_changed;
    dynamodb::Throughput throughput;
    std::optional<base::WallTime> throughput_increased, throughput_decreased;
    int decreases_today = 0;
    dynamodb::Throughput on_demand_maximum;
    dynamodb::Throughput warm;  ///< as wished; 0: what DynamoDB gives
    std::string stream_view;    ///< "" : no stream
    std::string stream_label;   ///< of the newest stream
    bool is_protected = false;
    std::string table_class;    ///< "" : STANDARD, not shown
    std::string sse;            ///< SSEDescription as JSON, "" : none
    std::string ttl_attribute;  ///< "" : disabled
    bool has_point_in_time_recovery = false;
    std::optional<base::WallTime> recovery_since;
    std::map<std::string, std::string> tags;
    std::string restore_summary;  ///< RestoreSummary as JSON, "" : none
    std::string restoring;        ///< ARN of the backup that it is being filled from, "" : none
    /// Overlays: the base has the table, and answers for items that were not written here.
    bool is_in_base = false;

    /// The index of that name, or nullptr.
    const Index* index(std::string_view wanted) const noexcept;
};

/// Forgets definitions of attributes that are in no key.
void drop_unused_definitions(Table& table);

/// A table's definition to and from the text that the store keeps.
std::string to_text(const Table& table);
Table table_from_text(std::string_view text);

/// Whether `item` has all attributes of the key in the right types, not empty and not too long: what
/// an index admits.
bool has_key(const dynamodb::Item& item, const dynamodb::KeySchema& key) noexcept;

/// The item as the index shows it, in the arena.
dynamodb::Item projected(const Table& table, const Index& index, const dynamodb::Item& item,
                         base::Arena& arena);

}  // namespace dynamigrate::engine
