#include "stored_rows.hpp"

#include "key_bytes.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <bit>
#include <charconv>
#include <cstring>
#include <mutex>

namespace dynamigrate::engine {

using dynamodb::AttributeType;
using dynamodb::AttributeValue;
using dynamodb::Item;
using expressions::SortOperator;

static_assert(std::endian::native == std::endian::little);

Row row_of(std::string_view value) noexcept {
    std::uint32_t size = 0;
    std::memcpy(&size, value.data(), sizeof size);
    return {value.substr(sizeof size), base::ItemBytes{size}};
}

void write_row(std::string& out, const Item& item, base::ItemBytes size) {
    out.clear();
    auto bytes = static_cast<std::uint32_t>(size.value);
    out.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    json::Writer writer(out);
    dynamodb::write_item(writer, item);
}

std::optional<std::uint64_t> expiry_of(const Table& table, const Item& item) noexcept {
    if (table.ttl_attribute.empty()) {
        return std::nullopt;
    }
    const AttributeValue* value = item.find(table.ttl_attribute);
    if (value == nullptr || !value->is(AttributeType::number)) {
        return std::nullopt;
    }
    std::string_view digits = value->text();
    std::uint64_t seconds = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
    bool is_whole = end == digits.data() + digits.size() || *end == '.';
    return error == std::errc() && is_whole ? std::optional(seconds) : std::nullopt;
}

namespace {

class StoredCursor final : public RowCursor {
public:
    StoredCursor(Store& store, std::string lower, std::string upper, bool is_forward)
        : cursor_(store, std::move(lower), std::move(upper)),
          is_forward_(is_forward) {}

    const Row* next() override {
        advance();
        if (!cursor_.valid()) {
            return nullptr;
        }
        row_ = row_of(cursor_.value());
        return &row_;
    }

private:
    void advance() {
        if (is_fresh_) {
            is_fresh_ = false;
            is_forward_ ? cursor_.seek_first() : cursor_.seek_last();
        } else if (cursor_.valid()) {
            is_forward_ ? cursor_.next() : cursor_.previous();
        }
    }

    Store::Cursor cursor_;
    bool is_forward_;
    bool is_fresh_ = true;
    Row row_{};
};

struct Bounds {
    std::string lower, upper;
};

/// The rows of a partition that the condition on the sort key admits.
Bounds bounds_of(const Table& table, const QueryRange& range) {
    std::string partition;
    append_rows_prefix(partition, table, range.index);
    append_partition(partition, range.condition->hash());
    auto with = [&](const AttributeValue& value) {
        std::string key = partition;
        append_key_value(key, value);
        return key;
    };
    auto sort = [&] { return with(range.condition->sort()); };
    Bounds all{partition, after_prefix(partition)};
    switch (range.condition->sort_operator()) {
        case SortOperator::none:
            return all;
        case SortOperator::equal:
            return {sort(), after_prefix(sort())};
        case SortOperator::less:
            return {all.lower, sort()};
        case SortOperator::less_or_equal:
            return {all.lower, after_prefix(sort())};
        case SortOperator::greater:
            return {after_prefix(sort()), all.upper};
        case SortOperator::greater_or_equal:
            return {sort(), all.upper};
        case SortOperator::between:
            return {sort(), after_prefix(with(range.condition->sort_upper()))};
        case SortOperator::begins_with: {
            append_key_prefix(partition, range.condition->sort());
            return {partition, after_prefix(partition)};
        }
    }
    return all;
}

Bounds bounds_of(const Table& table, const ScanRange& range) {
    std::string prefix;
    append_rows_prefix(prefix, table, range.index);
    Bounds bounds{prefix, after_prefix(prefix)};
    append_hash(bounds.lower, segment_begin(range.segment, range.segments));
    if (range.segment + 1 < range.segments) {
        bounds.upper = prefix;
        append_hash(bounds.upper, segment_begin(range.segment + 1, range.segments));
    }
    return bounds;
}

void start_after(Bounds& bounds, std::string key, bool is_forward) {
    if (is_forward) {
        key.push_back('\0');
        bounds.lower = std::max(bounds.lower, key);
    } else {
        bounds.upper = std::min(bounds.upper, key);
    }
}

std::string text_of_key(const Table& table, const Item& item) {
    base::Arena arena(512);
    return dynamodb::to_wire_json(table.key.key_of(item, arena));
}

}  // namespace

/// The changes of one item and of its index entries, as they go into one batch.
class StoredRows::Writing {
public:
    Writing(StoredRows& rows, Store::Batch& batch) : rows_(rows), batch_(batch) {}

