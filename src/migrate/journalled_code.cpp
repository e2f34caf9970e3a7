#include "journalled_code.hpp"

#include "journalled_writes.hpp"
#include "stoppable_service.hpp"

namespace dynamigrate::migrate {

namespace {

/// The step's only segment: whether the code has begun, and how it ended.
class CodeRecord {
public:
    explicit CodeRecord(const StepRun& run) : run_(run) {
        backfill::RunRecords& records = *run.surroundings.records;
        if (records.total_segments(run.index)) {
            was_begun_ = true;
            for (backfill::SegmentState& state : records.load_segments(run.index)) {
                state_ = std::move(state);
            }
        } else {
            records.begin_step(run.index, 1);
        }
    }

    bool was_begun() const { return was_begun_; }
    bool is_done() const { return state_.is_done; }
    const backfill::Counts& counts() const { return state_.counts; }
    void done(const backfill::Counts& counts) {
        state_.is_done = true;
        state_.counts = counts;
        run_.surroundings.records->save_segment(run_.index, state_);
    }

private:
    const StepRun& run_;
    backfill::SegmentState state_;
    bool was_begun_ = false;
};

}  // namespace

StepResult run_journalled(const StepRun& run, bool is_repeatable,
                          const std::function<std::uint64_t(dynamodb::Service&)>& code) {
    StepResult result;
    CodeRecord record(run);
    if (record.is_done()) {
        result.counts = record.counts();
        return result;
    }
    if (run.set_pace) {
        run.set_pace({}, {});
    }
    if (record.was_begun() && !is_repeatable && !take_back(run)) {
        result.stopped = true;
        return result;
    }
    JournalledWrites writes(run);
    StoppableService service(writes.service(), run.stop_now);
    result.counts.read = code(service);
    result.counts.changed = writes.applied();
    result.parts.push_back(writes.finish());
    record.done(result.counts);
    return result;
}

}  // namespace dynamigrate::migrate
