#pragma once

#include "console.hpp"
#include "expiry_count.hpp"
#include "project.hpp"
#include "sampling.hpp"
#include "wiring.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/scratch_directory.hpp>
#include <dynamigrate/engine/engine.hpp>
#include <dynamigrate/migrate/dry_recorder.hpp>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::cli {

/// What stands in for the real world in a dry run: the database under an overlay that keeps all
/// writes, history and lock included, and journals of its own beside links to the real ones. The
/// code that migrates is the same; it is only given this.
///
/// Owns: a temporary directory for the journals and for what the overlay spills; those of dry runs
///       that were killed it removes.
class DryRun {
public:
    /// `sample`: about how many items of each table are read; nothing: all. All must outlive it.
    DryRun(Wiring& wiring, Console& console, const Project& project,
           const migrate::Registry& registry, std::optional<std::uint32_t> sample);
    DryRun(const DryRun&) = delete;
    DryRun& operator=(const DryRun&) = delete;

    migrate::World world();
    /// The project's settings as they are now, but for what a dry run does otherwise.
    migrate::Settings settings() const;
    migrate::DryRecorder& recorder() { return recorder_; }
    /// Ends what is being read.
    void stop_now() { stop_.request_stop(); }
    /// What was found so far.
    migrate::DryReport report();

private:
    dynamodb::Service& base() { return sampling_ ? *sampling_ : wiring_.service(); }
    std::vector<backfill::QuarantinedItem> quarantined(const std::string& run);
    std::unique_ptr<engine::Engine> make_overlay();
    ExpiryCount::Parts expiry_parts();
    void say_build(const engine::OverlayBuild& build);
    void say_expiry(std::string_view table, std::string_view attribute);

    Wiring& wiring_;
    Console& console_;
    const Project& project_;
    const migrate::Registry& registry_;
    std::optional<std::uint32_t> sample_;
    base::ScratchDirectory directory_{base::temporary_parent(), "dynamigrate-dry-"};
    std::stop_source stop_;
    layers::Meter meter_;
    layers::MeterReading own_before_;
    migrate::DryRecorder recorder_;
    std::unique_ptr<dynamodb::Service> sampling_;
    std::unique_ptr<Journals> journals_;
    std::unique_ptr<engine::Engine> overlay_;
    ExpiryCount expiry_;
    layers::MeterService metered_;
    Programs programs_;
};

}  // namespace dynamigrate::cli
