#pragma once

#include <dynamigrate/backfill/source.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// How items are written in a file.
enum class ItemFormat {
    plain,     ///< {"id": "7"}
    dynamodb,  ///< {"id": {"S": "7"}}, or as an export to S3 writes it: {"Item": {...}}
};

/// Streams the items of a file in constant memory:
///
/// - .json: an array of items, or an object with one member that is an array, the items;
/// - .ndjson, .jsonl: an item a line;
/// - .csv: RFC 4180 with a header row; all values are strings, an empty unquoted field is left out.
///
/// Each also with .gz or .zst behind it.
/// Errors: not_found, permission_denied; invalid_argument at file:line, also for another ending.
std::unique_ptr<backfill::ItemStream> open_item_file(const std::filesystem::path& path,
                                                     ItemFormat format);

/// Why the name is none of an item file; empty when it is one.
std::string check_item_file_name(const std::filesystem::path& path);

/// Streams items that are in memory.
std::unique_ptr<backfill::ItemStream> stream_items(
    std::vector<std::shared_ptr<const dynamodb::OwnedItem>> items);

}  // namespace dynamigrate::migrate
