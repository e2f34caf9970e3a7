#pragma once

#include <dynamigrate/migrate/runner.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// The version down to which the options roll back, which stays applied; "0" when none stays.
/// `standing`: versions that were applied or begun, the highest first; `target`: the options' as
/// the registry names it.
/// Errors: not_found for a target that is not among them; invalid_argument for zero steps.
std::string rollback_target(const RollbackOptions& options, const std::string& target,
                            const std::vector<std::string>& standing);

}  // namespace dynamigrate::migrate
