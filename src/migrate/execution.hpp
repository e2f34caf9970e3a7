#pragma once

#include "backup_policy.hpp"
#include "control_watch.hpp"
#include "fleet_steps.hpp"
#include "history.hpp"
#include "lock.hpp"
#include "measured_journal.hpp"
#include "rollback.hpp"
#include "run_records.hpp"

#include <dynamigrate/migrate/migrator.hpp>

#include <memory>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What a run of several migrations works with. All outlives the executions.
struct ExecutionInputs {
    const Registry& registry;
    const Settings& settings;
    const World& world;
    NativeTable& table;
    History& history;
    layers::JournalStore& journals;
    Lock& lock;
    ControlWatch& control;
    Listener& listener;
    std::stop_token stop;      ///< ends gracefully
    std::stop_token stop_now;  ///< ends at once; also stopped when the lock is lost
    BackupPolicy* backups;     ///< null where no migration is applied
    /// Where other processes work the segments of steps; null: nowhere, every step is worked here.
    FleetSteps* fleet = nullptr;
};

/// Runs one planned migration, or continues its run, and keeps its row.
///
/// Order of effects: the row says `running` before the first step begins, a step counts as done
/// after it ended, and the row says `applied` (`rolled_back`) last: whatever the instruction at
/// which the process dies, the row shows a run that can be resumed.
class Execution {
public:
    /// `view`: the history as read under the lock. All three must outlive it.
    Execution(const ExecutionInputs& inputs, const HistoryView& view,
              const PlannedMigration& planned);

    /// The row as it ends; `interrupted` when it was stopped.
    /// Errors: those of the steps, after the row says `failed`; aborted when the lock was lost.
    HistoryRow run();

private:
    void begin_row();
    void take_over_row();
    void take_over_records();
    void list_actions();
    void list_retried();
    void open_journal();
    layers::PartRange own_parts();
    void note_first_attempt();
    void check_resumed_journal();
    void check_repeatable();
    void check_undone_journals();
    bool was_begun(const std::string& run, std::uint32_t step);

    bool run_actions();
    void run_action(std::uint32_t index);
    void settle_undone_runs();
    void expect_settled(const HistoryRow& run, layers::Journal& journal);
    StepResult undo(const RollbackAction& action, const StepRun& run);
    bool note_part(const layers::PartSummary& part);
    bool list_parts();
    static std::vector<layers::PartSummary> read_parts(layers::Journal& journal);
    StepRun make_step_run(std::uint32_t index);
    void open_notes(std::uint32_t index, StepRun& run);
    std::string physical_table(const std::string& name) const;
    std::string own_table() const;
    void set_pace(std::optional<double> max_rcu, std::optional<double> max_wcu);
    void keep_pace();
    void add_result(std::uint32_t index, const StepResult& result);
    void finish();
    bool gives_capacity_back();
    void measure_cloud();
    std::string end_time() const;
    void count_versions_as_applied();
    void record_failure(const base::Error& error);
    void save();
    bool is_stopped() const;
    base::Error place_error(const base::Error& error) const;
    void tell(const std::string& line);

    const ExecutionInputs& inputs_;
    const HistoryView& view_;
    const PlannedMigration& planned_;
    const Migration& migration_;
    HistoryRow row_;
    const HistoryRow* resumed_ = nullptr;
    std::vector<RollbackAction> actions_;
    std::set<std::uint32_t> retried_;  ///< steps whose quarantined items are tried again
    std::unique_ptr<layers::Journal> journal_;
    std::unique_ptr<backfill::RunRecords> records_;
    std::unique_ptr<StepNotes> notes_;
    std::unique_ptr<StepNotes> reversed_notes_;
    layers::MeterReading meter_before_;
    double read_units_before_ = 0;
    double write_units_before_ = 0;
    base::SteadyTime began_{};
    CloudUsage turns_before_;
    const std::shared_ptr<WrittenParts> written_ = std::make_shared<WrittenParts>();
    std::uint32_t current_ = 0;  ///< index of the action that runs
    std::mutex pace_mutex_;      ///< guards the step's limits
    std::optional<double> step_rcu_, step_wcu_;
    std::mutex listener_mutex_;  ///< guards the listener and what follows
    backfill::Counts progress_;
};

}  // namespace dynamigrate::migrate
