#pragma once

#include <dynamigrate/migrate/step.hpp>

#include <cstdint>
#include <functional>

namespace dynamigrate::migrate {

/// Runs code that writes as it likes, as a step: once, with everything that it writes journalled.
/// What an attempt that was cut short has written is taken back first, unless the code is
/// repeatable. `code` returns how many items it was given.
StepResult run_journalled(const StepRun& run, bool is_repeatable,
                          const std::function<std::uint64_t(dynamodb::Service&)>& code);

}  // namespace dynamigrate::migrate
