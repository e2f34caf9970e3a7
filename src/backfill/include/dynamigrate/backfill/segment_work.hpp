#pragma once

#include <dynamigrate/backfill/backfill.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// A backfill that many processes work at once, each one segment at a time: what a state machine
/// calls. The run's owner begins the segments, anybody works them, the owner ends them.
namespace dynamigrate::backfill {

/// Why the plan cannot be worked so, for people; nothing where it can: a scan of the table in one
/// pass whose output stays out of its source, without actions and without deferred ones.
std::optional<std::string> reason_not_shared(const Plan& plan);

/// As many segments as lanes of a journal allow.
inline constexpr std::uint32_t kMostSegments = 32'768;

/// The segments that a step is going to have; whether that many can be worked is not looked at.
std::uint32_t segments_of(const Plan& plan);

/// Fixes the segments of a step; returns their number. Repeatable.
/// Errors: failed_precondition with `reason_not_shared`, and where the journal is on this host.
std::uint32_t begin_segments(const Plan& plan, const Surroundings& surroundings);

/// How the work on a segment ended.
struct SegmentEnd {
    bool is_done = false;       ///< else it was stopped: work it again
    std::uint64_t read = 0;     ///< by this call
    std::uint64_t changed = 0;  ///< by this call
    std::vector<layers::PartSummary> parts;
};

/// Works the segment until it is done or stopped, whoever works it now: takes it by raising its
/// attempt, so that an older call can neither save a checkpoint nor append to the journal, settles
/// what older calls left unsettled, and goes on from their checkpoint. A call for a segment that is
/// done does nothing.
///
/// In the surroundings `attempt` is that of the run's owner: the segment's own are higher. A journal
/// shared by several machines is required, or none.
/// Threads: one. Cancel: as `run`.
/// Errors:  aborted when the segment was taken by another call or the run by another owner;
///          failed_precondition when the step has not begun, and for the failure budget; as `run`.
SegmentEnd work_segment(const Plan& plan, const Surroundings& surroundings, std::uint32_t segment,
                        std::stop_token stop, std::stop_token stop_now = {});

/// Tries again, on this process alone, what earlier attempts quarantined of a step that has begun and
/// that is the source's own item, as `run` does first. Repeatable; a round that was cut short is gone on
/// with. The result's counts tell of `changed` only.
/// Requires: no segment of the step is worked meanwhile. Errors, cancel: as `run`.
Result retry_quarantined(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
                         std::stop_token stop_now = {});

/// What became of a step's segments.
struct SegmentsEnd {
    Counts counts;
    std::uint32_t total = 0;
    std::vector<std::uint32_t> unfinished;
    std::uint32_t last_attempt = 0;  ///< the highest of any segment
};

/// Adds up the segments. When all are done, the failure budget is judged.
/// Errors: failed_precondition for the budget.
SegmentsEnd end_segments(const Plan& plan, const Surroundings& surroundings);

}  // namespace dynamigrate::backfill
