#include "execution.hpp"

#include "cloud_report.hpp"
#include "journals.hpp"
#include "lower_limit.hpp"
#include "raised_tables.hpp"
#include "step_notes.hpp"
#include "step_run.hpp"
#include "table_names.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using std::chrono::milliseconds;

/// The note of a run: the steps of a retry that is not at its end.
constexpr std::string_view kRetriedSteps = "retried-steps";

std::string describe(const base::ProcessIdentity& identity) {
    return fmt::format("{}@{}", identity.user, identity.host);
}

/// Later than every row so far, whatever the clocks of the machines say: rows are kept by this time.
base::WallTime start_time(const HistoryView& view, base::WallTime now) {
    for (const HistoryRow& row : view.rows()) {
        now = std::max(now, base::parse_iso8601(row.started_at) + milliseconds(1));
    }
    return now;
}

}  // namespace

Execution::Execution(const ExecutionInputs& inputs, const HistoryView& view,
                     const PlannedMigration& planned)
    : inputs_(inputs),
      view_(view),
      planned_(planned),
      migration_(*planned.migration) {
    if (!planned.resumed_run.empty()) {
        resumed_ = view.row_of_run(planned.resumed_run);
    }
    if (inputs.world.meter) {
        meter_before_ = inputs.world.meter->reading();
    }
    began_ = inputs.world.clock->steady_now();
}

HistoryRow Execution::run() {
    if (resumed_) {
        take_over_row();
    } else {
        begin_row();
    }
    inputs_.lock.set_run(row_.run);
    const bool goes_on =
        resumed_ && !resumed_->execution.empty() && resumed_->execution == inputs_.world.execution;
    const ControlWatch::Following following = inputs_.control.follow(
        row_.run,
        [this](const std::string& line) {
            keep_pace();
            tell(line);
        },
        goes_on);
    try {
        inputs_.listener.migration_begins(planned_);
        if (run_actions() && gives_capacity_back()) {
            finish();
        } else {
            gives_capacity_back();
            row_.interrupted = !inputs_.fleet || !inputs_.fleet->awaited();
            save();
        }
    } catch (const Error& error) {
        if (inputs_.lock.is_lost()) {
            throw Error(ErrorKind::aborted,
                        fmt::format("lost the lock while {} ran; `dynamigrate runs` tells who "
                                    "holds it",
                                    migration_.id()))
                .because(error);
        }
        bool is_interrupted = error.kind() == ErrorKind::cancelled && is_stopped();
        if (!is_interrupted) {
            record_failure(place_error(error));
            throw place_error(error);
        }
        list_parts();
        gives_capacity_back();
        row_.interrupted = true;
        save();
    }
    inputs_.listener.migration_ends(planned_, row_);
    return row_;
}

void Execution::begin_row() {
    list_actions();
    row_.id = migration_.id();
    row_.run = inputs_.world.random->uuid();
    row_.status = planned_.rolls_back ? Status::rolling_back : Status::running;
    row_.action = planned_.action;
    row_.description = migration_.description();
    row_.path = migration_.path();
    row_.table = own_table();
    row_.checksum = migration_.checksum();
    row_.started_at = base::to_iso8601(start_time(view_, inputs_.world.clock->now()));
    row_.by = describe(inputs_.world.identity);
    row_.tool_version = inputs_.settings.tool_version;
    row_.execution = inputs_.world.execution;
    row_.fence = inputs_.lock.fence();
    if (inputs_.settings.journal) {
        row_.journal = inputs_.journals.location(row_.run);
    }
    check_undone_journals();
    settle_undone_runs();
    open_journal();
    save();
}

/// Only when the row and every record carry the new fence, and the journal is sealed, is anything
/// of the earlier attempt read.
void Execution::take_over_row() {
    row_ = *resumed_;
    list_actions();
    read_units_before_ = row_.read_units - row_.segments_used.read_units;
    write_units_before_ = row_.write_units - row_.segments_used.write_units;
    turns_before_ = row_.turns_used;
    row_.status = planned_.rolls_back ? Status::rolling_back : Status::running;
    row_.interrupted = false;
    row_.error.clear();
    row_.finished_at.clear();
    row_.by = describe(inputs_.world.identity);
    row_.tool_version = inputs_.settings.tool_version;
    row_.checksum = migration_.checksum();
    row_.fence = inputs_.lock.fence();
    list_retried();
    check_resumed_journal();
    check_repeatable();
    check_undone_journals();
    open_journal();
    take_over_records();
    if (!inputs_.fleet && list_parts()) {
        save();
    }
}

