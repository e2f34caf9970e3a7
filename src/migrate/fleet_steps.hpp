#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/migrate/step.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// The note of a step: the attempt from which on the parts of the journal hold what one process wrote
/// of it.
inline constexpr std::string_view kFirstAttempt = "first_attempt";

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
    /// A shared step is stopped until its segments are done; then it counts as carried out.
    backfill::Result carry_out(const backfill::Plan& plan, const StepRun& run);
    const std::optional<AwaitedSegments>& awaited() const noexcept { return awaited_; }

private:
    std::optional<AwaitedSegments> awaited_;
};

}  // namespace dynamigrate::migrate
