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
/// takes it; or the file itself that is named instead of a directory.
/// Errors: invalid_argument for a file that Node does not run.
std::optional<FoundFile> find_list(const std::filesystem::path& directory);

/// Sorted by path; none of a file. Errors: not_found for the directory.
std::vector<FoundFile> find_migrations(const std::filesystem::path& directory);

}  // namespace dynamigrate::authoring
