#pragma once

#include "shared_run.hpp"

namespace dynamigrate::backfill {

/// Settles what earlier attempts of the run journalled but did not checkpoint: writes what was not
/// written, leaves what was, and tells the lanes (`SharedRun::settled`) which items are dealt with.
///
/// Requires: the journal is sealed; `states` are the segments' checkpoints.
/// Ensures:  the pages of `states` are renumbered: new ones come after those that were replayed,
///           which stay named as the segment's tail, because the new attempt's pages, of other
///           sizes, may end within them.
void replay(SharedRun& run, std::vector<SegmentState>& states);

}  // namespace dynamigrate::backfill
