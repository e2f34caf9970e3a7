#include "backfill_step.hpp"

#include "control_plane.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

backfill::Plan plan_backfill(const StepRun& run, const std::string& table,
                             const BackfillOptions& options) {
    backfill::Plan plan;
    plan.table = run.table(table);
    dynamodb::TableDescription description = require_table(run, plan.table);
    plan.step = run.index;
    plan.run = run.run;
    plan.key = description.key;
    plan.table_bytes = description.size_bytes;
    plan.source = options.source;
    plan.marker = options.marker;
    plan.passes = options.passes;
    plan.atomic = options.atomic;
    plan.failure_budget = run.settings.failure_budget.value_or(options.failure_budget);
    plan.lanes = options.lanes.value_or(run.settings.lanes.value_or(plan.lanes));
    plan.segments = options.segments.value_or(run.settings.segments.value_or(plan.segments));
    if (run.set_pace) {
        run.set_pace(options.max_rcu, options.max_wcu);
    }
    return plan;
}

StepResult run_backfill(const StepRun& run, const backfill::Plan& plan) {
    backfill::Result done;
    try {
        done = run.carry_out ? run.carry_out(plan, run)
                             : backfill::run(plan, run.surroundings, run.stop, run.stop_now);
    } catch (const backfill::BrokenTransform& broken) {
        throw broken.error();
    }
    StepResult result;
    result.stopped = done.stopped;
    result.counts = done.counts;
    result.parts = std::move(done.parts);
    return result;
}

RunValues run_values(const StepRun& run) { return {run.run, run.started_at}; }

}  // namespace dynamigrate::migrate
