#pragma once

#include "execution.hpp"

#include <string>

namespace dynamigrate::migrate {

/// Errors: failed_precondition for a run that cannot be undone, or not in part.
void check_undoable(const HistoryView& view, const HistoryRow& row,
                    const backfill::UndoSelection& selection, layers::JournalStore& journals);

/// What the undo would do, for people and for listeners.
PlannedMigration planned_undo(const Migration& migration, const HistoryRow& row,
                              const backfill::UndoSelection& selection);

/// Undoes one run from its journal, under the lock, and keeps two rows: its own, and what the run's
/// row says of being undone.
class RunUndo {
public:
    /// `view` was read under the lock; `row` is of it. All must outlive it.
    RunUndo(const ExecutionInputs& inputs, const HistoryView& view, const HistoryRow& row,
            const Migration& migration, const backfill::UndoSelection& selection);
    UndoneRun run();

private:
    void begin();
    void expect_settled();
    void keep_pace();
    backfill::UndoResult put_back();
    void finish(const backfill::UndoResult& result);
    bool is_whole(const backfill::UndoResult& result) const;
    bool stands_otherwise() const;
    void measure();
    void save();

    const ExecutionInputs inputs_;
    const HistoryView& view_;
    const Migration& migration_;
    const backfill::UndoSelection& selection_;
    HistoryRow undone_;  ///< the run's
    HistoryRow row_;     ///< the undo's own
    std::string was_undone_;
    std::unique_ptr<layers::Journal> journal_;
    layers::MeterReading meter_before_;
};

}  // namespace dynamigrate::migrate
