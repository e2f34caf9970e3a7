#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <filesystem>
#include <string>

namespace dynamigrate::migrate {

/// What a new migration file is made from.
struct GenerateRequest {
    std::string description;
    std::string bump = "patch";  ///< major, minor, patch, or the version itself
    std::string current;         ///< the current version, "" : none
    std::string table;           ///< default table of its steps, "" : left as an example
    base::WallTime now{};        ///< the next timestamp version
};

struct GeneratedMigration {
    std::string version;
    std::string file_name;  ///< `<version>_<slug>.yaml`
    std::string text;
};

/// The next migration after the highest version registered, else after the current one.
/// Errors: invalid_argument for a bump that is neither a part nor a version of the project's kind;
///         already_exists (`Migration PATH already exists`) for a version that is registered.
GeneratedMigration generate_migration(const Registry& registry, const GenerateRequest& request);

/// Writes it and returns its path. Errors: already_exists (`Migration PATH already exists`).
std::filesystem::path write_migration(const std::filesystem::path& directory,
                                      const GeneratedMigration& migration);

}  // namespace dynamigrate::migrate
