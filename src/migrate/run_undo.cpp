#include "run_undo.hpp"

#include "identity.hpp"
#include "journals.hpp"
#include "raised_tables.hpp"
#include "undo.hpp"

#include <dynamigrate/backfill/unsettled.hpp>
#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

std::string selection_text(const backfill::UndoSelection& selection) {
    std::string text;
    if (!selection.keys.empty()) {
        text += fmt::format(", {} {}", selection.keys.size(),
                            selection.keys.size() == 1 ? "key" : "keys");
    }
    if (selection.since) {
        text += ", since " + base::to_iso8601(*selection.since);
    }
    if (selection.until) {
        text += ", until " + base::to_iso8601(*selection.until);
    }
    return text;
}

base::WallTime later_than_all(const HistoryView& view, base::WallTime now) {
    for (const HistoryRow& row : view.rows()) {
        now = std::max(now, base::parse_iso8601(row.started_at) + std::chrono::milliseconds(1));
    }
    return now;
}

}  // namespace

void check_undoable(const HistoryView&, const HistoryRow& row,
                    const backfill::UndoSelection& selection, layers::JournalStore& journals) {
    if (rolls_back(row)) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {} is itself {} of {}; apply the migration again instead",
                                row.run, is_undo(row) ? "an undo" : "a rollback", row.id));
    }
    open_journal(row, journals);
    if (is_unfinished(row) && !selection.is_all()) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {} of {} is not finished: undo it as a whole, or `dynamigrate "
                                "resume {}` and then undo a part of it",
                                row.run, row.id, row.run));
    }
}

PlannedMigration planned_undo(const Migration& migration, const HistoryRow& row,
                              const backfill::UndoSelection& selection) {
    PlannedMigration planned;
    planned.migration = &migration;
    planned.action = "undo";
    planned.rolls_back = true;
    planned.lines = {fmt::format("undo run {} ({} of {}{})", row.run, row.action, row.id,
                                 selection_text(selection))};
    return planned;
}

RunUndo::RunUndo(const ExecutionInputs& inputs, const HistoryView& view, const HistoryRow& row,
                 const Migration& migration, const backfill::UndoSelection& selection)
    : inputs_(inputs),
      view_(view),
      migration_(migration),
      selection_(selection),
      undone_(row),
      was_undone_(row.undone) {
    check_undoable(view, row, selection, inputs.journals);
    journal_ = open_journal(row, inputs.journals);
    if (inputs.world.meter) {
        meter_before_ = inputs.world.meter->reading();
    }
}

UndoneRun RunUndo::run() {
    PlannedMigration planned = planned_undo(migration_, undone_, selection_);
    begin();
    inputs_.lock.set_run(row_.run);
    std::mutex telling;
    const ControlWatch::Following following =
        inputs_.control.follow(row_.run, [&](const std::string& line) {
            keep_pace();
            std::lock_guard lock(telling);
            inputs_.listener.line(line);
        });
    UndoneRun undone;
    inputs_.listener.migration_begins(planned);
    try {
        inputs_.listener.undo_begins(migration_, 0, 1, planned.lines.front());
        undone.result = put_back();
        finish(undone.result);
        give_back_capacity(inputs_.table, inputs_.world, row_.fence,
                           {inputs_.stop, inputs_.stop_now},
                           [&](const std::string& line) { inputs_.listener.line(line); });
    } catch (const Error& error) {
        if (inputs_.lock.is_lost()) {
            throw Error(ErrorKind::aborted, "lost the lock during the undo; run it again")
                .because(error);
        }
        row_.status = Status::failed;
        row_.error = error.what();
        row_.finished_at = base::to_iso8601(inputs_.world.clock->now());
        save();
        inputs_.listener.migration_ends(planned, row_);
        throw;
    }
    inputs_.listener.migration_ends(planned, row_);
    undone.row = row_;
    undone.of = undone_;
    undone.interrupted = undone.result.stopped;
    return undone;
}

/// The run's row says `partly` before anything is written: whatever happens then, it is true.
void RunUndo::begin() {
    row_.id = undone_.id;
    row_.run = inputs_.world.random->uuid();
    row_.status = Status::rolling_back;
    row_.action = "undo";
    row_.undoes = undone_.run;
    row_.undone = "partly";
    row_.description = undone_.description;
    row_.path = undone_.path;
    row_.checksum = undone_.checksum;
    row_.started_at = base::to_iso8601(later_than_all(view_, inputs_.world.clock->now()));
    row_.by = fmt::format("{}@{}", inputs_.world.identity.user, inputs_.world.identity.host);
    row_.tool_version = inputs_.settings.tool_version;
    row_.fence = undone_.fence = inputs_.lock.fence();
    const HistoryRow* latest = view_.latest(undone_.id);
    row_.layout = latest ? latest->layout : undone_.layout;
    if (is_unfinished(undone_)) {
        seal_against_owner(*journal_, undone_, inputs_.table, row_.fence);
    }
    if (!inputs_.settings.force) {
        expect_parts(*journal_, with_all_parts(undone_, inputs_.table));
        expect_settled();
    }
    undone_.undone = "partly";
    save();
    inputs_.history.keep(undone_);
}

