#pragma once

#include <dynamigrate/migrate/migrator.hpp>
#include <dynamigrate/migrate/state_machine.hpp>

#include <string>

namespace dynamigrate::migrate {

/// The share of segments that may fail in a round: the largest percentage of items that any of the
/// migration's steps may fail to migrate (`failure_budget`), since a segment of such a step may. A
/// budget that counts items tolerates none: it is too small to say anything of segments.
double tolerated_failure_percent(const Migration& migration, const BackfillSettings& settings);

/// The state machine of a migration, as the project's settings want it.
StateMachine machine_of(const Migration& migration, const Settings& settings,
                        std::string function_arn);

}  // namespace dynamigrate::migrate