    void change(const RowChange& change) {
        const Table& table = *change.table;
        std::string key = row_key(table, nullptr, change.key);
        if (change.after != nullptr) {
            write_row(value_, *change.after, change.after_size);
            batch_.put(key, value_);
        } else {
            batch_.remove(key);
        }
        auto bytes = [](base::ItemBytes size) { return static_cast<std::int64_t>(size.value); };
        rows_.count(table.number, 0, (change.after != nullptr) - (change.before != nullptr),
                    bytes(change.after_size) - bytes(change.before_size));
        for (const Index& index : table.indexes) {
            change_entry(change, index);
        }
        change_expiry(change);
        for (const StoreRecord& record : change.records) {
            batch_.put(record.key, record.value);
        }
    }

    /// Requires the index's key in the item.
    std::int64_t put_entry(const Table& table, const Index& index, const Item& item) {
        base::Arena arena(2048);
        Item image = projected(table, index, item, arena);
        base::ItemBytes size = dynamodb::item_size(image);
        write_row(value_, image, size);
        batch_.put(row_key(table, &index, item), value_);
        return static_cast<std::int64_t>(size.value);
    }

private:
    void change_entry(const RowChange& change, const Index& index) {
        const Table& table = *change.table;
        bool was_there = change.before != nullptr && has_key(*change.before, index.key);
        bool is_there = change.after != nullptr && has_key(*change.after, index.key);
        std::int64_t bytes = 0;
        if (was_there) {
            batch_.remove(row_key(table, &index, *change.before));
            base::Arena arena(2048);
            bytes -= static_cast<std::int64_t>(
                dynamodb::item_size(projected(table, index, *change.before, arena)).value);
        }
        if (is_there) {
            bytes += put_entry(table, index, *change.after);
        }
        if (was_there || is_there) {
            rows_.count(table.number, index.number, is_there - was_there, bytes);
        }
    }

    void change_expiry(const RowChange& change) {
        const Table& table = *change.table;
        auto expiry = [&](const Item* item) {
            return item == nullptr ? std::nullopt : expiry_of(table, *item);
        };
        if (std::optional<std::uint64_t> was = expiry(change.before)) {
            batch_.remove(expiry_key(table, *was, *change.before));
        }
        if (std::optional<std::uint64_t> is = expiry(change.after)) {
            batch_.put(expiry_key(table, *is, *change.after), text_of_key(table, *change.after));
        }
    }

