#include "overlay_rows.hpp"

#include "key_bytes.hpp"
#include "usage.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Item;

OverlayRows::OverlayRows(OverlayBase& base, Store& store, KeyLocks& locks, base::Clock& clock,
                         const OverlayOptions& options)
    : base_(base),
      store_(store),
      locks_(locks),
      on_change_(options.on_change),
      on_build_(options.on_build),
      layer_(store, locks),
      marks_(store),
      images_(clock) {}

bool OverlayRows::is_layer_only(const Table& table, const Index* index) const {
    return !table.is_in_base || (index != nullptr && !index->is_in_base);
}

bool OverlayRows::get(const Table& table, const Item& key, bool is_consistent, StoredRow& out) {
    {
        std::shared_lock lock(mutex_);
        if (layer_.get(table, key, is_consistent, out)) {
            return true;
        }
        if (!table.is_in_base || marks_.has(table, key)) {
            return false;
        }
    }
    std::string image = row_key(table, nullptr, key);
    if (std::optional<bool> known = images_.find(image, out)) {
        return *known;
    }
    base::Arena arena(512);
    bool is_there = base_.get(table.name, table.key.key_of(key, arena), is_consistent, out);
    images_.keep(image, is_there ? out.view() : Row{});
    return is_there;
}

void OverlayRows::expect(const Table& table, std::span<const Item> keys, bool is_consistent) {
    std::vector<Item> unknown;
    for (const Item& key : keys) {
        if (table.is_in_base && !images_.has(row_key(table, nullptr, key)) &&
            !marks_.has(table, key)) {
            unknown.push_back(key);
        }
    }
    if (unknown.size() < 2) {
        return;
    }
    std::map<std::string, bool> found;
    std::string json;
    std::vector<bool> unprocessed =
        base_.get_all(table.name, unknown, is_consistent, [&](const Item& item) {
            std::string image = row_key(table, nullptr, item);
            json = dynamodb::to_wire_json(item);
            images_.keep(image, {json, dynamodb::item_size(item)});
            found[image] = true;
        });
    for (std::size_t i = 0; i < unknown.size(); ++i) {
        std::string image = row_key(table, nullptr, unknown[i]);
        if (!unprocessed[i] && !found.contains(image)) {
            images_.keep(image, {});
        }
    }
}

std::unique_ptr<RowCursor> OverlayRows::query(const Table& table, const QueryRange& range) {
    if (is_layer_only(table, range.index)) {
        return layer_.query(table, range);
    }
    return std::make_unique<OverlayCursor>(OverlayParts{base_, layer_, marks_, images_, mutex_},
                                           table, range);
}

std::unique_ptr<RowCursor> OverlayRows::scan(const Table& table, const ScanRange& range) {
    if (is_layer_only(table, range.index)) {
        return layer_.scan(table, range);
    }
    return std::make_unique<OverlayCursor>(OverlayParts{base_, layer_, marks_, images_, mutex_},
                                           table, range);
}

void OverlayRows::apply(std::span<const RowChange> changes) {
    {
        std::unique_lock lock(mutex_);
        Store::Batch marks;
        for (const RowChange& change : changes) {
            const Table& table = *change.table;
            if (table.is_in_base) {
                if (!marks_.has(table, change.key)) {
                    OverlayMarks::add(marks, table, change.key, change.before);
                    images_.forget(row_key(table, nullptr, change.key));
                }
                count(change);
            }
        }
        store_.write(marks);  // first: a cursor of the layer may begin between the two
        layer_.apply(changes);
    }
    for (const RowChange& change : changes) {
        tell(change);
    }
}

void OverlayRows::tell(const RowChange& change) const {
    if (!on_change_) {
        return;
    }
    const Table& table = *change.table;
    OverlayChange told{table.name,   table.ttl_attribute, change.key,       change.before,
                       change.after, change.before_size,  change.after_size};
    told.table_units = dynamodb::write_units(std::max(change.before_size, change.after_size)).value;
    for (const Index& index : table.indexes) {
        told.index_units += index_write_units(table, index, change.before, change.after);
    }
    on_change_(told);
}

void OverlayRows::count(const RowChange& change) {
    const Table& table = *change.table;
    std::lock_guard lock(counts_mutex_);
    RowCounts& counts = changed_counts_[{table.number, 0}];
    counts.items += (change.after != nullptr) - (change.before != nullptr);
    counts.bytes += static_cast<std::int64_t>(change.after_size.value) -
                    static_cast<std::int64_t>(change.before_size.value);
    for (const Index& index : table.indexes) {
        if (index.is_in_base) {
            auto has = [&](const Item* item) {
                return item != nullptr && has_key(*item, index.key);
            };
            changed_counts_[{table.number, index.number}].items +=
                has(change.after) - has(change.before);
        }
    }
}

