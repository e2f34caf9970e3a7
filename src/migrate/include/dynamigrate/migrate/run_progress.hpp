#pragma once

#include <dynamigrate/migrate/control.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// How far a run is that works elsewhere, by its row and the records of its segments.
namespace dynamigrate::migrate {

/// The step at work.
struct StepProgress {
    std::uint32_t step = 0;  ///< from 0 on
    std::string line;        ///< for people; "" where its migration is not here
    std::string table;       ///< that it reads; "": not known
    std::uint32_t segments = 0, done = 0;
    std::uint32_t begun = 0;  ///< and not done: at work, or cut short
    std::uint32_t left() const noexcept { return segments - done - begun; }
    backfill::Counts counts;  ///< as the last checkpoints tell
};

struct RunProgress {
    HistoryRow row;
    bool is_at_work = false;  ///< its runner, or its execution, holds the lock
    bool has_ended = false;   ///< nobody is going to work on it unless it is resumed
    RunWishes wishes;
    std::size_t steps = 0;             ///< of the migration; 0: it is not here
    std::optional<StepProgress> step;  ///< nothing while no step with segments is at work
    /// By the calls of a state machine so far, turns under way left out.
    CloudUsage used;
};

/// Of the run whose id begins so; "": the one at work, else the latest one.
/// Errors: not_found when there is none.
RunProgress read_progress(const World& world, const Settings& settings, const Registry& registry,
                          const std::string& run = {});

}  // namespace dynamigrate::migrate
