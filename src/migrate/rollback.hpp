#pragma once

#include "history_view.hpp"

#include <dynamigrate/migrate/migration.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// One action of a rollback: a step to run, or what a run journalled in one of its steps to undo.
struct RollbackAction {
    StepPtr step;                     ///< nullptr: undo
    const HistoryRow* run = nullptr;  ///< whose journal, for undo; whose notes, for an inverse
    std::uint32_t undone_step = 0;    ///< index in that run
    std::string line;                 ///< for people
    std::string refusal{};            ///< why it cannot be done, and what to do; "" when it can
};

/// The actions that reverse the migration's standing runs (oldest first), newest effect first.
///
/// With `down: auto`, steps with an inverse are reversed by it, the others by the journals of all
/// runs; a step that was begun and not ended is undone by its journal alone.
/// Errors: failed_precondition, naming migration and step, for what cannot be reversed.
std::vector<RollbackAction> plan_rollback(const Migration& migration,
                                          const std::vector<const HistoryRow*>& runs);

/// The same where nothing is refused: what cannot be reversed is an action with a refusal.
std::vector<RollbackAction> explain_rollback(const Migration& migration,
                                             const std::vector<const HistoryRow*>& runs);

}  // namespace dynamigrate::migrate
