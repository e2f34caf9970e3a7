#pragma once

#include "table.hpp"

#include <cstdint>
#include <string>
#include <string_view>

/// Row keys: bytes whose order is DynamoDB's order of keys.
///
///     'r' table:4 index:4 hash:8 partition-key [sort-key]                           index 0: the table
///     'r' table:4 index:4 hash:8 partition-key [sort-key] primary partition [sort]  an index's
///     'e' table:4 seconds:8 primary partition [sort]                                expiring items
///
/// Numbers are big-endian. A key value ends itself: no value's bytes begin with another value's.
namespace dynamigrate::engine {

/// Appends a key value; numbers by value, text and binary by unsigned bytes.
void append_key_value(std::string& out, const dynamodb::AttributeValue& value);
/// Appends what the value's bytes begin with, for begins_with. Requires text or binary.
void append_key_prefix(std::string& out, const dynamodb::AttributeValue& value);
/// The same for the same value on every machine, well spread.
std::uint64_t key_hash(const dynamodb::AttributeValue& value);

/// The first hash of a Scan's segment: segments are ranges of hashes. Requires segment < segments.
std::uint64_t segment_begin(std::uint32_t segment, std::uint32_t segments) noexcept;

/// Appends 'r', table and index.
void append_rows_prefix(std::string& out, const Table& table, const Index* index);
/// Appends a partition key's hash, as `key_hash` gives it.
void append_hash(std::string& out, std::uint64_t hash);
/// Appends hash and partition key.
void append_partition(std::string& out, const dynamodb::AttributeValue& partition_key);
/// Appends the key's values, without hash.
void append_key(std::string& out, const dynamodb::KeySchema& schema, const dynamodb::Item& key);

/// The row's key of the item in the table or the index. Requires the key attributes (see `has_key`).
std::string row_key(const Table& table, const Index* index, const dynamodb::Item& item);

/// By which KeyLocks serialise changes of the item with that row key.
std::uint64_t lock_hash(std::string_view row_key) noexcept;

/// What all expiring items of the table begin with, and the entry of one of them.
std::string expiry_prefix(const Table& table);
std::string expiry_key(const Table& table, std::uint64_t seconds, const dynamodb::Item& item);

/// Makes the least bytes that are greater than all that begin with `prefix`.
std::string after_prefix(std::string prefix);

}  // namespace dynamigrate::engine
