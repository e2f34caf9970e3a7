#pragma once

#include "shared_run.hpp"

namespace dynamigrate::backfill {

/// Settles what earlier attempts of the run journalled but did not checkpoint: writes what was not
/// written, leaves what was, and tells the lanes (`SharedRun::settled`) which items are dealt with.
///
/// Requires: the journal is sealed; `states` are the segments' checkpoints.
void replay(SharedRun& run, const std::vector<SegmentState>& states);

}  // namespace dynamigrate::backfill
