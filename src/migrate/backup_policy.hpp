#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What the configuration wants done before tables are written to: backups, point-in-time recovery.
class BackupPolicy {
public:
    /// All must outlive it.
    BackupPolicy(const Settings& settings, const World& world,
                 const std::vector<PlannedMigration>& plan)
        : settings_(settings),
          world_(world),
          plan_(plan) {}

    /// Errors: failed_precondition for a table to which a migration is to be applied while its
    /// point-in-time recovery is off, unless the plan itself switches it on first.
    void check_pitr(std::stop_token stop) const;

    /// Backs up the tables of the whole plan before its first write, each once, and notes them with
    /// the run. False when stopped.
    /// Errors: unimplemented where the endpoint has no backups; forced, that is only told.
    bool back_up(const StepRun& run, const PlannedMigration& planned);

private:
    std::vector<std::string> touched_tables() const;
    bool back_up_table(const StepRun& run, const std::string& table, const std::string& name);

    const Settings& settings_;
    const World& world_;
    const std::vector<PlannedMigration>& plan_;
    std::map<std::string, std::string> notes_;  ///< of the tables backed up for this plan
};

/// The note of a table's backup that was made before a run.
inline constexpr std::string_view kBackupBefore = "backup-before#";

}  // namespace dynamigrate::migrate