void OverlayRows::build_index(const Table& table, const Index& index, std::stop_token stop) {
    if (table.is_in_base) {
        try {
            build_entries_of_base(table, index, stop);
        } catch (const base::Error& error) {
            fail_build(table, index, error);
            throw;
        }
        layer_.build_index(table, index, stop);
        return;
    }
    layer_.build_index(table, index, stop);
    if (on_build_) {
        OverlayBuild build{table.name, index.name};
        build.is_built = true;
        std::unique_ptr<RowCursor> entries =
            layer_.scan(table, ScanRange{.index = &index, .start_after = {}});
        while (const Row* row = entries->next()) {
            ++build.entries;
            build.write_units += dynamodb::write_units(row->size).value;
        }
        on_build_(build);
    }
}

/// Nobody waits for a build: who looks at the table is told that it failed, and why it did so first.
void OverlayRows::fail_build(const Table& table, const Index& index, const base::Error& error) {
    if (error.kind() == base::ErrorKind::cancelled) {
        return;
    }
    std::lock_guard lock(counts_mutex_);
    failed_builds_.try_emplace(
        table.number, base::Error(error.kind(), "index " + index.name +
                                                    " could not be built from the table's items")
                          .at("table " + table.name)
                          .because(error));
}

/// Entries of changed items are the layer's: it makes them when the items change, and at the end of
/// the build.
void OverlayRows::build_entries_of_base(const Table& table, const Index& index,
                                        const std::stop_token& stop) {
    RowCounts whole = counts(table, nullptr);
    OverlayBuild build{table.name, index.name, whole.items, whole.bytes};
    if (on_build_) {
        on_build_(build);
    }
    OverlayCursor cursor({base_, layer_, marks_, images_, mutex_}, table,
                         ScanRange{.start_after = {}});
    dynamodb::WireParser parser;
    base::Arena arena;
    while (const Row* row = cursor.next()) {
        base::throw_if_stopped(stop);
        arena.reset();
        build_entry(table, index, parser.item(row->json, arena), build);
    }
    build.is_built = true;
    if (on_build_) {
        on_build_(build);
    }
}

void OverlayRows::build_entry(const Table& table, const Index& index, const Item& item,
                              OverlayBuild& build) {
    if (!has_key(item, index.key)) {
        return;
    }
    ++build.entries;
    build.write_units += index_write_units(table, index, nullptr, &item);
    std::uint64_t hash = lock_hash(row_key(table, nullptr, item));
    KeyLocks::Held held(locks_, {&hash, 1});
    if (marks_.has(table, item)) {
        return;
    }
    base::Arena arena(2048);
    Item entry = projected(table, index, item, arena);
    std::string value;
    write_row(value, entry, dynamodb::item_size(entry));
    store_.put(row_key(table, &index, item), value);
}

void OverlayRows::drop_index(const Table& table, const Index& index) {
    layer_.drop_index(table, index);
    std::lock_guard lock(counts_mutex_);
    failed_builds_.erase(table.number);
}

void OverlayRows::drop_table(const Table& table) {
    std::unique_lock lock(mutex_);
    layer_.drop_table(table);
    marks_.drop(table);
}

RowCounts OverlayRows::counts(const Table& table, const Index* index) {
    {
        std::lock_guard lock(counts_mutex_);
        if (auto failed = failed_builds_.find(table.number); failed != failed_builds_.end()) {
            throw failed->second;
        }
    }
    if (is_layer_only(table, index)) {
        return layer_.counts(table, index);
    }
    RowCounts counts = base_counts(table, index);
    std::lock_guard lock(counts_mutex_);
    auto changed = changed_counts_.find({table.number, index == nullptr ? 0 : index->number});
    if (changed != changed_counts_.end()) {
        counts.items += changed->second.items;
        counts.bytes += changed->second.bytes;
    }
    return counts;
}

RowCounts OverlayRows::base_counts(const Table& table, const Index* index) {
    {
        std::lock_guard lock(counts_mutex_);
        auto known = descriptions_.find(table.name);
        if (known != descriptions_.end()) {
            const dynamodb::TableDescription& description = known->second;
            if (index == nullptr) {
                return {description.item_count, description.size_bytes};
            }
            const dynamodb::IndexDescription* described = description.index(index->name);
            return {described == nullptr ? 0 : described->item_count, 0};
        }
    }
    dynamodb::TableDescription description =
        base_.describe(table.name).value_or(dynamodb::TableDescription{});
    {
        std::lock_guard lock(counts_mutex_);
        descriptions_.emplace(table.name, std::move(description));
    }
    return base_counts(table, index);
}

void OverlayRows::reset_expiry(const Table& table) { layer_.reset_expiry(table); }

std::vector<Item> OverlayRows::expired(const Table& table, base::WallTime now, std::size_t limit,
                                       base::Arena& arena) {
    return layer_.expired(table, now, limit, arena);
}

}  // namespace dynamigrate::engine
