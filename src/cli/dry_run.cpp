#include "dry_run.hpp"

#include "journal_view.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/size.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace dynamigrate::cli {

namespace {

/// Items that a sample takes from one place, and how many places it has at most.
constexpr std::uint32_t kItemsOfAPlace = 20;
constexpr std::uint32_t kMostPlaces = 500;
constexpr double kPageUnit = 8192;  ///< bytes that an eventually consistent read unit brings

migrate::DryChange as_told(const engine::OverlayChange& change) {
    return {change.table, change.ttl_attribute, change.key,        change.before,
            change.after, change.table_units,   change.index_units};
}

}  // namespace

DryRun::DryRun(Wiring& wiring, Console& console, const Project& project,
               const migrate::Registry& registry, std::optional<std::uint32_t> sample)
    : wiring_(wiring),
      console_(console),
      project_(project),
      registry_(registry),
      sample_(sample),
      own_before_(wiring.world().meter->reading()),
      recorder_({*wiring.world().clock, meter_, project.settings.history_table,
                 [this](const std::string& run) { return quarantined(run); }}),
      overlay_(make_overlay()),
      expiry_(expiry_parts()),
      metered_(expiry_, meter_),
      programs_(wiring.programs().dry()) {
    link_journals(project.settings.journal_directory, settings().journal_directory);
    journals_ = wiring.journals().make_view(settings().journal_directory);
    // Whoever holds the lock may go on: nothing is written that it would have to keep out.
    migrate::Migrator(registry_, settings(), world()).unlock();
}

/// None once reading was ended.
std::vector<backfill::QuarantinedItem> DryRun::quarantined(const std::string& run) {
    try {
        return migrate::Migrator(registry_, settings(), world()).quarantined(run);
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::cancelled) {
            throw;
        }
        return {};
    }
}

std::unique_ptr<engine::Engine> DryRun::make_overlay() {
    if (sample_) {
        sampling_ = std::make_unique<SamplingService>(
            wiring_.service(), *sample_, wiring_.world().random->next(),
            [this](const SamplingService::Read& read) {
                recorder_.sampled(read.table, read.place, read.keys, read.population);
            });
    }
    migrate::World world = wiring_.world();
    engine::OverlayOptions options;
    options.engine.clock = world.clock;
    options.engine.random = world.random;
    options.spill_directory = directory_.path() / "overlay";
    options.stop = stop_.get_token();
    options.on_change = [this](const engine::OverlayChange& change) {
        recorder_.change(as_told(change));
    };
    options.on_build = [this](const engine::OverlayBuild& build) {
        if (build.is_built) {
            recorder_.built({std::string(build.table), std::string(build.index), build.entries,
                             build.write_units});
        } else {
            say_build(build);
        }
    };
    return engine::Engine::over(base(), options);
}

ExpiryCount::Parts DryRun::expiry_parts() {
    return {
        *overlay_, *wiring_.world().clock, sample_ ? settings().backfill.segments.value_or(1) : 1,
        [this](std::string_view table, std::string_view attribute) {
            say_expiry(table, attribute);
        },
        [this](std::string_view table, std::string_view attribute, const dynamodb::Item& key,
               const dynamodb::Item& item) { recorder_.standing(table, attribute, key, item); }};
}

/// Nothing of a table that only the dry run has: that one costs no reads.
void DryRun::say_expiry(std::string_view table, std::string_view attribute) {
    auto real = dynamodb::describe_table(wiring_.service(), table, stop_.get_token());
    if (!real) {
        return;
    }
    auto items = static_cast<double>(real->item_count);
    double part = sample_ && *sample_ < items ? *sample_ / items : 1;
    double bytes = part * static_cast<double>(real->size_bytes);
    console_.say(fmt::format(
        "  to count what would expire by {}, table {} is read: about {:.0f} items, {:.1f} MB, "
        "{:.0f} RCU",
        attribute, table, part * items, bytes / 1e6, bytes / kPageUnit + 1));
}

void DryRun::say_build(const engine::OverlayBuild& build) {
    double bytes = static_cast<double>(build.bytes);
    console_.say(
        fmt::format("  to try index {}, table {} is read: about {} items, {:.1f} MB, "
                    "{:.0f} RCU",
                    build.index, build.table, build.items, bytes / 1e6, bytes / kPageUnit + 1));
}

migrate::World DryRun::world() {
    migrate::World world = wiring_.world();
    world.service = &metered_;
    world.meter = &meter_;
    world.journals = journals_.get();
    world.programs = &programs_;
    return world;
}

migrate::Settings DryRun::settings() const {
    migrate::Settings settings = project_.settings;
    settings.journal_directory = directory_.path() / "journal";
    settings.backfill.failure_budget = {std::numeric_limits<std::uint64_t>::max(), 0};
    if (sample_ && !settings.backfill.segments) {
        settings.backfill.segments =
            std::clamp<std::uint32_t>(*sample_ / kItemsOfAPlace, 1, kMostPlaces);
    }
    return settings;
}

migrate::DryReport DryRun::report() {
    migrate::DryReport report = recorder_.report();
    const migrate::BackfillSettings& pace = project_.settings.backfill;
    report.reads_per_second = pace.max_rcu.value_or(0);
    report.writes_per_second = pace.max_wcu.value_or(0);
    report.seconds = migrate::seconds_at_pace(report.read_units, report.write_units,
                                              report.reads_per_second, report.writes_per_second);
    report.prices = project_.config.prices;
    report.money = report.prices.of(report.read_units, report.write_units);
    report.own_read_units = wiring_.world().meter->reading().since(own_before_).read_units;
    return report;
}

}  // namespace dynamigrate::cli
