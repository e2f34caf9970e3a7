#pragma once

#include <dynamigrate/migrate/dry_fleet.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

/// A migration run by many short-lived processes under one execution of a state machine: turns, each
/// by one process, and between them the segments of a step, each by a process of its own.
namespace dynamigrate::migrate {

/// What an execution is to do.
struct FleetRequest {
    std::string action = "up";  ///< up, down, repeat, named or retry-failed
    std::string migration;      ///< version or name
};

/// Errors: invalid_argument for an action that no state machine knows.
void check_action(std::string_view action);

/// How a turn ended.
struct FleetTurn {
    enum class Next {
        turn,      ///< it was stopped: another one goes on
        segments,  ///< the segments of a step are to be worked, then another turn
        wait,      ///< the run is paused: another turn, later
        done,      ///< the run is applied or rolled back, or there is nothing to do
        aborted,   ///< somebody wished that the run ends; it can be resumed
    };
    Next next = Next::done;
    std::string run;                      ///< "": there is nothing to do
    std::uint32_t step = 0;               ///< of the segments
    std::vector<std::uint32_t> segments;  ///< that are not done; at most `kMostSegmentsOfATurn`
    std::uint32_t unfinished = 0;         ///< all that are not done
};
/// As many numbers as a state machine's payload carries with room to spare; the next turn names more.
inline constexpr std::size_t kMostSegmentsOfATurn = 10'000;
std::string_view to_string(FleetTurn::Next next) noexcept;

/// A segment that a process is to work.
struct FleetSegment {
    std::string run;
    std::uint32_t step = 0;
    std::uint32_t segment = 0;
    /// Processes that work at once at most: the limits of capacity are divided among as many as there
    /// are unfinished segments for.
    std::uint32_t concurrency = 1;
};

/// How the work on a segment ended.
struct FleetSegmentTurn {
    enum class Next {
        segment,  ///< it was stopped: work it again
        wait,     ///< the run is paused: again, later
        done,
        aborted,  ///< somebody wished that the run ends
    };
    Next next = Next::done;
    std::uint64_t read = 0, changed = 0;  ///< by this call
};
std::string_view to_string(FleetSegmentTurn::Next next) noexcept;

/// What a state machine's execution calls. The world names the execution: the lock, once taken, is
/// the execution's until its last turn, `fail` or a turn that throws; it passes from call to call.
///
/// Every call may be repeated, at any time, by a process that was killed or is still alive: of calls
/// for the same thing the latest goes on, and the others fail (aborted) at their next write.
/// Journals must be where all processes reach them.
class Fleet {
public:
    /// Requires: `world.execution`.
    Fleet(const Registry& registry, Settings settings, const World& world);
    ~Fleet();
    Fleet(const Fleet&) = delete;
    Fleet& operator=(const Fleet&) = delete;

    /// Goes on with the execution's run, which the first turn plans and begins, or resumes where one
    /// was left, by whomever: performs steps until it is stopped, done, or met a step that others
    /// can work. The last turn verifies that all segments of each such step are done.
    /// Errors: as `Migrator::run`; failed_precondition when other migrations must be run before.
    FleetTurn turn(const FleetRequest& request, Listener& listener, std::stop_token stop,
                   std::stop_token stop_now = {});
    /// Works a segment until it is done or stopped.
    /// Errors: aborted when the execution does not hold the lock, or the segment was taken by another
    /// call; failed_precondition for the failure budget, or when the migration's file changed.
    FleetSegmentTurn work_segment(const FleetSegment& segment, Listener& listener,
                                  std::stop_token stop, std::stop_token stop_now = {});
    /// Writes into the row of the execution's run that it failed, or, `is_interruption`, that it was
    /// interrupted, both with the reason, and lets the lock go. Nothing happens to a run that has ended or
    /// tells why it stands, nor for an execution that holds nothing. Returns whether a row was written.
    bool fail(const std::string& reason, bool is_interruption, Listener& listener,
              std::stop_token stop = {});

    /// What Step Functions says of segments that failed, with what their calls noted of it.
    std::string reason_of_segments(const std::string& reason) const;

    /// The same migrations, tried without writing; it must not outlive this.
    DryFleet dry() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dynamigrate::migrate
