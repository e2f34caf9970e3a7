#pragma once

#include <dynamigrate/authoring/script_settings.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::authoring {

struct ScriptFile;

/// What a file's name in the migrations directory says: `<version>[_slug].<ext>`, where the version
/// is a date also `<date>-slug.<ext>`; of a script also `<ISO date or time in UTC>[-slug].<ext>`,
/// which is a version such as 20170601123000.
struct MigrationFileName {
    std::string id;  ///< version, or the name of a named migration
    std::string slug;
    bool is_version = true;
};
/// Nothing when the file is no migration (a helper beside them).
std::optional<MigrationFileName> parse_file_name(const std::string& file_name);

/// Builds a migration from the tree of a YAML or JSON5 file.
///
/// `id`: from the file's name; a `version:` inside must agree. `path` is kept as given.
/// Errors: invalid_argument at file:line:column; an unknown key names the nearest known one.
migrate::Migration read_migration(const json::Value& tree, const std::string& id,
                                  const std::filesystem::path& path);

/// SHA-256 (hex) of a file's content with line ends normalised to LF.
std::string file_checksum(std::string_view content);

/// The migrations of a directory (not recursive): .yaml .yml .json5 .json, plug-ins (.so) and, by
/// the user's Node, .js .mjs .cjs .ts, also as a directory with such an `index`. Or a file for Node
/// that exports a list of them.
///
/// Node is started only where there are files for it.
class DirectorySource final : public migrate::MigrationSource {
public:
    /// `default_table`: the configuration's, for migrations that name none.
    explicit DirectorySource(std::filesystem::path directory, std::string default_table = {},
                             ScriptSettings scripts = {});
    /// Errors: not_found when there is no such directory; failed_precondition when Node is needed
    ///         and absent or too old.
    void load(migrate::Registry& registry) override;
    /// From now on what is wrong with a file becomes a finding (`unreadable`,
    /// `duplicate_migration`), and the other files are loaded all the same.
    void collect(std::vector<migrate::Finding>& findings) { findings_ = &findings; }

private:
    void load_file(migrate::Registry& registry, const std::filesystem::path& file,
                   const MigrationFileName& name);
    void load_scripts(migrate::Registry& registry, const std::vector<ScriptFile>& files);
    void guarded(const std::filesystem::path& place, const std::function<void()>& load);

    std::filesystem::path directory_;
    std::string default_table_;
    std::vector<migrate::Finding>* findings_ = nullptr;
    ScriptSettings scripts_;
};

}  // namespace dynamigrate::authoring
