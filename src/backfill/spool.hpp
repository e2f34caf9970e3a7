#pragma once

#include "shared_run.hpp"

#include <filesystem>

namespace dynamigrate::backfill {

/// Writes the keys of the plan's source to disk, one file per segment, so that a run never meets
/// its own output.
///
/// Ensures: afterwards every segment's file is complete; a spool that was complete is kept as it
///          is, a partial one is finished.
/// Errors:  failed_precondition when segments have begun already but their spool is not here.
class Spool {
public:
    Spool(const Plan& plan, const Surroundings& surroundings, std::uint32_t records_step,
          std::uint32_t total_segments);
    /// Returns false when it was stopped.
    bool fill(SharedRun& run, bool has_begun);
    std::filesystem::path file(std::uint32_t segment) const;
    /// Deletes the files of a step that is done.
    void remove();

private:
    bool fill_segment(SharedRun& run, std::uint32_t segment);

    const Plan& plan_;
    const Surroundings& surroundings_;
    std::filesystem::path directory_;
    std::uint32_t total_;
};

}  // namespace dynamigrate::backfill
