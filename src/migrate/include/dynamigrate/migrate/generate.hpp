#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What a new migration file is made from.
struct GenerateRequest {
    std::string description;
    std::string bump = "patch";  ///< major, minor, patch, or the version itself
    std::string current;         ///< the current version, "" : none
    std::string table;           ///< default table of its steps, "" : left as an example
    base::WallTime now{};        ///< the next timestamp version
    /// yaml, json5, js, mjs, ts, onetable, functionless, cpp, python or shell.
    std::string language = "yaml";
    bool is_typescript = false;  ///< functionless: for a project in TypeScript
    /// Where the migrations are: a version that a file there begins with counts as registered (the
    /// source of a plug-in is no migration). "" : nobody looks.
    std::filesystem::path directory;
};

struct GeneratedFile {
    std::string name;
    std::string text;
};

struct GeneratedMigration {
    std::string version;
    std::string file_name;  ///< `<version>_<slug>.yaml`
    std::string text;
    std::vector<GeneratedFile> others;  ///< what the migration needs beside it
};

/// The next migration after the highest version registered, else after the current one. Where
/// versions are dates, and for functionless without versions: today's date, or the first free day.
/// Errors: invalid_argument for a bump that is neither a part nor a version of the project's kind,
///         and for a language without a form;
///         already_exists (`Migration PATH already exists`) for a version that is registered.
GeneratedMigration generate_migration(const Registry& registry, const GenerateRequest& request);

/// Writes its files and returns the path of the migration's own.
/// Errors: already_exists (`Migration PATH already exists`); then nothing is written.
std::filesystem::path write_migration(const std::filesystem::path& directory,
                                      const GeneratedMigration& migration);

}  // namespace dynamigrate::migrate
