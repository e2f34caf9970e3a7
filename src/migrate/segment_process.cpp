#include "segment_process.hpp"

#include "control_watch.hpp"
#include "fleet_steps.hpp"
#include "held_lock.hpp"
#include "lower_limit.hpp"
#include "step_run.hpp"

#include <dynamigrate/backfill/segment_work.hpp>
#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

namespace {

/// Heartbeats between two looks at how many segments are left.
constexpr int kBeatsBetweenCounts = 12;

}  // namespace

SegmentProcess::SegmentProcess(const SegmentInputs& inputs, std::stop_token stop,
                               std::stop_token stop_now)
    : inputs_(inputs),
      stop_(std::move(stop)),
      stop_now_(std::move(stop_now)),
      records_(inputs.table, inputs.row.run, inputs.fence),
      journal_(measure_journal(inputs.row.journal.empty()
                                   ? layers::make_null_journal()
                                   : inputs.journals.open(inputs.row.run, inputs.row.journal),
                               written_)),
      began_(inputs.world.clock->steady_now()) {
    if (inputs.world.meter) {
        meter_before_ = inputs.world.meter->reading();
    }
    records_.measure([this] { return measured(); });
}

FleetSegmentTurn SegmentProcess::work() {
    look();
    look_for_failure();
    expect_no_failure();
    count_unfinished();
    FleetSegmentTurn turn;
    if (!is_at_rest()) {
        const JoinedStop stops({stop_, wished_stop_.get_token()});
        const JoinedStop stops_now({stop_now_, lost_.get_token()});
        stop_ = stops.token();
        stop_now_ = stops_now.token();
        std::jthread watching([this](const std::stop_token& ended) { watch(ended); });
        NativeStepNotes notes(inputs_.table, inputs_.row.run, inputs_.segment.step, inputs_.fence);
        bool is_done = false;
        try {
            is_done = is_done_now(notes, turn);
        } catch (const Error& error) {
            expect_owner(error.what());
            note_segment_failure(notes, inputs_.world.execution, inputs_.segment.segment, error);
            throw;
        }
        expect_owner("it stopped at once");
        if (is_done) {
            return turn;
        }
    }
    expect_no_failure();
    const std::lock_guard lock(mutex_);
    turn.next = wishes_.abort   ? FleetSegmentTurn::Next::aborted
                : wishes_.pause ? FleetSegmentTurn::Next::wait
                                : FleetSegmentTurn::Next::segment;
    return turn;
}

bool SegmentProcess::is_done_now(NativeStepNotes& notes, FleetSegmentTurn& turn) {
    StepRun run = make_step_run(notes);
    run.carry_out = [&](const backfill::Plan& plan, const StepRun& step) {
        const backfill::SegmentEnd end = backfill::work_segment(
            plan, step.surroundings, inputs_.segment.segment, step.stop, step.stop_now);
        records_.note_measured(inputs_.segment.step, inputs_.segment.segment);
        turn.read = end.read;
        turn.changed = end.changed;
        backfill::Result result;
        result.stopped = !end.is_done;
        result.parts = end.parts;
        return result;
    };
    return !step()->run(run).stopped;
}

SegmentNotes SegmentProcess::measured() const {
    SegmentNotes notes;
    notes.used.seconds =
        std::chrono::duration<double>(inputs_.world.clock->steady_now() - began_).count();
    if (inputs_.world.meter) {
        const layers::MeterReading used = inputs_.world.meter->reading().since(meter_before_);
        notes.used.read_units = used.read_units;
        notes.used.write_units = used.write_units;
    }
    notes.parts = written_->parts();
    notes.used.journal_bytes = written_->bytes();
    notes.used.journal_writes = written_->writes();
    return notes;
}

void SegmentProcess::expect_owner(std::string_view how) const {
    if (lost_.stop_requested()) {
        throw Error(ErrorKind::aborted,
                    fmt::format("run {} does not belong to execution {} any more; `dynamigrate "
                                "runs` tells whose it is: {}",
                                inputs_.row.run, inputs_.world.execution, how));
    }
}

/// What fails one segment for good fails them all.
void SegmentProcess::look_for_failure() {
    NativeStepNotes notes(inputs_.table, inputs_.row.run, inputs_.segment.step, inputs_.fence);
    if (auto failure = step_failure(notes, inputs_.world.execution)) {
        {
            const std::lock_guard lock(mutex_);
            failure_ = *std::move(failure);
        }
        wished_stop_.request_stop();
    }
}