/// Segments may have attempts above the row's. A fleet's segments stay fenced by their own attempts,
/// which rise when they are taken again.
void Execution::take_over_records() {
    NativeRunRecords records(inputs_.table, row_.run, row_.fence);
    row_.attempt =
        std::max({row_.attempt, journal_->last_attempt(), records.last_segment_attempt()});
    ++row_.attempt;
    row_.execution = inputs_.world.execution;
    save();
    records.raise_fence(inputs_.fleet == nullptr);
    journal_->seal(row_.attempt - 1);
}

void Execution::list_actions() {
    if (planned_.rolls_back) {
        actions_ = plan_rollback(migration_, view_.standing_runs(migration_.id(), resumed_));
        return;
    }
    for (const StepPtr& step : migration_.up_steps()) {
        actions_.push_back({step, nullptr, 0, step->summary()});
    }
}

/// A retry of what a finished run quarantined begins at the first step that has such items, and goes
/// on with these steps alone however often it is cut short.
void Execution::list_retried() {
    NativeStepNotes notes(inputs_.table, row_.run, 0, row_.fence);
    if (planned_.action == "retry") {
        for (const backfill::QuarantinedItem& item :
             NativeRunRecords(inputs_.table, row_.run, row_.fence).all_quarantined()) {
            if (can_be_retried(item)) {
                retried_.insert(item.step);
            }
        }
        if (!retried_.empty()) {
            row_.steps_done = *retried_.begin();
            notes.write(kRetriedSteps, fmt::format("{}", fmt::join(retried_, " ")));
        }
    } else if (const auto steps = notes.read(kRetriedSteps)) {
        std::istringstream words(*steps);
        for (std::uint32_t step = 0; words >> step;) {
            retried_.insert(step);
        }
    }
    if (!retried_.empty() && inputs_.fleet) {
        inputs_.fleet->retry();
    }
}

/// The run is noted in the store before the row is written: where a row names a journal which the
/// store does not hold, it lies elsewhere.
void Execution::open_journal() {
    records_ = std::make_unique<NativeRunRecords>(inputs_.table, row_.run, row_.fence);
    if (row_.journal.empty()) {
        journal_ = layers::make_null_journal();
        return;
    }
    inputs_.journals.begin(row_.run);
    journal_ = inputs_.journals.open(row_.run, row_.journal);
    if (inputs_.settings.journal_max_bytes) {
        journal_ = layers::limit_journal(
            std::move(journal_),
            bytes_left(view_.rows(), row_.run, *inputs_.settings.journal_max_bytes),
            "make room with `dynamigrate journal purge` or raise it, then `dynamigrate resume`");
    }
    if (inputs_.fleet) {
        journal_ = measure_journal(journal_->share(own_parts()), written_);
    }
}

/// What earlier calls wrote of the step at hand and nobody else goes on with: a run that many
/// processes work has far too many parts to read them all.
layers::PartRange Execution::own_parts() {
    layers::PartRange range;
    if (resumed_) {
        range.last_attempt = resumed_->attempt;
        NativeStepNotes notes(inputs_.table, row_.run, row_.steps_done, row_.fence);
        const auto first = notes.read(kFirstAttempt);
        const bool was_of_one = resumed_->execution.empty();
        range.first_attempt = first        ? static_cast<std::uint32_t>(std::stoul(*first))
                              : was_of_one ? 1
                                           : resumed_->attempt;
        if (!first) {  // the row, once it names the execution, no longer tells
            notes.write(kFirstAttempt, std::to_string(range.first_attempt));
        }
    }
    return range;
}

void Execution::note_first_attempt() {
    if (inputs_.fleet && !notes_->read(kFirstAttempt)) {
        notes_->write(kFirstAttempt, std::to_string(row_.attempt));
    }
}

bool Execution::was_begun(const std::string& run, std::uint32_t step) {
    return NativeRunRecords(inputs_.table, run, 0).total_segments(step).has_value();
}

