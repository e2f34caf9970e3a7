#include "backup_policy.hpp"

#include "backups.hpp"
#include "pitr.hpp"
#include "table_names.hpp"

#include <dynamigrate/dynamodb/operations.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kAllBackedUp = "backed-up";
constexpr std::size_t kRunDigits = 8;

/// "dynamigrate-1.2.0-1f0c9a3e": only what names of backups may hold.
std::string backup_name(const std::string& id, const std::string& run) {
    std::string name = fmt::format("dynamigrate-{:.100}-{}", id, run.substr(0, kRunDigits));
    std::replace_if(
        name.begin(), name.end(),
        [](unsigned char c) {
            return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '_' || c == '-' || c == '.');
        },
        '-');
    return name;
}

bool is_recoverable(dynamodb::Service& service, const std::string& table, std::stop_token stop) {
    try {
        return has_pitr(service, table, stop);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unimplemented) {
            throw;
        }
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("`require_pitr` (the default in the profile prod) wants "
                                "point-in-time recovery of table {}, but {}; set `require_pitr: "
                                "false`, or use --force",
                                table, error.message()));
    }
}

}  // namespace

void BackupPolicy::check_pitr(std::stop_token stop) const {
    if (!settings_.requires_pitr || settings_.force) {
        return;
    }
    std::set<std::string> secured;
    for (const PlannedMigration& planned : plan_) {
        if (planned.rolls_back) {
            continue;
        }
        for (const StepPtr& step : planned.migration->up_steps()) {
            for (const std::string& table : real_tables(settings_, *planned.migration, *step)) {
                bool is_first = secured.insert(table).second;
                if (!is_first || step->secures_table() ||
                    !dynamodb::describe_table(*world_.service, table, stop) ||
                    is_recoverable(*world_.service, table, stop)) {
                    continue;
                }
                throw Error(
                    ErrorKind::failed_precondition,
                    fmt::format(
                        "point-in-time recovery of table {} is off, and `require_pitr` (the "
                        "default in the profile prod) wants it on; switch it on (`aws "
                        "dynamodb update-continuous-backups --table-name {} "
                        "--point-in-time-recovery-specification "
                        "PointInTimeRecoveryEnabled=true`, or a `pitr` step before all "
                        "others), or use --force",
                        table, table));
            }
        }
    }
}

std::vector<std::string> BackupPolicy::touched_tables() const {
    std::set<std::string> tables;
    for (const PlannedMigration& planned : plan_) {
        if (!planned.rolls_back) {
            for (const StepPtr& step : planned.migration->up_steps()) {
                for (std::string& table : real_tables(settings_, *planned.migration, *step)) {
                    tables.insert(std::move(table));
                }
            }
        }
    }
    return {tables.begin(), tables.end()};
}

bool BackupPolicy::back_up(const StepRun& run, const PlannedMigration& planned) {
    if (!settings_.backs_up || planned.rolls_back || run.notes->read(kAllBackedUp)) {
        return true;
    }
    std::string name = backup_name(planned.migration->id(), run.run);
    for (const std::string& table : touched_tables()) {
        if (!back_up_table(run, table, name)) {
            return false;
        }
    }
    run.notes->write(kAllBackedUp, "all");
    return true;
}

/// A later migration of the plan notes the backup that was made before the first one.
bool BackupPolicy::back_up_table(const StepRun& run, const std::string& table,
                                 const std::string& name) {
    std::string note = std::string(kBackupBefore) + table;
    if (auto known = notes_.find(table); known != notes_.end()) {
        run.notes->write(note, known->second);
        return true;
    }
    if (!dynamodb::describe_table(*world_.service, table, run.stop_now)) {
        return true;
    }
    try {
        std::optional<NotedBackup> backup = make_backup_once(run, table, name, note);
        if (!backup) {
            return false;
        }
        notes_[table] = to_note(*backup);
        run.tell(fmt::format("table {} is backed up: {}", table, backup->arn));
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unimplemented) {
            throw;
        }
        if (!settings_.force) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("table {} cannot be backed up before the run, as `backup: "
                                    "before-up` wants: {}; take that out of this profile, or use "
                                    "--force",
                                    table, error.message()));
        }
        run.tell(fmt::format("table {} is not backed up: {}", table, error.message()));
    }
    return true;
}

}  // namespace dynamigrate::migrate
