#pragma once

#include "session.hpp"

#include <string>
#include <vector>

namespace dynamigrate::cli {

/// Asks whether what was planned shall be done, in the configured profile `prod` twice; a dry run
/// and --yes or --force are not asked. Returns false after a refusal (`Exiting`) or at the end of
/// the input.
bool confirm(Session& session, const std::vector<migrate::PlannedMigration>& plan);

/// The same with a question of its own.
bool confirm(Session& session, const std::string& question);

/// Asks one question; true for y or yes in any case.
bool ask_yes(Console& console, const std::string& question);

}  // namespace dynamigrate::cli