/// Where a person must say that the step may be applied again to what it has changed already.
void Execution::check_repeatable() {
    const Step* step =
        row_.steps_done < actions_.size() ? actions_[row_.steps_done].step.get() : nullptr;
    if (!step || step->is_repeatable() || !row_.journal.empty() || inputs_.settings.force ||
        !was_begun(row_.run, row_.steps_done)) {
        return;
    }
    throw Error(
        ErrorKind::failed_precondition,
        fmt::format("cannot resume run {} of {}: it keeps no journal, so it is not known which "
                    "items step {} ({}) has changed already; use --force if it may be applied "
                    "twice to an item, else undo it (`dynamigrate down` where the migration has a "
                    "`down` of its own) and apply it with a journal or `exactly_once: marker`",
                    row_.run, row_.id, row_.steps_done + 1, step->summary()));
}

void Execution::check_resumed_journal() {
    bool is_needed = !row_.journal.empty() && !inputs_.settings.force &&
                     row_.steps_done < actions_.size() && actions_[row_.steps_done].step &&
                     !inputs_.journals.holds(row_.run, row_.journal);
    if (is_needed && was_begun(row_.run, row_.steps_done)) {
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("cannot resume run {} of {}: {}; or use --force to run on items that may "
                        "have been changed already",
                        row_.run, row_.id,
                        missing_journal(row_, inputs_.journals.location(row_.run), "resume")));
    }
}

void Execution::check_undone_journals() {
    for (const RollbackAction& action : actions_) {
        if (action.step || inputs_.settings.force ||
            inputs_.journals.holds(action.run->run, action.run->journal) ||
            !was_begun(action.run->run, action.undone_step)) {
            continue;
        }
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("cannot roll back {}: {}", migration_.id(),
                        missing_journal(*action.run, inputs_.journals.location(action.run->run),
                                        "roll back")));
    }
}

/// Returns false when it was stopped.
bool Execution::run_actions() {
    if (row_.steps_done == 0 && !actions_.empty() &&
        !inputs_.backups->back_up(make_step_run(0), planned_)) {
        return false;
    }
    for (current_ = row_.steps_done; current_ < actions_.size(); ++current_) {
        if (is_stopped()) {
            return false;
        }
        if (!retried_.empty() && !retried_.contains(current_)) {
            row_.steps_done = current_ + 1;
            continue;
        }
        const RollbackAction& action = actions_[current_];
        if (action.step) {
            inputs_.listener.step_begins(migration_, current_, actions_.size(), *action.step);
        } else {
            inputs_.listener.undo_begins(migration_, current_, actions_.size(), action.line);
        }
        StepRun step_run = make_step_run(current_);
        note_first_attempt();
        StepResult result = action.step ? action.step->run(step_run) : undo(action, step_run);
        add_result(current_, result);
        inputs_.listener.step_ends(migration_, current_, result);
        if (result.stopped) {
            return false;
        }
        row_.steps_done = current_ + 1;
        if (row_.steps_done < actions_.size() || inputs_.fleet) {
            save();
        }
    }
    return true;
}

StepRun Execution::make_step_run(std::uint32_t index) {
    StepRun run = step_run_of(inputs_.world, inputs_.settings, migration_, row_, index);
    run.surroundings.service = &inputs_.control.service();
    run.surroundings.journal = journal_.get();
    run.surroundings.records = records_.get();
    run.surroundings.on_progress = [this](const backfill::Progress& progress) {
        std::lock_guard lock(listener_mutex_);
        progress_ = progress.counts;
        layers::MeterReading reading;
        if (inputs_.world.meter) {
            reading = inputs_.world.meter->reading().since(meter_before_);
        }
        inputs_.listener.progress(progress, reading);
    };
    run.stop = inputs_.stop;
    run.stop_now = inputs_.stop_now;
    run.set_pace = [this](std::optional<double> max_rcu, std::optional<double> max_wcu) {
        set_pace(max_rcu, max_wcu);
    };
    run.tell = [this](const std::string& line) { tell(line); };
    if (inputs_.fleet) {
        run.carry_out = [fleet = inputs_.fleet](const backfill::Plan& plan, const StepRun& step) {
            return fleet->carry_out(plan, step);
        };
    }
    open_notes(index, run);
    return run;
}

