#include "fleet_steps.hpp"

#include "raised_tables.hpp"

#include <dynamigrate/backfill/segment_work.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

/// The note of a step: the execution, a line end, and what failed it for good.
constexpr std::string_view kFailure = "failure";

}  // namespace

void note_step_failure(StepNotes& notes, const std::string& execution, const Error& error) {
    const bool may_pass = error.kind() != ErrorKind::failed_precondition &&
                          error.kind() != ErrorKind::invalid_argument;
    if (!may_pass && !step_failure(notes, execution)) {
        notes.write(kFailure, execution + "\n" + error.what());
    }
}

std::optional<std::string> step_failure(StepNotes& notes, const std::string& execution) {
    const auto text = notes.read(kFailure);
    if (!text || !text->starts_with(execution + "\n")) {
        return std::nullopt;
    }
    return text->substr(execution.size() + 1);
}

bool FleetSteps::prewarm(const backfill::Plan& plan, const StepRun& run) {
    const auto& wanted = settings_.cloud.prewarm;
    if (!wanted) {
        return true;
    }
    NativeStepNotes notes(table_, run.run, 0, run.surroundings.fence);
    const bool is_copy = !plan.target_table.empty() && plan.target_table != plan.table;
    if (!is_copy) {
        return raise_capacity(notes, run, plan.table, *wanted);
    }
    return raise_capacity(notes, run, plan.table, {wanted->read, 0}) &&
           raise_capacity(notes, run, plan.target_table, {0, wanted->write});
}

backfill::Result FleetSteps::carry_out(const backfill::Plan& plan, const StepRun& run) {
    if (const auto reason = backfill::reason_not_shared(plan)) {
        run.tell(fmt::format("worked by one call at a time: {}", *reason));
        return backfill::run(plan, run.surroundings, run.stop, run.stop_now);
    }
    run.notes->write(kFirstAttempt, std::to_string(run.surroundings.attempt));
    backfill::begin_segments(plan, run.surroundings);
    backfill::Result retried;
    if (retries_) {
        retried = backfill::retry_quarantined(plan, run.surroundings, run.stop, run.stop_now);
        if (retried.stopped) {
            return retried;
        }
    }
    const backfill::SegmentsEnd end = backfill::end_segments(plan, run.surroundings);
    backfill::Result result;
    result.counts = end.counts;
    result.counts.changed += retried.counts.changed;
    result.parts = std::move(retried.parts);
    if (!end.unfinished.empty()) {
        if (const auto failure = step_failure(*run.notes, execution_)) {
            throw Error(ErrorKind::failed_precondition, *failure);
        }
        result.stopped = true;
        if (!prewarm(plan, run)) {
            return result;
        }
        awaited_ = AwaitedSegments{plan.step, end.unfinished};
    }
    return result;
}

}  // namespace dynamigrate::migrate
