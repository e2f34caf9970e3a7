#include <dynamigrate/migrate/run_progress.hpp>

#include "control_watch.hpp"
#include "journals.hpp"
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
        if (owner && is_begun(row) && row.fence == owner->fence) {
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
    const auto owner = read_lock_owner(open.table);
    const HistoryView view = open.history.read();
    RunProgress progress;
    progress.row = choose(view, run, owner);
    const HistoryRow& row = progress.row;
    const bool is_lock_of_it = owner && row.fence == owner->fence && is_begun(row);
    progress.is_at_work = is_lock_of_it && !owner->identity.is_dead_here();
    progress.has_ended = !is_begun(row) || row.interrupted || !progress.is_at_work;
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
