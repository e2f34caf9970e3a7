#pragma once

#include "native_table.hpp"

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// The note of a step: the attempt from which on the parts of the journal hold what one process wrote
/// of it.
inline constexpr std::string_view kFirstAttempt = "first_attempt";

/// Notes why a call for a segment failed: what ends the step whoever works it, for the turns and the
/// other segments of the execution; what may pass, for `reason_of_segments`. What may pass is not noted
/// where the table refuses it.
void note_segment_failure(StepNotes& notes, const std::string& execution, std::uint32_t segment,
                          const base::Error& error);
/// Step Functions tells of segments only that they failed: the reason with what their calls noted.
std::string reason_of_segments(StepNotes& notes, const std::string& execution,
                               const std::string& reason);
/// Nothing: the execution met none.
std::optional<std::string> step_failure(StepNotes& notes, const std::string& execution);

/// Segments that other processes are to work before a run can go on.
struct AwaitedSegments {
    std::uint32_t step = 0;
    std::vector<std::uint32_t> segments;
};

/// Leaves backfills that can be shared to other processes, and carries out the others.
///
/// Threads: one.
class FleetSteps {
public:
    /// All outlive it. `execution`: of whom the calls are.
    /// `retries`: what was quarantined is tried again before segments are worked.
    FleetSteps(NativeTable& table, const Settings& settings, const std::string& execution,
               bool retries)
        : table_(table),
          settings_(settings),
          execution_(execution),
          retries_(retries) {}

    void retry() noexcept { retries_ = true; }
    /// A shared step is stopped until its segments are done; then it counts as carried out.
    backfill::Result carry_out(const backfill::Plan& plan, const StepRun& run);
    const std::optional<AwaitedSegments>& awaited() const noexcept { return awaited_; }

private:
    static std::uint64_t add_retried(StepNotes& notes, std::uint64_t changed);
    bool prewarm(const backfill::Plan& plan, const StepRun& run);

    NativeTable& table_;
    const Settings& settings_;
    const std::string& execution_;
    bool retries_;
    std::optional<AwaitedSegments> awaited_;
};

}  // namespace dynamigrate::migrate
