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
/// The note of a step: the execution, a line end, and what failed a segment last that may pass.
constexpr std::string_view kPassing = "passing_failure";
/// The note of a step: how many items changed when they were tried again, by all turns.
constexpr std::string_view kRetried = "retried-changed";

/// Nothing: another execution wrote the note, or none did.
std::optional<std::string> noted_by(StepNotes& notes, std::string_view name,
                                    const std::string& execution) {
    const auto text = notes.read(name);
    if (!text || !text->starts_with(execution + "\n")) {
        return std::nullopt;
    }
    return text->substr(execution.size() + 1);
}

void note_passing(StepNotes& notes, const std::string& execution, std::uint32_t segment,
                  const Error& error) {
    try {
        notes.write(kPassing, fmt::format("{}\nsegment {}: {}: {}", execution, segment,
                                          to_string(error.kind()), error.what()));
    } catch (const Error&) {
        return;  // the first failure is the one to tell
    }
}

}  // namespace

void note_segment_failure(StepNotes& notes, const std::string& execution, std::uint32_t segment,
                          const Error& error) {
    const bool may_pass = error.kind() != ErrorKind::failed_precondition &&
                          error.kind() != ErrorKind::invalid_argument;
    if (!may_pass && !step_failure(notes, execution)) {
        notes.write(kFailure, execution + "\n" + error.what());
    }
    if (may_pass && error.kind() != ErrorKind::aborted) {
        note_passing(notes, execution, segment, error);
    }
}

std::optional<std::string> step_failure(StepNotes& notes, const std::string& execution) {
    return noted_by(notes, kFailure, execution);
}

std::string reason_of_segments(StepNotes& notes, const std::string& execution,
                               const std::string& reason) {
    if (const auto failure = step_failure(notes, execution)) {
        return fmt::format("{}: {}", to_string(ErrorKind::failed_precondition), *failure);
    }
    const auto passing = noted_by(notes, kPassing, execution);
    return passing ? fmt::format("{}; the last failure that was noted: {}", reason, *passing)
                   : reason;
}

bool FleetSteps::prewarm(const backfill::Plan& plan, const StepRun& run) {
    const auto& wanted = settings_.cloud.prewarm;
    if (!wanted) {
        return true;
    }
    const bool is_copy = !plan.target_table.empty() && plan.target_table != plan.table;
    if (!is_copy) {
        return raise_capacity(table_, run, plan.table, *wanted);
    }
    return raise_capacity(table_, run, plan.table, {wanted->read, 0}) &&
           raise_capacity(table_, run, plan.target_table, {0, wanted->write});
}

std::uint64_t FleetSteps::add_retried(StepNotes& notes, std::uint64_t changed) {
    const auto noted = notes.read(kRetried);
    const std::uint64_t sum = changed + (noted ? std::stoull(*noted) : 0);
    if (changed > 0) {
        notes.write(kRetried, std::to_string(sum));
    }
    return sum;
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
    }
    const backfill::SegmentsEnd end = backfill::end_segments(plan, run.surroundings);
    backfill::Result result;
    result.counts = end.counts;
    result.counts.changed += add_retried(*run.notes, retried.counts.changed);
    result.parts = std::move(retried.parts);
    if (retried.stopped) {
        result.stopped = true;
        return result;
    }
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