/// Otherwise the run could neither be undone as a whole nor resumed.
void RunUndo::expect_settled() {
    if (!is_unfinished(undone_)) {
        return;
    }
    const backfill::UnsettledWrites writes =
        backfill::unsettled_writes(inputs_.control.service(), *journal_);
    const std::uint64_t count = writes.entries - writes.as_before;
    if (count > 0) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {0} was cut short, and of {1} of its writes it is not known "
                                "whether they arrived; `dynamigrate resume {0}` finds out, then "
                                "undo it; or use --force to undo all but those",
                                undone_.run, count));
    }
}

backfill::UndoResult RunUndo::put_back() {
    dynamodb::Service& service = inputs_.control.service();
    backfill::Surroundings surroundings;
    surroundings.service = &service;
    surroundings.pace = inputs_.world.pace;
    surroundings.journal = journal_.get();
    surroundings.clock = inputs_.world.clock;
    surroundings.random = inputs_.world.random;
    surroundings.log = inputs_.world.log;
    std::map<std::string, std::optional<std::string>> ttl;
    backfill::UndoPlan plan;
    plan.selection = selection_;
    plan.with_images = inputs_.settings.conflict_images;
    plan.key_schema = [&](const std::string& table) { return key_schema(service, table); };
    plan.ttl_attribute_of = [&](const std::string& table) {
        auto known = ttl.find(table);
        if (known == ttl.end()) {
            known = ttl.emplace(table, ttl_attribute(service, table, inputs_.stop_now)).first;
        }
        return known->second;
    };
    plan.on_conflict = [&](const backfill::UndoConflict& conflict) {
        inputs_.listener.undo_conflict(conflict);
    };
    plan.before_wave = [&] { inputs_.lock.expect_fresh(); };
    keep_pace();
    return backfill::undo(plan, surroundings, inputs_.stop);
}

void RunUndo::keep_pace() {
    if (inputs_.world.pace) {
        const BackfillSettings& limits = inputs_.settings.backfill;
        const RunWishes wishes = inputs_.control.wishes();
        inputs_.world.pace->set_limits({wishes.max_rcu.value_or(limits.max_rcu.value_or(0)),
                                        wishes.max_wcu.value_or(limits.max_wcu.value_or(0))});
    }
}

void RunUndo::finish(const backfill::UndoResult& result) {
    row_.counts.changed = result.restored;
    row_.counts.unchanged = result.already;
    row_.counts.conflicts = result.conflicts + result.unsettled;
    row_.step_counts = {row_.counts};
    StepResult told;
    told.counts = row_.counts;
    inputs_.listener.line(summary_line(result));
    inputs_.listener.step_ends(migration_, 0, told);
    if (result.stopped) {
        row_.interrupted = true;
        save();
        return;
    }
    bool has_touched = result.restored + result.already > 0;
    bool whole = is_whole(result);
    undone_.undone = whole ? "wholly" : has_touched ? "partly" : was_undone_;
    row_.undone = whole ? "wholly" : "partly";
    row_.status = whole && !stands_otherwise() ? Status::rolled_back : Status::applied;
    row_.finished_at = base::to_iso8601(inputs_.world.clock->now());
    if (row_.status == Status::rolled_back) {
        measure();
        base::Arena arena;
        inputs_.history.write(row_, {inputs_.history.action_of(undone_, arena)});
    } else {
        // The run's row first: with it alone, the run does not stand any more.
        inputs_.history.keep(undone_);
        save();
    }
}

/// What steps did to tables and indexes is in no journal.
bool RunUndo::is_whole(const backfill::UndoResult& result) const {
    const auto& steps = migration_.up_steps();
    return selection_.is_all() && result.conflicts == 0 && result.unsettled == 0 &&
           std::all_of(steps.begin(), steps.end(), [](const StepPtr& step) {
               return step->reversal().kind == Reversal::Kind::journal || step->kind() == "verify";
           });
}

bool RunUndo::stands_otherwise() const {
    for (const HistoryRow* run : view_.standing_runs(undone_.id)) {
        if (run->run != undone_.run) {
            return true;
        }
    }
    return false;
}

void RunUndo::measure() {
    if (inputs_.world.meter) {
        layers::MeterReading used = inputs_.world.meter->reading().since(meter_before_);
        row_.read_units = used.read_units;
        row_.write_units = used.write_units;
    }
}

/// Other tools are told only once the migration is rolled back.
void RunUndo::save() {
    measure();
    inputs_.history.keep(row_);
}

}  // namespace dynamigrate::migrate
