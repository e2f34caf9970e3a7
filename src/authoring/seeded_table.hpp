#pragma once

#include <dynamigrate/json/value.hpp>

#include <string>

namespace dynamigrate::authoring {

/// Whether it is a file of the npm package dynamodb-migrations: `{"Table": CreateTable's parameters,
/// "Seeds": [items]}`.
bool is_seeded_table(const json::Value& tree);

/// The same as a migration of ours: create_table, and put for the seeds; `down: auto`.
/// Errors: invalid_argument at its place for a parameter that create_table does not have.
json::Value migration_of_seeded_table(const json::Value& tree, const std::string& file);

}  // namespace dynamigrate::authoring
