#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <optional>
#include <string>
#include <vector>

/// Bodies of the requests that change tables, and how a table differs from a definition: pure
/// functions.
namespace dynamigrate::migrate {

/// The billing by which a new index of the table must be asked for: the definition's own, else the
/// table's; nothing on demand.
std::optional<dynamodb::Throughput> index_throughput(const IndexDefinition& index,
                                                     const Billing& table);
Billing billing_of(const dynamodb::TableDescription& table);

std::string create_table_body(const CreateTable& definition, const std::string& table);
std::string create_index_body(const IndexDefinition& index, const std::string& table,
                              const std::optional<dynamodb::Throughput>& throughput);
std::string delete_index_body(const std::string& index, const std::string& table);

/// How the table differs from what is wanted, a phrase each; empty when it does not.
std::vector<std::string> differences(const CreateTable& wanted,
                                     const dynamodb::TableDescription& table);
std::vector<std::string> differences(const IndexDefinition& wanted,
                                     const dynamodb::IndexDescription& index);

/// The requests that are still needed; empty when the table is as wanted. Send the first, wait until
/// it has taken effect, and ask again: a stream that changes its view takes two.
std::vector<std::string> update_table_bodies(const UpdateTable& wanted,
                                             const dynamodb::TableDescription& table,
                                             const std::string& name);

/// "email (S), createdAt (N)".
std::string to_string(const KeyAttribute& hash, const std::optional<KeyAttribute>& sort);

}  // namespace dynamigrate::migrate
