#pragma once

#include "node_process.hpp"
#include "script_migration.hpp"

#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/migration.hpp>
#include <dynamigrate/migrate/program_step.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace dynamigrate::authoring {

/// A migration of OneTable's form, as Node describes it.
struct OneTableScript {
    std::filesystem::path file;
    std::string id;
    std::string description;
    std::string checksum;
    bool is_version = true;
    bool has_schema = false;
    bool has_down = false;
    migrate::ProgramLimits limits;
};

/// The OneTable migrations of a project, which are run one at a time by a Node of their own.
class OneTableProject {
public:
    /// `table`: the configuration's.
    OneTableProject(std::shared_ptr<const NodeInstallation> installation, std::string table);

    void add(OneTableScript script) { scripts_.push_back(std::move(script)); }
    /// Call when all are added. Errors: invalid_argument when there is no table.
    migrate::Migration migration(const OneTableScript& script);
    const std::vector<OneTableScript>& scripts() const noexcept { return scripts_; }

private:
    migrate::StepPtr step(const OneTableScript& script, const std::string& direction);
    /// Whose schema is the table's after the script has gone down; nullptr: nobody's.
    const OneTableScript* before(const OneTableScript& script) const;
    const std::string& settings_file();

    std::shared_ptr<const NodeInstallation> installation_;
    std::string table_;
    std::string settings_file_;
    std::vector<OneTableScript> scripts_;
};

}  // namespace dynamigrate::authoring
