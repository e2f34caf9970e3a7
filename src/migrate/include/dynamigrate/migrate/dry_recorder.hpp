#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/layers/meter.hpp>
#include <dynamigrate/migrate/dry_report.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dynamigrate::migrate {

/// An item that a dry run changed. Valid during the call that tells of it.
struct DryChange {
    std::string_view table;
    std::string_view ttl_attribute;  ///< "" : none
    dynamodb::Item key;
    const dynamodb::Item* before = nullptr;  ///< nullptr: there was none
    const dynamodb::Item* after = nullptr;
    double table_units = 0;
    double index_units = 0;
};

/// What a recorder works with. All must outlive it.
struct DryRecorderParts {
    base::Clock& clock;
    layers::Meter& meter;       ///< of the overlay: what the run would consume
    std::string history_table;  ///< whose changes are not told of
    std::function<std::vector<backfill::QuarantinedItem>(const std::string& run)> quarantined;
};

/// Makes a dry run's report from what happens, and passes events on to another listener.
///
/// Threads: the listener's part as any Listener; the others any.
class DryRecorder final : public Listener {
public:
    static constexpr std::size_t kExamples = 5;

    explicit DryRecorder(DryRecorderParts parts) : parts_(std::move(parts)) {}

    /// Who is told of events from now on; nullptr: nobody.
    void pass_on_to(Listener* inner) { inner_ = inner; }

    void change(const DryChange& change);
    /// An item that was there when the table's expiry was switched on.
    void standing(std::string_view table, std::string_view ttl_attribute, const dynamodb::Item& key,
                  const dynamodb::Item& item);
    /// An index was built from the items that were there.
    void built(const DryIndex& index);
    /// Items were read that a sample consists of. `place`: the same for items that lie together;
    /// `keys`: their primary keys; `population`: how many items the table has.
    void sampled(std::string_view table, std::uint64_t place, std::span<const dynamodb::Item> keys,
                 std::uint64_t population);

    void migration_begins(const PlannedMigration& migration) override;
    void step_begins(const Migration& migration, std::uint32_t index, std::size_t count,
                     const Step& step) override;
    void undo_begins(const Migration& migration, std::uint32_t index, std::size_t count,
                     const std::string& line) override;
    void step_ends(const Migration& migration, std::uint32_t index,
                   const StepResult& result) override;
    void progress(const backfill::Progress& progress, const layers::MeterReading& meter) override;
    void line(const std::string& text) override;
    void undo_conflict(const backfill::UndoConflict& conflict) override;
    void migration_ends(const PlannedMigration& migration, const HistoryRow& row) override;

    /// What was found so far; without prices, pace and what the dry run itself has read.
    DryReport report() const;

private:
    /// Sampled items that lie together, and what became of them.
    struct Page {
        double items = 0, changed = 0, failed = 0, expired = 0, units = 0;
    };
    /// What is known of a step beyond what its report says.
    struct Tally {
        std::uint32_t index = 0;  ///< of the step in the run
        layers::MeterReading meter;
        std::set<std::string> populations;  ///< tables that are counted in the population
        std::vector<Page> pages;
        std::map<std::uint64_t, std::size_t> page_of_place;
        std::unordered_map<std::string, std::size_t> page_of_key;
        Page loose;  ///< what became of items that no page holds
    };

    void begin(std::uint32_t index, DryStep step);
    void end(const backfill::Counts& counts, bool is_done);
    void end_cut_short(const HistoryRow& row);
    bool is_in_step() const;
    DryStep& step() { return migrations_.back().steps.back(); }
    static Page& page_of(Tally& tally, std::string_view table, const dynamodb::Item& key);
    void add_failures(const std::vector<backfill::QuarantinedItem>& items);
    static double sum(const Tally& tally, double Page::*amount);
    static Estimate estimate(const DryStep& step, const Tally& tally, double Page::*amount);
    static void estimate(DryStep& step, const Tally& tally);

    DryRecorderParts parts_;
    Listener* inner_ = nullptr;
    mutable std::mutex mutex_;
    std::vector<DryMigration> migrations_;
    std::vector<Tally> tallies_;  ///< of the steps of the migration under way
};

}  // namespace dynamigrate::migrate
