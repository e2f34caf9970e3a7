#include "fleet_steps.hpp"

#include <dynamigrate/backfill/segment_work.hpp>

#include <fmt/format.h>

namespace dynamigrate::migrate {

backfill::Result FleetSteps::carry_out(const backfill::Plan& plan, const StepRun& run) {
    if (const auto reason = backfill::reason_not_shared(plan)) {
        run.tell(fmt::format("worked by one call at a time: {}", *reason));
        return backfill::run(plan, run.surroundings, run.stop, run.stop_now);
    }
    run.notes->write(kFirstAttempt, std::to_string(run.surroundings.attempt));
    backfill::begin_segments(plan, run.surroundings);
    const backfill::SegmentsEnd end = backfill::end_segments(plan, run.surroundings);
    backfill::Result result;
    result.counts = end.counts;
    if (!end.unfinished.empty()) {
        awaited_ = AwaitedSegments{plan.step, end.unfinished};
        result.stopped = true;
    }
    return result;
}

}  // namespace dynamigrate::migrate
