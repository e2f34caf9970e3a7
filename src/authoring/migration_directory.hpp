#pragma once

#include <dynamigrate/authoring/migration_file.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::authoring {

/// A file that is a migration by its name, or by the name of the directory whose `index` it is.
struct FoundFile {
    std::filesystem::path path;
    MigrationFileName name;
    bool is_index = false;

    /// SHA-256 of the file; of an index, of all files of its directory.
    std::string checksum() const;
    /// Whether Node runs it.
    bool is_for_node() const;
};

/// A directory's index.js (.mjs, .cjs, .ts) that exports a list of migrations, as OneTable's library
/// takes it.
std::optional<FoundFile> find_list(const std::filesystem::path& directory);

/// Sorted by path. Errors: not_found for the directory.
std::vector<FoundFile> find_migrations(const std::filesystem::path& directory);

}  // namespace dynamigrate::authoring
