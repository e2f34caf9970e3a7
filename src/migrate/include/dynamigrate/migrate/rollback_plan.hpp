#pragma once

#include <dynamigrate/migrate/migration.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// One action of a rollback.
struct PlannedReversal {
    enum class Kind {
        step,        ///< a down step that the migration has written
        inverse,     ///< the inverse that an up step knows
        journal,     ///< what a run's journal says that a step changed is put back
        impossible,  ///< cannot be reversed
    };
    Kind kind = Kind::step;
    std::string line;     ///< the action, for people; of an impossible one the step as it was run
    std::string run;      ///< whose journal
    std::string journal;  ///< where it lies
    std::string reason;   ///< why it is impossible, and what to do
};

std::string_view to_string(PlannedReversal::Kind kind) noexcept;

/// The rollback of one migration.
struct PlannedRollback {
    const Migration* migration = nullptr;
    std::string resumed_run;  ///< the rollback that is continued; "" for a new one
    std::vector<PlannedReversal> reversals;
    /// Why it is refused as a whole: a changed file, dependents that are applied.
    std::vector<std::string> refusals;

    bool is_possible() const noexcept;
};

/// What a rollback will do, in order, and what keeps it from being done. A value; points into the
/// registry.
struct RollbackPlan {
    std::vector<PlannedRollback> migrations;

    bool is_possible() const noexcept;
};

}  // namespace dynamigrate::migrate
