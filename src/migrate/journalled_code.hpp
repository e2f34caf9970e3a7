#pragma once

#include <dynamigrate/migrate/step.hpp>

#include <functional>

namespace dynamigrate::migrate {

/// Runs code that writes as it likes, as a step: once, with everything that it writes journalled.
/// What an attempt that was cut short has written is taken back first, unless the code is
/// repeatable.
StepResult run_journalled(const StepRun& run, bool is_repeatable,
                          const std::function<void(dynamodb::Service&)>& code);

}  // namespace dynamigrate::migrate
