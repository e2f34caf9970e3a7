#include <dynamigrate/authoring/migration_file.hpp>

#include "dated_name.hpp"
#include "fields.hpp"
#include "migration_directory.hpp"
#include "plugin_file.hpp"
#include "script_migration.hpp"
#include "seeded_table.hpp"
#include "step_reader.hpp"

#include <dynamigrate/authoring/yaml.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/migrate/version.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;
using json::Value;
using migrate::Migration;

namespace {

constexpr std::array<std::string_view, 4> kDeclarative{"yaml", "yml", "json5", "json"};
constexpr std::array<std::string_view, 5> kHosted{"js", "mjs", "cjs", "ts", "so"};
constexpr std::array<std::string_view, 4> kScripts{"js", "mjs", "cjs", "ts"};

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::string extension_of(const std::string& file_name) {
    const std::size_t dot = file_name.rfind('.');
    return dot == std::string::npos ? "" : file_name.substr(dot + 1);
}

bool is_config_name(std::string_view stem) {
    return stem == "migrate" || stem == "dynamigrate" || stem == "package" ||
           stem == "package-lock" || stem == "tsconfig" || stem == "schema";
}

Value parse(const std::string& content, const std::filesystem::path& path) {
    const std::string extension = extension_of(path.filename().string());
    return extension == "yaml" || extension == "yml" ? parse_yaml(content, path.string())
                                                     : json::parse_json5(content, path.string());
}

void add_steps(Migration& migration, const Value& list, const std::string& what,
               const StepPlace& place) {
    if (!list.is_array()) {
        json::fail(place.file, list, "`" + what + "` must be a list of steps");
    }
    for (const Value& entry : list.elements()) {
        for (migrate::StepPtr& step : read_steps(entry, place)) {
            migration.step(std::move(step),
                           fmt::format("{}:{}:{}", place.file, entry.line, entry.column));
        }
    }
}

void read_down(Migration& migration, const Value& down, const StepPlace& place) {
    if (down.is_string()) {
        if (down.text() != "auto") {
            json::fail(place.file, down, "`down` must be auto or a list of steps");
        }
        migration.down_auto();
        return;
    }
    migration.down();
    add_steps(migration, down, "down", place);
}

void check_version(Fields& fields, const std::string& id) {
    const Value* version = fields.find("version");
    if (version == nullptr) {
        return;
    }
    const std::string text = as_text(*version, fields.file(), "`version`");
    if (text != id) {
        fields.fail(*version, "`version` is " + text + ", but the file's name says " + id);
    }
}

}  // namespace

std::optional<MigrationFileName> parse_file_name(const std::string& file_name) {
    const std::string extension = extension_of(file_name);
    if (!is_one_of(extension, kDeclarative) && !is_one_of(extension, kHosted)) {
        return std::nullopt;
    }
    const std::string stem = file_name.substr(0, file_name.size() - extension.size() - 1);
    if (stem.empty() || stem[0] == '.' || stem[0] == '_' || stem.ends_with(".d")) {
        return std::nullopt;
    }
    if (is_one_of(extension, kScripts)) {
        if (auto dated = parse_dated_name(stem)) {
            return dated;
        }
    }
    MigrationFileName name;
    const std::string head(migrate::version_part(stem));
    if (migrate::Version::parse(head)) {
        name.id = head;
        name.slug = head.size() == stem.size() ? "" : stem.substr(head.size() + 1);
        return name;
    }
    if (extension == "so" || stem == "index" || is_config_name(stem)) {
        return std::nullopt;  // helpers beside migrations are no migrations
    }
    name.id = stem;
    name.is_version = false;
    return name;
}

std::string file_checksum(std::string_view content) {
    std::string normalised;
    normalised.reserve(content.size());
    for (std::size_t i = 0; i < content.size(); ++i) {
        if (content[i] == '\r') {
            normalised.push_back('\n');
            i += i + 1 < content.size() && content[i + 1] == '\n' ? 1 : 0;
        } else {
            normalised.push_back(content[i]);
        }
    }
    return base::sha256_hex(normalised);
}

Migration read_migration(const Value& tree, const std::string& id,
                         const std::filesystem::path& path) {
    const std::string file = path.string();
    Fields fields(tree, file, "a migration");
    check_version(fields, id);
    Migration migration(id, fields.text_or("description", ""));
    StepPlace place{fields.text_or("table", ""), file, path.parent_path()};
    migration.on(place.table);
    migration.depends_on(fields.texts("depends_on"));
    const Value& up = fields.required("up");
    const Value* down = fields.find("down");
    fields.finish();
    add_steps(migration, up, "up", place);
    if (down != nullptr && !down->is_null()) {
        read_down(migration, *down, place);
    }
    return migration;
}

DirectorySource::DirectorySource(std::filesystem::path directory, std::string default_table,
                                 ScriptSettings scripts)
    : directory_(std::move(directory)),
      default_table_(std::move(default_table)),
      scripts_(std::move(scripts)) {}

void DirectorySource::load(migrate::Registry& registry) {
    std::vector<ScriptFile> scripts;
    for (const FoundFile& file : find_migrations(directory_)) {
        if (file.is_for_node()) {
            scripts.push_back({file.path, file.name.id, file.name.is_version, file.checksum()});
        } else {
            guarded(file.path, [&] { load_file(registry, file.path, file.name); });
        }
    }
    if (const auto list = find_list(directory_)) {
        scripts.push_back({list->path, list->name.id, false, list->checksum()});
    }
    if (!scripts.empty()) {
        guarded(directory_, [&] { load_scripts(registry, scripts); });
    }
}

/// What is wrong becomes a finding where findings are collected.
void DirectorySource::guarded(const std::filesystem::path& place,
                              const std::function<void()>& load) {
    try {
        load();
    } catch (const Error& error) {
        if (findings_ == nullptr) {
            throw;
        }
        bool is_duplicate = error.kind() == ErrorKind::already_exists;
        findings_->push_back(
            {migrate::Finding::Severity::error, is_duplicate ? "duplicate_migration" : "unreadable",
             error.where().empty() ? place.string() : error.where(), error.message(), ""});
    }
}

void DirectorySource::load_scripts(migrate::Registry& registry,
                                   const std::vector<ScriptFile>& files) {
    const auto installation = std::make_shared<const NodeInstallation>(scripts_);
    const auto receive = [&](const ScriptFile& file,
                             const std::function<std::optional<Migration>()>& read) {
        guarded(file.path, [&] {
            if (auto migration = read()) {
                registry.add(std::move(*migration));
            }
        });
    };
    read_scripts(files, installation, default_table_, receive);
}

void DirectorySource::load_file(migrate::Registry& registry, const std::filesystem::path& file,
                                const MigrationFileName& name) {
    if (file.extension() == ".so") {
        registry.add(load_plugin(file, name.id));
        return;
    }
    const std::string content = base::read_file(file);
    Value tree = parse(content, file);
    if (is_seeded_table(tree)) {
        tree = migration_of_seeded_table(tree, file.string());
    }
    if (!name.is_version && (!tree.is_object() || tree.find("up") == nullptr)) {
        return;  // data or settings beside the migrations
    }
    if (!default_table_.empty() && tree.is_object() && tree.find("table") == nullptr) {
        tree.set("table", Value::string(default_table_));
    }
    Migration migration = read_migration(tree, name.id, file);
    migration.from(file.string(), file_checksum(content));
    registry.add(std::move(migration));
}

}  // namespace dynamigrate::authoring
