#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <optional>
#include <string>
#include <vector>

/// Capacity, warm throughput and on-demand maximum of an index: pure functions.
namespace dynamigrate::migrate {

struct IndexSettings {
    dynamodb::Throughput provisioned;  ///< 0 when on demand
    std::optional<dynamodb::Throughput> warm;
    std::optional<dynamodb::Throughput> maximum;
};

/// Requires the table to have that index.
IndexSettings settings_of(const dynamodb::TableDescription& table, const std::string& index);

/// What of the change is still to be asked for; nothing when all is so. Warm throughput can only
/// be raised.
std::optional<UpdateIndex> remaining(const UpdateIndex& wanted, const IndexSettings& is);

/// The body of UpdateTable. A maximum of 0 removes it.
std::string update_index_body(const UpdateIndex& change, const std::string& table);

/// "5 RCU 10 WCU".
std::string to_string(const dynamodb::Throughput& throughput);
bool same(const dynamodb::Throughput& a, const dynamodb::Throughput& b);

json::Value to_json_value(const dynamodb::Throughput& throughput);
dynamodb::Throughput to_throughput(const json::Value& value);

}  // namespace dynamigrate::migrate
