#pragma once

#include <dynamigrate/backfill/records.hpp>
#include <dynamigrate/migrate/estimate.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What a dry run found, as values.
namespace dynamigrate::migrate {

/// An attribute that a change adds, takes away or alters; values as JSON text.
struct AttributeDifference {
    std::string name;
    std::optional<std::string> before, after;
};

/// One changed item, as an example.
struct ItemDifference {
    enum class Kind { put, update, remove };
    std::string table;
    std::string key;  ///< JSON text
    Kind kind = Kind::update;
    std::vector<AttributeDifference> attributes;
};
std::string_view to_string(ItemDifference::Kind kind) noexcept;

/// What a step writes to one table, as counted.
struct DryTable {
    std::string name;
    std::uint64_t puts = 0;  ///< of items that were not there
    std::uint64_t updates = 0;
    std::uint64_t removes = 0;
    double table_units = 0;
    double index_units = 0;
    std::uint64_t expired = 0;  ///< written, or found, with a time to live that is over
};

/// An index that a step creates on a table that has items.
struct DryIndex {
    std::string table, index;
    std::int64_t entries = 0;
    double write_units = 0;
};

struct DryStep {
    std::string kind, summary;
    std::string note;  ///< what a dry run cannot show of it, "" : nothing
    bool is_done = false;
    backfill::Counts counts;
    std::vector<DryTable> tables;
    std::vector<DryIndex> indexes;
    std::vector<ItemDifference> examples;                 ///< a few, by key
    std::map<std::string, std::uint64_t> failures;        ///< quarantined items by reason
    std::vector<backfill::QuarantinedItem> failed_items;  ///< the first few of each reason
    std::uint64_t sampled = 0;                            ///< items read of a sample; 0: no sample
    std::uint64_t population = 0;  ///< of which so many were sampled, by the tables' descriptions
    Estimate changed, failed, expired;
    Estimate read_units, write_units;
};

struct DryMigration {
    std::string id, description, action;
    bool rolls_back = false;
    bool is_done = false;
    std::vector<DryStep> steps;
};

struct DryReport {
    std::vector<DryMigration> migrations;
    Estimate changed, read_units, write_units;
    Prices prices;
    Estimate money;
    double reads_per_second = 0, writes_per_second = 0;  ///< the pace; 0: none
    Estimate seconds;
    double own_read_units = 0;  ///< what the dry run itself has read
};

}  // namespace dynamigrate::migrate
