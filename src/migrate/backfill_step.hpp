#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include "template.hpp"

#include <functional>
#include <optional>
#include <string>

/// From a step's fields to a backfill.
namespace dynamigrate::migrate {

/// A plan for the table as the step names it, described by the service, with the step's and the
/// configuration's limits; sets the pace. The options' source is the plan's.
backfill::Plan plan_backfill(const StepRun& run, const std::string& table,
                             const BackfillOptions& options);

/// Runs the plan; the result holds the counts.
StepResult run_backfill(const StepRun& run, const backfill::Plan& plan);

RunValues run_values(const StepRun& run);

}  // namespace dynamigrate::migrate
