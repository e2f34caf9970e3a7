#pragma once

#include <dynamigrate/backfill/segment_trial.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/cloud_cost.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// A dry run by a state machine: each segment is read once by one call, and nothing is written.
namespace dynamigrate::migrate {

/// What is tried: the first step that segments can work.
struct DryWork {
    std::uint32_t step = 0;
    std::string line;                     ///< of the step, for people
    std::string why_not;                  ///< why nothing can be tried so; "": it can
    std::uint32_t total = 0;              ///< segments of the step
    std::vector<std::uint32_t> segments;  ///< that are tried: at most `kMostDrySegments`
};
/// As many results fit into a state's payload.
inline constexpr std::size_t kMostDrySegments = 2'000;

/// One that a process is to try.
struct DrySegment {
    std::uint32_t step = 0;
    std::uint32_t segment = 0;
    std::uint32_t total = 1;
    std::uint32_t concurrency = 1;  ///< processes that try at once at most
};

/// What all of them showed.
struct DryTotal {
    std::string line;
    std::uint32_t total = 0, tried = 0;
    std::uint32_t cut = 0;  ///< segments that were not read to their end
    double read = 0;
    Estimate items, changed, failed, write_units, read_units;
    CloudCost cost;  ///< of the real run
};

/// Reads only: whatever else a step asks of the service is refused. Takes no lock, keeps no record.
class DryFleet {
public:
    /// All must outlive it.
    DryFleet(const Registry& registry, const Settings& settings, const World& world)
        : registry_(registry),
          settings_(settings),
          world_(world) {}

    /// Errors: not_found for an unknown migration.
    DryWork plan(const std::string& migration) const;
    /// The limit of reads is divided among the processes at work.
    /// Errors: as backfill::try_segment; invalid_argument for a step that cannot be tried.
    backfill::SegmentTrial try_segment(const std::string& migration, const DrySegment& segment,
                                       std::stop_token stop, std::stop_token stop_now = {}) const;
    /// Where segments were left out or cut short, by what the others showed.
    DryTotal add_up(const std::string& migration, std::uint32_t step, std::uint32_t total,
                    const std::vector<backfill::SegmentTrial>& trials) const;

    const std::string& currency() const { return settings_.cloud.prices.capacity.currency; }

private:
    const Migration& find(const std::string& migration) const;
    template <class CarryOut>
    void ask(const Migration& migration, std::uint32_t step, std::uint32_t processes,
             const CarryOut& carry_out, std::stop_token stop, std::stop_token stop_now) const;
    void keep_pace(std::optional<double> max_rcu, std::uint32_t processes) const;

    const Registry& registry_;
    const Settings& settings_;
    const World& world_;
};

/// A trial as the state machine carries it: `[read, changed, failed, write units, 1 when done]`.
std::string to_json(const backfill::SegmentTrial& trial);
/// Errors: invalid_argument for what is none.
backfill::SegmentTrial to_trial(const json::Value& value);
/// An object with what the trials showed.
std::string to_json(const DryTotal& total);
/// For people and logs.
std::string to_line(const DryTotal& total, const std::string& currency);

}  // namespace dynamigrate::migrate
