#include "onetable_migration.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/migrate/program_step.hpp>
#include <dynamigrate/migrate/version.hpp>

#include <fmt/format.h>

namespace dynamigrate::authoring {

namespace fs = std::filesystem;
using json::Value;
using migrate::Migration;
using migrate::StepPtr;
using migrate::Version;

namespace {

constexpr unsigned kPrivate = 0600;

std::string full_path(const fs::path& path) { return fs::absolute(path).lexically_normal(); }

/// The step, and the host's files that it runs.
struct KeptStep {
    std::shared_ptr<const NodeInstallation> installation;
    StepPtr step;
};

}  // namespace

OneTableProject::OneTableProject(std::shared_ptr<const NodeInstallation> installation,
                                 std::string table)
    : installation_(std::move(installation)),
      table_(std::move(table)) {}

Migration OneTableProject::migration(const OneTableScript& script) {
    if (table_.empty()) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "no table: give `table` (or OneTable's `name`) in the configuration")
            .at(script.file.string());
    }
    Migration migration(script.id, script.description);
    migration.on(table_).from(script.file.string(), script.checksum);
    migration.step(step(script, "up"), script.file.string());
    if (script.has_down) {
        migration.down().step(step(script, "down"), script.file.string());
    } else {
        migration.down_auto();
    }
    return migration;
}

StepPtr OneTableProject::step(const OneTableScript& script, const std::string& direction) {
    migrate::ProgramStep step;
    step.name = fmt::format("{} of {}", direction, script.file.filename().string());
    step.table = table_;
    std::vector<std::string> arguments{full_path(script.file), script.id, direction};
    if (const OneTableScript* reached = direction == "down" ? before(script) : nullptr) {
        arguments.push_back(full_path(reached->file));
        arguments.push_back(reached->id);
    }
    step.arguments = installation_->command("onetable.mjs", arguments, script.limits.memory_mb);
    step.limits = script.limits;
    step.directory = installation_->settings().directory;
    step.variables["DYNAMIGRATE_ONETABLE"] = settings_file();
    const auto kept = std::make_shared<const KeptStep>(
        KeptStep{installation_, migrate::make_run(std::move(step))});
    return StepPtr(kept, kept->step.get());
}

const OneTableScript* OneTableProject::before(const OneTableScript& script) const {
    const auto version = Version::parse(script.id);
    const OneTableScript* found = nullptr;
    for (const OneTableScript& other : scripts_) {
        const auto its = Version::parse(other.id);
        if (version && its && other.has_schema && *its < *version &&
            (found == nullptr || *Version::parse(found->id) < *its)) {
            found = &other;
        }
    }
    return found;
}

const std::string& OneTableProject::settings_file() {
    if (settings_file_.empty()) {
        const std::string& own = installation_->settings().onetable;
        Value settings = own.empty() ? Value::object() : json::parse_json(own, "the settings");
        Value versions = Value::array();
        for (const OneTableScript& script : scripts_) {
            Value version = Value::object();
            version.set("version", Value::string(script.id));
            version.set("description", Value::string(script.description));
            version.set("path", Value::string(script.file.string()));
            versions.elements().push_back(std::move(version));
        }
        settings.set("versions", std::move(versions));
        const fs::path file = installation_->directory() / "onetable.json";
        base::write_file_atomically(file, json::to_json(settings), kPrivate);
        settings_file_ = file.string();
    }
    return settings_file_;
}

}  // namespace dynamigrate::authoring
