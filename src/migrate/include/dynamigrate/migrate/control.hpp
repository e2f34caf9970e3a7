#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

/// Talking to a run that is under way in another process, on any machine: by its record in the
/// history table, which the runner reads with every heartbeat.
namespace dynamigrate::migrate {

/// What people wish of a run.
struct RunWishes {
    std::uint64_t number = 0;                ///< counts the wishes
    std::uint64_t seen = 0;                  ///< the number up to which the runner knows them
    bool pause = false;                      ///< send nothing until it is taken back
    bool abort = false;                      ///< finish the pages at hand and stop, resumable
    std::optional<double> max_rcu, max_wcu;  ///< units per second, above the project's limits
    std::uint64_t paused_at = 0;             ///< the number with which the pause began; 0: none
    std::string by;                          ///< who wished last
};

/// Errors: of the database.
class RunControl {
public:
    /// All that `world` points to must outlive it.
    RunControl(const World& world, const Settings& settings);
    ~RunControl();

    /// The run that a runner works on now whose lock is held and that is not known to be dead.
    /// `run`: the beginning of its id; "" : whichever it is.
    /// Errors: not_found when that run is not under way.
    HistoryRow at_work(const std::string& run);
    RunWishes wishes(const std::string& run);
    /// Changes the wishes; whoever changed them meanwhile is not overwritten.
    /// Returns them as they are then.
    RunWishes ask(const std::string& run, const std::function<void(RunWishes&)>& change);
    /// Whether the runner saw them within that time.
    bool wait_until_seen(const std::string& run, std::uint64_t number,
                         std::chrono::milliseconds time, std::stop_token stop);

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dynamigrate::migrate
