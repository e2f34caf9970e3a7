#pragma once

#include "project.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/migrate/migrator.hpp>
#include <dynamigrate/remote/state_machines.hpp>

#include <memory>

namespace dynamigrate::cli {

/// What Step Functions is reached with; all must outlive it.
struct StateMachineSurroundings {
    const base::Environment& environment;
    base::Clock& clock;
    base::Random& random;
    base::Log& log;
};

/// State machines and executions where their ARNs say that they are, with the project's credentials.
/// Nothing is opened before the first call. The project must outlive it.
std::unique_ptr<remote::StateMachines> make_regional_state_machines(
    const Project& project, const StateMachineSurroundings& surroundings);

/// Asks Step Functions whether executions have ended.
std::unique_ptr<migrate::ExecutionWatch> make_execution_watch(remote::StateMachines& machines);

}  // namespace dynamigrate::cli