    StoredRows& rows_;
    Store::Batch& batch_;
    std::string value_;
};

bool StoredRows::get(const Table& table, const Item& key, bool, StoredRow& out) {
    if (!store_.get(row_key(table, nullptr, key), out.json)) {
        return false;
    }
    out.size = row_of(out.json).size;
    out.json.erase(0, sizeof(std::uint32_t));
    return true;
}

std::unique_ptr<RowCursor> StoredRows::query(const Table& table, const QueryRange& range) {
    Bounds bounds = bounds_of(table, range);
    if (!range.start_after.empty()) {
        start_after(bounds, row_key(table, range.index, range.start_after), range.is_forward);
    }
    return std::make_unique<StoredCursor>(store_, std::move(bounds.lower), std::move(bounds.upper),
                                          range.is_forward);
}

std::unique_ptr<RowCursor> StoredRows::scan(const Table& table, const ScanRange& range) {
    Bounds bounds = bounds_of(table, range);
    if (!range.start_after.empty()) {
        start_after(bounds, row_key(table, range.index, range.start_after), true);
    }
    return std::make_unique<StoredCursor>(store_, std::move(bounds.lower), std::move(bounds.upper),
                                          true);
}

void StoredRows::apply(std::span<const RowChange> changes) {
    Store::Batch batch;
    std::shared_lock lock(counts_mutex_);
    Writing writing(*this, batch);
    for (const RowChange& change : changes) {
        writing.change(change);
    }
    store_.write(batch);
}

template <class Visit>
void StoredRows::for_each_locked(const Table& table, const std::stop_token& stop, Visit&& visit) {
    std::string prefix;
    append_rows_prefix(prefix, table, nullptr);
    Store::Cursor cursor(store_, prefix, after_prefix(prefix));
    dynamodb::WireParser parser;
    base::Arena arena;
    std::string value;
    for (cursor.seek_first(); cursor.valid(); cursor.next()) {
        base::throw_if_stopped(stop);
        std::uint64_t hash = lock_hash(cursor.key());
        KeyLocks::Held held(locks_, {&hash, 1});
        if (store_.get(cursor.key(), value)) {
            arena.reset();
            visit(parser.item(row_of(value).json, arena));
        }
    }
}

void StoredRows::build_index(const Table& table, const Index& index, std::stop_token stop) {
    Store::Batch batch;
    for_each_locked(table, stop, [&](const Item& item) {
        if (has_key(item, index.key)) {
            batch.clear();
            std::shared_lock lock(counts_mutex_);
            Writing(*this, batch).put_entry(table, index, item);
            store_.write(batch);
        }
    });
    std::unique_lock lock(counts_mutex_);
    forget_counts(table, &index);
}

void StoredRows::drop_index(const Table& table, const Index& index) {
    std::string prefix;
    append_rows_prefix(prefix, table, &index);
    Store::Batch batch;
    batch.remove_range(prefix, after_prefix(prefix));
    std::unique_lock lock(counts_mutex_);
    store_.write(batch);
    forget_counts(table, &index);
}

void StoredRows::drop_table(const Table& table) {
    std::string prefix;
    append_rows_prefix(prefix, table, nullptr);
    prefix.resize(prefix.size() - sizeof(std::uint32_t));
    Store::Batch batch;
    batch.remove_range(prefix, after_prefix(prefix));
    batch.remove_range(expiry_prefix(table), after_prefix(expiry_prefix(table)));
    std::unique_lock lock(counts_mutex_);
    store_.write(batch);
    forget_counts(table, nullptr);
    for (const Index& index : table.indexes) {
        forget_counts(table, &index);
    }
}

void StoredRows::count(std::uint32_t table, std::uint32_t index, std::int64_t items,
                       std::int64_t bytes) {
    auto found = counts_.find({table, index});
    if (found != counts_.end()) {
        found->second.items += items;
        found->second.bytes += bytes;
    }
}

void StoredRows::forget_counts(const Table& table, const Index* index) {
    counts_.erase({table.number, index == nullptr ? 0 : index->number});
}

RowCounts StoredRows::counts(const Table& table, const Index* index) {
    std::pair key(table.number, index == nullptr ? 0 : index->number);
    {
        std::shared_lock lock(counts_mutex_);
        if (auto found = counts_.find(key); found != counts_.end()) {
            return {found->second.items, found->second.bytes};
        }
    }
    std::unique_lock lock(counts_mutex_);
    Counts& counts = counts_[key];
    RowCounts sum;
    std::unique_ptr<RowCursor> rows = scan(table, {.index = index, .start_after = {}});
    while (const Row* row = rows->next()) {
        ++sum.items;
        sum.bytes += static_cast<std::int64_t>(row->size.value);
    }
    counts.items = sum.items;
    counts.bytes = sum.bytes;
    return sum;
}

void StoredRows::reset_expiry(const Table& table) {
    Store::Batch batch;
    batch.remove_range(expiry_prefix(table), after_prefix(expiry_prefix(table)));
    store_.write(batch);
    if (table.ttl_attribute.empty()) {
        return;
    }
    for_each_locked(table, {}, [&](const Item& item) {
        if (std::optional<std::uint64_t> seconds = expiry_of(table, item)) {
            store_.put(expiry_key(table, *seconds, item), text_of_key(table, item));
        }
    });
}

std::vector<Item> StoredRows::expired(const Table& table, base::WallTime now, std::size_t limit,
                                      base::Arena& arena) {
    std::int64_t seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    // As DynamoDB does, what expired more than five years ago stays.
    constexpr std::int64_t kFiveYears = std::int64_t{5} * 365 * 24 * 3600;
    std::string begin = expiry_prefix(table), end = begin;
    append_hash(begin, static_cast<std::uint64_t>(std::max(seconds - kFiveYears, std::int64_t{1})));
    append_hash(end, static_cast<std::uint64_t>(seconds) + 1);
    Store::Cursor cursor(store_, begin, end);
    std::vector<Item> keys;
    for (cursor.seek_first(); cursor.valid() && keys.size() < limit; cursor.next()) {
        keys.push_back(dynamodb::parse_item(cursor.value(), arena));
    }
    return keys;
}

}  // namespace dynamigrate::engine
