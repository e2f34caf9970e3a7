#pragma once

#include "table.hpp"

#include <dynamigrate/base/units.hpp>
#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/expressions/key_condition.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

/// An item as it lies in the store: its wire JSON and its size as DynamoDB counts it.
struct Row {
    std::string_view json;
    base::ItemBytes size;
};

/// A row that owns its text.
struct StoredRow {
    std::string json;
    base::ItemBytes size;
    Row view() const noexcept { return {json, size}; }
};

/// What a Query reads, in the order of the sort key.
struct QueryRange {
    const Index* index = nullptr;  ///< nullptr: the table
    const expressions::KeyCondition* condition = nullptr;
    bool is_forward = true;
    bool is_consistent = false;
    dynamodb::Item start_after;  ///< ExclusiveStartKey; empty: from the beginning
    std::size_t expected = 0;    ///< how many rows will be asked for at most; 0: unknown
};

/// What a Scan reads, in the order of the partition keys' hashes.
struct ScanRange {
    const Index* index = nullptr;
    std::uint32_t segment = 0;
    std::uint32_t segments = 1;
    bool is_consistent = false;
    dynamodb::Item start_after;
    std::size_t expected = 0;
};

/// Rows of one range, one after the other, as they were when it was begun.
class RowCursor {
public:
    virtual ~RowCursor() = default;
    /// The next row, or nullptr at the end. Valid until the next call.
    virtual const Row* next() = 0;
    /// Whether what follows has to be fetched from elsewhere first: a page that has rows and no Limit
    /// to fill ends here, so that nothing is fetched twice.
    virtual bool rests() const { return false; }
};

/// A key and a value of the store that are none of an item.
struct StoreRecord {
    std::string key, value;
};

/// One item's change: put when `after` is set, else deleted.
struct RowChange {
    const Table* table = nullptr;
    dynamodb::Item key;                      ///< primary key
    const dynamodb::Item* before = nullptr;  ///< nullptr: there was none
    const dynamodb::Item* after = nullptr;
    base::ItemBytes before_size, after_size;  ///< 0 where there is none
    std::span<const StoreRecord> records;     ///< put into the store together with the change
};

struct RowCounts {
    std::int64_t items = 0;
    std::int64_t bytes = 0;
};

/// The items of all tables, with their indexes.
///
/// Threads: any. Callers serialise changes of one item (see KeyLocks).
class Rows {
public:
    virtual ~Rows() = default;

    /// False when there is no such item. Requires a checked primary key.
    virtual bool get(const Table& table, const dynamodb::Item& key, bool is_consistent,
                     StoredRow& out) = 0;
    /// Says that these items will be got soon, so that they can be fetched together. Requires
    /// checked primary keys.
    virtual void expect(const Table& /*table*/, std::span<const dynamodb::Item> /*keys*/,
                        bool /*is_consistent*/) {}
    virtual std::unique_ptr<RowCursor> query(const Table& table, const QueryRange& range) = 0;
    virtual std::unique_ptr<RowCursor> scan(const Table& table, const ScanRange& range) = 0;

    /// Does all changes or none, index entries included.
    virtual void apply(std::span<const RowChange> changes) = 0;

    /// Makes the entries of items that are there already; items whose key attributes do not fit are
    /// left out. Concurrent changes are seen, since the table's definition has the index already.
    virtual void build_index(const Table& table, const Index& index, std::stop_token stop) = 0;
    virtual void drop_index(const Table& table, const Index& index) = 0;
    virtual void drop_table(const Table& table) = 0;
    /// Of the table, or of the index.
    virtual RowCounts counts(const Table& table, const Index* index) = 0;

    /// Makes the entries by which `expired` finds items anew; to be called, with nobody writing, when
    /// the table's TTL attribute has changed.
    virtual void reset_expiry(const Table& table) = 0;
    /// Primary keys of items whose TTL attribute is a number of seconds at or before `now`, at most
    /// `limit`, in the arena.
    virtual std::vector<dynamodb::Item> expired(const Table& table, base::WallTime now,
                                                std::size_t limit, base::Arena& arena) = 0;
};

}  // namespace dynamigrate::engine