void SegmentProcess::expect_no_failure() const {
    const std::lock_guard lock(mutex_);
    if (!failure_.empty()) {
        throw Error(ErrorKind::failed_precondition, failure_);
    }
}

StepPtr SegmentProcess::step() const {
    const std::uint32_t index = inputs_.segment.step;
    StepPtr step;
    if (inputs_.row.status == Status::rolling_back) {
        const auto actions = plan_rollback(
            inputs_.migration, inputs_.view.standing_runs(inputs_.migration.id(), &inputs_.row));
        step = index < actions.size() ? actions[index].step : nullptr;
    } else if (index < inputs_.migration.up_steps().size()) {
        step = inputs_.migration.up_steps()[index];
    }
    if (!step || index != inputs_.row.steps_done) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("step {} of run {} is not the one at work", index + 1, inputs_.row.run));
    }
    return step;
}

StepRun SegmentProcess::make_step_run(NativeStepNotes& notes) {
    StepRun run = step_run_of(inputs_.world, inputs_.settings, inputs_.migration, inputs_.row,
                              inputs_.segment.step);
    run.surroundings.journal = journal_.get();
    run.surroundings.records = &records_;
    run.notes = &notes;
    run.stop = stop_;
    run.stop_now = stop_now_;
    run.set_pace = [this](std::optional<double> max_rcu, std::optional<double> max_wcu) {
        {
            const std::lock_guard lock(mutex_);
            step_rcu_ = max_rcu;
            step_wcu_ = max_wcu;
        }
        keep_pace();
    };
    run.tell = [this](const std::string& line) { inputs_.listener.line(line); };
    return run;
}

/// A wish that cannot be read now is read with the next heartbeat.
void SegmentProcess::watch(const std::stop_token& ended) {
    for (int beat = 1; inputs_.world.clock->wait(inputs_.settings.heartbeat, ended); ++beat) {
        try {
            look_for_owner();
            look();
            if (beat % kBeatsBetweenCounts == 0) {
                look_for_failure();
                count_unfinished();
            }
        } catch (const std::exception& error) {
            inputs_.world.log->warning("the lock and the wishes for run {} could not be read: {}",
                                       inputs_.row.run, error.what());
        }
    }
}

/// Whoever took the run over waits for nobody.
void SegmentProcess::look_for_owner() {
    const auto owner = read_lock_owner(inputs_.table);
    if (!owner || owner->execution != inputs_.world.execution) {
        lost_.request_stop();
    }
}

void SegmentProcess::look() {
    const RunWishes next = read_wishes(inputs_.table, inputs_.row.run);
    {
        const std::lock_guard lock(mutex_);
        wishes_ = next;
    }
    keep_pace();
    if (next.seen < next.number) {
        note_seen_wishes(inputs_.table, inputs_.row.run, next.number);
    }
    if (next.pause || next.abort) {
        wished_stop_.request_stop();
    }
}

void SegmentProcess::count_unfinished() {
    const auto total = records_.total_segments(inputs_.segment.step).value_or(1);
    std::uint32_t done = 0;
    for (const backfill::SegmentState& state : records_.load_segments(inputs_.segment.step)) {
        done += state.is_done ? 1 : 0;
    }
    {
        const std::lock_guard lock(mutex_);
        unfinished_ = std::max<std::uint32_t>(1, total - done);
    }
    keep_pace();
}

void SegmentProcess::keep_pace() {
    if (!inputs_.world.pace) {
        return;
    }
    const BackfillSettings& settings = inputs_.settings.backfill;
    const std::lock_guard lock(mutex_);
    const double children =
        std::max<std::uint32_t>(1, std::min(inputs_.segment.concurrency, unfinished_));
    inputs_.world.pace->set_limits(
        {lower_limit(step_rcu_, wishes_.max_rcu ? wishes_.max_rcu : settings.max_rcu) / children,
         lower_limit(step_wcu_, wishes_.max_wcu ? wishes_.max_wcu : settings.max_wcu) / children});
}

bool SegmentProcess::is_at_rest() {
    const std::lock_guard lock(mutex_);
    return wishes_.pause || wishes_.abort;
}

}  // namespace dynamigrate::migrate
