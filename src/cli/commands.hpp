#pragma once

#include "session.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::cli {

/// Runs the command that the arguments name. Errors: as what it calls; the session's phase tells
/// how far it came.
ExitCode run_command(Session& session);

// Reading what there is.
ExitCode show_status(Session& session);
ExitCode list_applied(Session& session);
ExitCode list_outstanding(Session& session);
ExitCode list_named(Session& session);
ExitCode show_runs(Session& session);
ExitCode show_history(Session& session);
ExitCode show_quarantine(Session& session);
ExitCode show_indexes(Session& session);
ExitCode show_restore(Session& session);

// Beginning.
/// `init --dir DIR --name NAME`: a stub of a functionless migration, named by its date.
ExitCode init_migration(Session& session);
ExitCode init(Session& session);
ExitCode generate(Session& session);

// Looking ahead.
ExitCode show_plan(Session& session);
/// Of `down` to the version, or of the last migration. Requires: the session is connected.
ExitCode show_rollback_plan(Session& session, const std::optional<std::string>& target);
/// Of the plan as state machines run it. Requires: the session is connected.
ExitCode show_cloud_plan(Session& session, const std::vector<migrate::PlannedMigration>& plan);
ExitCode validate(Session& session);
ExitCode doctor(Session& session);
ExitCode show_iam_policy(Session& session);

// Changing the database.
ExitCode migrate_database(Session& session);
ExitCode resume(Session& session);
ExitCode retry_failed(Session& session);
ExitCode unlock(Session& session);
ExitCode undo(Session& session);
ExitCode journal(Session& session);

// Scripts and filters of mapbox's form.
ExitCode run_script(Session& session);
ExitCode filter_lines(Session& session);

// Talking to a run that is under way.
ExitCode pause(Session& session);
ExitCode set_rate(Session& session);
ExitCode abort_run(Session& session);

// Beyond this machine.
ExitCode serve_lambda(Session& session);
ExitCode deploy(Session& session);
/// Whether the session's command is for the project's Lambda function.
bool is_for_lambda(Session& session);
/// Lets the project's Lambda function run the command. Requires: `is_for_lambda`.
ExitCode ask_lambda(Session& session);

// Changing the history only.
ExitCode enter_baseline(Session& session);
ExitCode mark(Session& session);
ExitCode repair(Session& session);
ExitCode adopt(Session& session);

}  // namespace dynamigrate::cli
