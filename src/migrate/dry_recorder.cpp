#include <dynamigrate/migrate/dry_recorder.hpp>

#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <tuple>

namespace dynamigrate::migrate {

using dynamodb::AttributeValue;
using dynamodb::Item;

namespace {

constexpr std::size_t kFailuresOfAReason = 3;

std::string text_of(const AttributeValue& value) {
    return json::to_json(dynamodb::to_plain(value));
}

/// In DynamoDB's own JSON where plain JSON would not tell the values apart.
AttributeDifference difference(std::string_view name, const AttributeValue* before,
                               const AttributeValue* after) {
    AttributeDifference found{std::string(name), {}, {}};
    if (before != nullptr) {
        found.before = text_of(*before);
    }
    if (after != nullptr) {
        found.after = text_of(*after);
    }
    if (before != nullptr && after != nullptr && found.before == found.after) {
        found.before = dynamodb::to_wire_json(*before);
        found.after = dynamodb::to_wire_json(*after);
    }
    return found;
}

bool is_of(const Item& key, std::string_view name) { return key.find(name) != nullptr; }

std::vector<AttributeDifference> differences(const DryChange& change) {
    std::vector<AttributeDifference> found;
    for (const dynamodb::Attribute& attribute : change.before ? *change.before : Item()) {
        const AttributeValue* after = change.after ? change.after->find(attribute.name) : nullptr;
        bool is_same = after != nullptr && *after == attribute.value;
        if (!is_same && !is_of(change.key, attribute.name)) {
            found.push_back(difference(attribute.name, &attribute.value, after));
        }
    }
    for (const dynamodb::Attribute& attribute : change.after ? *change.after : Item()) {
        bool is_new = change.before == nullptr || change.before->find(attribute.name) == nullptr;
        if (is_new && !is_of(change.key, attribute.name)) {
            found.push_back(difference(attribute.name, nullptr, &attribute.value));
        }
    }
    return found;
}

ItemDifference::Kind kind_of(const DryChange& change) {
    return change.before == nullptr  ? ItemDifference::Kind::put
           : change.after == nullptr ? ItemDifference::Kind::remove
                                     : ItemDifference::Kind::update;
}

/// What expired more than five years ago stays in DynamoDB.
bool is_expired(const Item& item, std::string_view ttl_attribute, base::WallTime now) {
    constexpr std::int64_t kFiveYears = std::int64_t{5} * 365 * 24 * 3600;
    const AttributeValue* until = ttl_attribute.empty() ? nullptr : item.find(ttl_attribute);
    if (until == nullptr || !until->is(dynamodb::AttributeType::number)) {
        return false;
    }
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return dynamodb::compare_numbers(until->text(), std::to_string(seconds)) <= 0 &&
           dynamodb::compare_numbers(until->text(), std::to_string(seconds - kFiveYears)) >= 0;
}

DryTable& table_of(DryStep& step, std::string_view name) {
    auto found = std::find_if(step.tables.begin(), step.tables.end(),
                              [&](const DryTable& table) { return table.name == name; });
    return found == step.tables.end() ? step.tables.emplace_back(DryTable{std::string(name)})
                                      : *found;
}

std::string name_of(std::string_view table, const Item& key) {
    return std::string(table) + " " + dynamodb::key_digest(key);
}

Estimate times(const Estimate& estimate, double factor) {
    return {estimate.value * factor, estimate.low * factor, estimate.high * factor};
}

/// Keeps the `most` examples with the least keys, in their order: the same ones whichever lane was
/// first.
void add_example(std::vector<ItemDifference>& examples, std::size_t most, const DryChange& change) {
    ItemDifference added{std::string(change.table),
                         json::to_json(dynamodb::to_plain(change.key)),
                         kind_of(change),
                         {}};
    auto place = std::ranges::find_if(examples, [&](const ItemDifference& example) {
        return std::tie(added.table, added.key) < std::tie(example.table, example.key);
    });
    if (place == examples.end() && examples.size() == most) {
        return;
    }
    added.attributes = differences(change);
    examples.insert(place, std::move(added));
    if (examples.size() > most) {
        examples.pop_back();
    }
}

/// How many items there are for each one of the sample.
double growth(const DryStep& step) {
    return step.sampled == 0 ? 1
                             : std::max(1.0, static_cast<double>(step.population) /
                                                 static_cast<double>(step.sampled));
}

}  // namespace

std::string_view to_string(ItemDifference::Kind kind) noexcept {
    return kind == ItemDifference::Kind::put      ? "put"
           : kind == ItemDifference::Kind::remove ? "remove"
                                                  : "update";
}

bool DryRecorder::is_in_step() const {
    return !tallies_.empty() && !migrations_.back().steps.back().is_done;
}

DryRecorder::Page& DryRecorder::page_of(Tally& tally, std::string_view table, const Item& key) {
    if (tally.page_of_key.empty()) {
        return tally.loose;
    }
    auto found = tally.page_of_key.find(name_of(table, key));
    return found == tally.page_of_key.end() ? tally.loose : tally.pages[found->second];
}

void DryRecorder::change(const DryChange& change) {
    std::lock_guard lock(mutex_);
    if (!is_in_step() || change.table == parts_.history_table) {
        return;
    }
    DryTable& table = table_of(step(), change.table);
    const ItemDifference::Kind kind = kind_of(change);
    ++(kind == ItemDifference::Kind::put      ? table.puts
       : kind == ItemDifference::Kind::remove ? table.removes
                                              : table.updates);
    table.table_units += change.table_units;
    table.index_units += change.index_units;
    Page& page = page_of(tallies_.back(), change.table, change.key);
    page.changed += 1;
    page.units += change.table_units + change.index_units;
    if (change.after != nullptr &&
        is_expired(*change.after, change.ttl_attribute, parts_.clock.now())) {
        ++table.expired;
        page.expired += 1;
    }
    add_example(step().examples, kExamples, change);
}

void DryRecorder::standing(std::string_view table, std::string_view ttl_attribute, const Item& key,
                           const Item& item) {
    std::lock_guard lock(mutex_);
    if (is_in_step() && is_expired(item, ttl_attribute, parts_.clock.now())) {
        ++table_of(step(), table).expired;
        page_of(tallies_.back(), table, key).expired += 1;
    }
}

void DryRecorder::built(const DryIndex& index) {
    std::lock_guard lock(mutex_);
    if (is_in_step()) {
        step().indexes.push_back(index);
    }
}

void DryRecorder::sampled(std::string_view table, std::uint64_t place, std::span<const Item> keys,
                          std::uint64_t population) {
    std::lock_guard lock(mutex_);
    if (!is_in_step()) {
        return;
    }
    Tally& tally = tallies_.back();
    if (tally.populations.emplace(table).second) {
        step().population += population;
    }
    auto [known, is_new] = tally.page_of_place.emplace(place, tally.pages.size());
    if (is_new) {
        tally.pages.emplace_back();
    }
    for (const Item& key : keys) {
        if (tally.page_of_key.emplace(name_of(table, key), known->second).second) {
            tally.pages[known->second].items += 1;
            ++step().sampled;
        }
    }
}

void DryRecorder::begin(std::uint32_t index, DryStep step) {
    std::lock_guard lock(mutex_);
    migrations_.back().steps.push_back(std::move(step));
    Tally& tally = tallies_.emplace_back();
    tally.index = index;
    tally.meter = parts_.meter.reading();
}

void DryRecorder::end(const backfill::Counts& counts, bool is_done) {
    std::lock_guard lock(mutex_);
    layers::MeterReading used = parts_.meter.reading().since(tallies_.back().meter);
    step().counts = counts;
    step().read_units = Estimate::exact(used.read_units);
    step().write_units = Estimate::exact(used.write_units);
    step().is_done = is_done;
}

/// A step that failed or was interrupted does not tell its counts; the row does.
void DryRecorder::end_cut_short(const HistoryRow& row) {
    std::optional<std::uint32_t> index;
    {
        std::lock_guard lock(mutex_);
        if (is_in_step()) {
            index = tallies_.back().index;
        }
    }
    if (index) {
        end(*index < row.step_counts.size() ? row.step_counts[*index] : backfill::Counts{}, false);
    }
}

void DryRecorder::migration_begins(const PlannedMigration& planned) {
    {
        std::lock_guard lock(mutex_);
        migrations_.push_back({planned.migration->id(),
                               planned.migration->description(),
                               planned.action,
                               planned.rolls_back,
                               false,
                               {}});
        tallies_.clear();
    }
    if (inner_ != nullptr) {
        inner_->migration_begins(planned);
    }
}

void DryRecorder::step_begins(const Migration& migration, std::uint32_t index, std::size_t count,
                              const Step& step) {
    DryStep begun;
    begun.kind = step.kind();
    begun.summary = step.summary();
    begun.note = step.dry_note();
    begin(index, std::move(begun));
    if (inner_ != nullptr) {
        inner_->step_begins(migration, index, count, step);
    }
}

void DryRecorder::undo_begins(const Migration& migration, std::uint32_t index, std::size_t count,
                              const std::string& line) {
    DryStep begun;
    begun.kind = "undo";
    begun.summary = line;
    begin(index, std::move(begun));
    if (inner_ != nullptr) {
        inner_->undo_begins(migration, index, count, line);
    }
}

void DryRecorder::step_ends(const Migration& migration, std::uint32_t index,
                            const StepResult& result) {
    end(result.counts, !result.stopped);
    if (inner_ != nullptr) {
        inner_->step_ends(migration, index, result);
    }
}

void DryRecorder::progress(const backfill::Progress& progress, const layers::MeterReading& meter) {
    if (inner_ != nullptr) {
        inner_->progress(progress, meter);
    }
}

void DryRecorder::line(const std::string& text) {
    if (inner_ != nullptr) {
        inner_->line(text);
    }
}

void DryRecorder::undo_conflict(const backfill::UndoConflict& conflict) {
    if (inner_ != nullptr) {
        inner_->undo_conflict(conflict);
    }
}

void DryRecorder::migration_ends(const PlannedMigration& planned, const HistoryRow& row) {
    end_cut_short(row);
    std::vector<backfill::QuarantinedItem> failed = parts_.quarantined(row.run);
    {
        std::lock_guard lock(mutex_);
        add_failures(failed);
        DryMigration& migration = migrations_.back();
        migration.is_done = row.status == Status::applied || row.status == Status::rolled_back;
        for (std::size_t i = 0; i < migration.steps.size(); ++i) {
            estimate(migration.steps[i], tallies_[i]);
        }
        tallies_.clear();
    }
    if (inner_ != nullptr) {
        HistoryRow told = row;
        told.journal.clear();  // it goes with the dry run
        inner_->migration_ends(planned, told);
    }
}

void DryRecorder::add_failures(const std::vector<backfill::QuarantinedItem>& items) {
    base::Arena arena;
    for (const backfill::QuarantinedItem& item : items) {
        auto tally = std::find_if(tallies_.begin(), tallies_.end(),
                                  [&](const Tally& known) { return known.index == item.step; });
        if (tally == tallies_.end()) {
            continue;
        }
        DryStep& failed =
            migrations_.back().steps[static_cast<std::size_t>(tally - tallies_.begin())];
        if (++failed.failures[item.reason] <= kFailuresOfAReason) {
            failed.failed_items.push_back(item);
        }
        page_of(*tally, item.table, dynamodb::parse_item(item.key, arena)).failed += 1;
    }
}

double DryRecorder::sum(const Tally& tally, double Page::*amount) {
    double sum = tally.loose.*amount;
    for (const Page& page : tally.pages) {
        sum += page.*amount;
    }
    return sum;
}

/// What befell items outside the sample, such as those that its items' actions name, grows with it.
Estimate DryRecorder::estimate(const DryStep& step, const Tally& tally, double Page::*amount) {
    if (tally.pages.empty()) {
        return Estimate::exact(tally.loose.*amount);
    }
    std::vector<Cluster> clusters;
    for (const Page& page : tally.pages) {
        clusters.push_back({page.items, page.*amount});
    }
    Estimate total = estimate_total(clusters, static_cast<double>(step.population));
    total += Estimate::exact(tally.loose.*amount * growth(step));
    return total;
}

void DryRecorder::estimate(DryStep& step, const Tally& tally) {
    step.changed = estimate(step, tally, &Page::changed);
    if (step.counts.changed > 0) {  // an item that moves is one, but two writes
        double factor = static_cast<double>(step.counts.changed) / sum(tally, &Page::changed);
        step.changed = times(step.changed, factor);
    }
    step.failed = estimate(step, tally, &Page::failed);
    step.expired = estimate(step, tally, &Page::expired);
    Estimate units = estimate(step, tally, &Page::units);
    double metered = step.write_units.value;
    double counted = sum(tally, &Page::units);
    double factor = counted > 0 ? std::max(1.0, metered / counted) : 1;  // transactions cost twice
    step.write_units = times(units, factor);
    for (const DryIndex& index : step.indexes) {
        step.write_units += Estimate::exact(index.write_units * growth(step));
    }
    step.read_units = Estimate::exact(step.read_units.value * growth(step));
}

DryReport DryRecorder::report() const {
    std::lock_guard lock(mutex_);
    DryReport report;
    report.migrations = migrations_;
    for (const DryMigration& migration : migrations_) {
        for (const DryStep& step : migration.steps) {
            report.changed += step.changed;
            report.read_units += step.read_units;
            report.write_units += step.write_units;
        }
    }
    return report;
}

}  // namespace dynamigrate::migrate
