#pragma once

#include <dynamigrate/migrate/step.hpp>

#include <optional>
#include <string>

/// On-demand backups, made once each.
namespace dynamigrate::migrate {

/// A backup as a run's records tell of it.
struct NotedBackup {
    std::string table;
    std::string name;
    std::string arn;  ///< "" : it was begun and may be there
};

/// Makes the backup and waits until it is available. What an earlier attempt began under this note
/// is found again, not made anew. Returns nothing when stopped.
/// Errors: unimplemented at an endpoint that has no backups.
std::optional<NotedBackup> make_backup_once(const StepRun& run, const std::string& table,
                                            const std::string& name, const std::string& note);

NotedBackup parse_noted_backup(const std::string& note);
std::string to_note(const NotedBackup& backup);

}  // namespace dynamigrate::migrate
