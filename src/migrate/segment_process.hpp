#pragma once

#include "history_view.hpp"
#include "measured_journal.hpp"
#include "native_table.hpp"
#include "rollback.hpp"
#include "run_records.hpp"
#include "step_notes.hpp"

#include <dynamigrate/migrate/control.hpp>
#include <dynamigrate/migrate/fleet.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace dynamigrate::migrate {

/// What a process that works one segment is made of. All outlives it.
struct SegmentInputs {
    const Settings& settings;
    const World& world;
    NativeTable& table;
    layers::JournalStore& journals;
    const HistoryView& view;
    const HistoryRow& row;
    const Migration& migration;
    std::uint64_t fence;
    const FleetSegment& segment;
    Listener& listener;
};

/// One call's work on a segment: looks at the lock and at what people wish of the run with every
/// heartbeat, and keeps to its share of the capacity. It ends at once, aborted, when its execution
/// does not hold the lock any more.
class SegmentProcess {
public:
    SegmentProcess(const SegmentInputs& inputs, std::stop_token stop, std::stop_token stop_now);
    FleetSegmentTurn work();

private:
    StepPtr step() const;
    bool is_done_now(NativeStepNotes& notes, FleetSegmentTurn& turn);
    SegmentNotes measured() const;
    void look_for_failure();
    void expect_no_failure() const;
    void expect_owner(std::string_view how) const;
    StepRun make_step_run(NativeStepNotes& notes);
    void watch(const std::stop_token& ended);
    void look();
    void look_for_owner();
    void count_unfinished();
    void keep_pace();
    bool is_at_rest();

    const SegmentInputs inputs_;
    std::stop_token stop_;
    std::stop_token stop_now_;
    std::stop_source wished_stop_;
    std::stop_source lost_;
    NativeRunRecords records_;
    const std::shared_ptr<WrittenParts> written_ = std::make_shared<WrittenParts>();
    std::unique_ptr<layers::Journal> journal_;
    const base::SteadyTime began_;
    layers::MeterReading meter_before_;
    mutable std::mutex mutex_;  ///< guards what follows
    RunWishes wishes_;
    std::string failure_;  ///< of the step, as another segment's process met it
    std::uint32_t unfinished_ = 1;
    std::optional<double> step_rcu_, step_wcu_;
};

}  // namespace dynamigrate::migrate
