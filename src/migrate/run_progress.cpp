#include <dynamigrate/migrate/run_progress.hpp>

#include "control_watch.hpp"
#include "journals.hpp"
#include "lock.hpp"
#include "open_history.hpp"
#include "table_names.hpp"

#include <dynamigrate/base/error.hpp>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

bool is_begun(const HistoryRow& row) {
    return row.status == Status::running || row.status == Status::rolling_back;
}

const HistoryRow& choose(const HistoryView& view, const std::string& run,
                         const std::optional<LockOwner>& owner) {
    if (!run.empty()) {
        return row_by_prefix(view, run);
    }
    const HistoryRow* latest = nullptr;
    for (const HistoryRow& row : view.rows()) {
        latest = &row;
        if (works_on(owner, row)) {
            break;
        }
    }
    if (!latest) {
        throw Error(ErrorKind::not_found, "there is no run yet");
    }
    return *latest;
}

StepProgress add_up(NativeRunRecords& records, std::uint32_t step, std::uint32_t total) {
    StepProgress progress;
    progress.step = step;
    progress.segments = total;
    for (const backfill::SegmentState& state : records.load_segments(step)) {
        progress.counts += state.counts;
        progress.done += state.is_done ? 1 : 0;
        progress.begun += state.is_done ? 0 : 1;
    }
    return progress;
}

/// The row, and whether somebody works on it.
void look(OpenHistory& open, const std::string& run, RunProgress& progress) {
    const auto owner = read_lock_owner(open.table);
    progress.row = choose(open.history.read(), run, owner);
    progress.is_at_work = works_on(owner, progress.row);
    const bool goes_on =
        progress.is_at_work && (!progress.row.interrupted || !owner->execution.empty());
    progress.has_ended = !is_begun(progress.row) || !goes_on;
}

void name_step(RunProgress& progress, const Settings& settings, const Registry& registry) {
    const Migration* migration = registry.find(progress.row.id);
    if (!migration || progress.row.status == Status::rolling_back) {
        return;
    }
    progress.steps = migration->up_steps().size();
    if (progress.step && progress.step->step < progress.steps) {
        const Step& step = *migration->up_steps()[progress.step->step];
        progress.step->line = step.summary();
        const auto tables = real_tables(settings, *migration, step);
        progress.step->table = tables.empty() ? "" : tables.front();
    }
}

}  // namespace

RunProgress read_progress(const World& world, const Settings& settings, const Registry& registry,
                          const std::string& run) {
    OpenHistory open(settings, world);
    RunProgress progress;
    look(open, run, progress);
    if (is_begun(progress.row) && !progress.is_at_work) {
        look(open, run, progress);  // somebody may have begun between the reads of lock and row
    }
    const HistoryRow& row = progress.row;
    progress.wishes = read_wishes(open.table, row.run);
    NativeRunRecords records(open.table, row.run, row.fence);
    if (const auto total = records.total_segments(row.steps_done); total && is_begun(row)) {
        progress.step = add_up(records, row.steps_done, *total);
    }
    progress.used = row.turns_used;
    if (row.turns_used.is_any()) {
        progress.used += records.segments_notes().used;
    }
    name_step(progress, settings, registry);
    return progress;
}

}  // namespace dynamigrate::migrate