void Execution::open_notes(std::uint32_t index, StepRun& run) {
    notes_ = std::make_unique<NativeStepNotes>(inputs_.table, row_.run, index, row_.fence);
    run.notes = notes_.get();
    const RollbackAction& action = actions_[index];
    if (action.step && action.run) {
        reversed_notes_ = std::make_unique<NativeStepNotes>(inputs_.table, action.run->run,
                                                            action.undone_step, row_.fence);
        run.reversed = reversed_notes_.get();
    }
}

std::string Execution::own_table() const {
    bool is_named = !migration_.table().empty() || !inputs_.settings.default_table.empty();
    return is_named ? physical_table("") : std::string();
}

std::string Execution::physical_table(const std::string& name) const {
    return real_table(inputs_.settings, migration_, name);
}

void Execution::set_pace(std::optional<double> max_rcu, std::optional<double> max_wcu) {
    {
        std::lock_guard lock(pace_mutex_);
        step_rcu_ = max_rcu;
        step_wcu_ = max_wcu;
    }
    keep_pace();
}

/// What a person wished during the run stands above the project's limits.
void Execution::keep_pace() {
    if (!inputs_.world.pace) {
        return;
    }
    const BackfillSettings& settings = inputs_.settings.backfill;
    const RunWishes wishes = inputs_.control.wishes();
    std::lock_guard lock(pace_mutex_);
    inputs_.world.pace->set_limits(
        {lower_limit(step_rcu_, wishes.max_rcu ? wishes.max_rcu : settings.max_rcu),
         lower_limit(step_wcu_, wishes.max_wcu ? wishes.max_wcu : settings.max_wcu)});
}

void Execution::tell(const std::string& line) {
    std::lock_guard lock(listener_mutex_);
    inputs_.listener.line(line);
}

void Execution::add_result(std::uint32_t index, const StepResult& result) {
    for (const std::string& line : result.lines) {
        tell(line);
    }
    row_.step_counts.resize(std::max<std::size_t>(row_.step_counts.size(), index + 1));
    row_.step_counts[index] = result.counts;
    for (const layers::PartSummary& part : result.parts) {
        note_part(part);
    }
    std::lock_guard lock(listener_mutex_);
    progress_ = {};
}

/// A part only ever grows; one that is shorter than it was is left for `expect_parts` to find.
bool Execution::note_part(const layers::PartSummary& part) {
    auto known = std::find_if(row_.parts.begin(), row_.parts.end(),
                              [&](const auto& other) { return other.name == part.name; });
    if (known == row_.parts.end()) {
        row_.parts.push_back(part);
        return true;
    }
    bool has_grown = part.bytes > known->bytes;
    if (has_grown) {
        *known = part;
    }
    return has_grown;
}

/// Notes the parts that no step told of: it crashed, failed or was cut short. Returns whether there
/// are such. What cannot be read here fails where it is needed.
bool Execution::list_parts() {
    bool has_new = false;
    try {
        for (const layers::PartSummary& part : read_parts(*journal_)) {
            has_new |= note_part(part);
        }
    } catch (const std::exception& error) {
        inputs_.world.log->warning("the parts of the journal of run {} could not be listed: {}",
                                   row_.run, error.what());
    }
    return has_new;
}

std::vector<layers::PartSummary> Execution::read_parts(layers::Journal& journal) {
    auto none = [](const layers::JournalPage&) { return false; };
    auto ignore = [](const layers::JournalPage&, const layers::JournalEntry&,
                     layers::EntryOutcome) {};
    return journal.read(none, ignore).parts;
}

/// What state machines' runs gave their tables, unless a further turn is to come. Returns false when
/// it was stopped; the run itself never fails of it.
bool Execution::gives_capacity_back() {
    const bool goes_on = inputs_.fleet && row_.status != Status::failed &&
                         !inputs_.control.wishes().abort && current_ < actions_.size();
    if (goes_on) {
        return true;
    }
    return give_back_capacity(inputs_.table, inputs_.world, row_.fence,
                              {inputs_.stop, inputs_.stop_now},
                              [this](const std::string& line) { tell(line); });
}

