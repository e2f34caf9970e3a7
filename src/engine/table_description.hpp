#pragma once

#include "database.hpp"

#include <dynamigrate/json/writer.hpp>

namespace dynamigrate::engine {

/// Writes a TableDescription.
void write_description(Database& database, const Table& table, json::Writer& out);
void write_key_schema(json::Writer& out, const dynamodb::KeySchema& key);
void write_projection(json::Writer& out, const Index& index);
/// Seconds since 1970 with a fraction, as DynamoDB writes times.
void write_time(json::Writer& out, base::WallTime time);

}  // namespace dynamigrate::engine
