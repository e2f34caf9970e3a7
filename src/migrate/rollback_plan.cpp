#include <dynamigrate/migrate/rollback_plan.hpp>

#include <algorithm>

namespace dynamigrate::migrate {

std::string_view to_string(PlannedReversal::Kind kind) noexcept {
    switch (kind) {
        case PlannedReversal::Kind::step:
            return "step";
        case PlannedReversal::Kind::inverse:
            return "inverse";
        case PlannedReversal::Kind::journal:
            return "journal";
        case PlannedReversal::Kind::impossible:
            return "impossible";
    }
    return "step";
}

bool PlannedRollback::is_possible() const noexcept {
    return refusals.empty() &&
           std::none_of(reversals.begin(), reversals.end(), [](const PlannedReversal& reversal) {
               return reversal.kind == PlannedReversal::Kind::impossible;
           });
}

bool RollbackPlan::is_possible() const noexcept {
    return std::all_of(migrations.begin(), migrations.end(),
                       [](const PlannedRollback& planned) { return planned.is_possible(); });
}

}  // namespace dynamigrate::migrate