/// The turn's own use, and what the segments' records tell of theirs.
void Execution::measure_cloud() {
    if (!inputs_.fleet) {
        return;
    }
    CloudUsage turn;
    turn.calls = 1;
    turn.seconds =
        std::chrono::duration<double>(inputs_.world.clock->steady_now() - began_).count();
    turn.journal_bytes = written_->bytes();
    turn.journal_writes = written_->writes();
    if (inputs_.world.meter) {
        const layers::MeterReading used = inputs_.world.meter->reading().since(meter_before_);
        turn.read_units = used.read_units;
        turn.write_units = used.write_units;
    }
    row_.turns_used = turns_before_;
    row_.turns_used += turn;
}

void Execution::finish() {
    if (row_.action == "reset") {
        count_versions_as_applied();
    }
    row_.status = planned_.rolls_back ? Status::rolled_back : Status::applied;
    row_.finished_at = end_time();
    save();
    if (!retried_.empty()) {
        NativeStepNotes(inputs_.table, row_.run, 0, row_.fence).forget(kRetriedSteps);
    }
    if (row_.turns_used.is_any()) {
        tell(cloud_report_line(row_));
    }
}

/// Not before the start, whatever the clock says: other tools take the latest row for the state.
std::string Execution::end_time() const {
    return std::max(base::to_iso8601(inputs_.world.clock->now()), row_.started_at);
}

/// The rows' ids follow from the run's, so that a resumed reset writes the same ones again.
void Execution::count_versions_as_applied() {
    std::string now = end_time();
    for (const Migration& migration : inputs_.registry.all()) {
        if (migration.is_named()) {
            continue;
        }
        HistoryRow row;
        row.id = migration.id();
        row.run = base::uuid5(row_.run, migration.id());
        row.status = Status::applied;
        row.action = "reset";
        row.description = migration.description();
        row.path = migration.path();
        row.table = row_.table;
        row.checksum = migration.checksum();
        row.started_at = row_.started_at;
        row.finished_at = now;
        row.by = row_.by;
        row.tool_version = row_.tool_version;
        row.fence = row_.fence;
        row.steps_done = static_cast<std::uint32_t>(migration.up_steps().size());
        inputs_.history.write(row);
    }
}

/// The failure itself matters more than that it could not be recorded.
void Execution::record_failure(const Error& error) {
    row_.status = Status::failed;
    row_.error = error.what();
    row_.finished_at = end_time();
    {
        std::lock_guard lock(listener_mutex_);
        if (progress_.read > 0) {
            row_.step_counts.resize(std::max<std::size_t>(row_.step_counts.size(), current_ + 1));
            row_.step_counts[current_] = progress_;
        }
    }
    list_parts();
    gives_capacity_back();
    try {
        save();
    } catch (const std::exception& second) {
        inputs_.world.log->warning("the failure of run {} could not be recorded: {}", row_.run,
                                   second.what());
    }
    inputs_.listener.migration_ends(planned_, row_);
}

void Execution::save() {
    row_.counts = {};
    for (const backfill::Counts& step : row_.step_counts) {
        row_.counts += step;
    }
    if (inputs_.world.meter) {
        layers::MeterReading used = inputs_.world.meter->reading().since(meter_before_);
        row_.read_units = read_units_before_ + used.read_units + row_.segments_used.read_units;
        row_.write_units = write_units_before_ + used.write_units + row_.segments_used.write_units;
    }
    measure_cloud();
    const bool is_at_its_end =
        row_.status != Status::running && row_.status != Status::rolling_back;
    if (is_at_its_end) {
        NativeRunRecords records(inputs_.table, row_.run, row_.fence);
        sum_up_cloud(row_, records, inputs_.settings);
    }
    inputs_.history.write(row_);
}

bool Execution::is_stopped() const {
    return inputs_.stop.stop_requested() || inputs_.stop_now.stop_requested();
}

Error Execution::place_error(const Error& error) const {
    Error placed = error;
    std::string place = fmt::format("migration {}", migration_.id());
    if (current_ < actions_.size()) {
        place += fmt::format(", step {} ({})", current_ + 1, actions_[current_].line);
    }
    placed.at(error.where().empty() ? place : place + ": " + error.where());
    return placed;
}

}  // namespace dynamigrate::migrate
