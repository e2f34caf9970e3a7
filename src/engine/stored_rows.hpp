#pragma once

#include "key_locks.hpp"
#include "rows.hpp"
#include "store.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <shared_mutex>
#include <utility>

namespace dynamigrate::engine {

/// Items in a store. The value of a row is its size, four bytes little-endian, and its JSON.
class StoredRows final : public Rows {
public:
    /// Both must outlive it. `locks` are those under which items change.
    StoredRows(Store& store, KeyLocks& locks) : store_(store), locks_(locks) {}

    bool get(const Table& table, const dynamodb::Item& key, bool is_consistent,
             StoredRow& out) override;
    std::unique_ptr<RowCursor> query(const Table& table, const QueryRange& range) override;
    std::unique_ptr<RowCursor> scan(const Table& table, const ScanRange& range) override;
    void apply(std::span<const RowChange> changes) override;
    void build_index(const Table& table, const Index& index, std::stop_token stop) override;
    void drop_index(const Table& table, const Index& index) override;
    void drop_table(const Table& table) override;
    RowCounts counts(const Table& table, const Index* index) override;
    void reset_expiry(const Table& table) override;
    std::vector<dynamodb::Item> expired(const Table& table, base::WallTime now, std::size_t limit,
                                        base::Arena& arena) override;

private:
    /// Counted when first asked for, kept up to date from then on.
    struct Counts {
        std::atomic<std::int64_t> items = 0, bytes = 0;
    };
    class Writing;

    void count(std::uint32_t table, std::uint32_t index, std::int64_t items, std::int64_t bytes);
    void forget_counts(const Table& table, const Index* index);
    /// Calls `visit` for each item of the table, under the lock of its key.
    template <class Visit>
    void for_each_locked(const Table& table, const std::stop_token& stop, Visit&& visit);

    Store& store_;
    KeyLocks& locks_;
    std::shared_mutex counts_mutex_;  ///< shared while rows change, alone while they are counted
    std::map<std::pair<std::uint32_t, std::uint32_t>, Counts> counts_;
};

/// The bytes of a value in a store as a row, and back.
Row row_of(std::string_view value) noexcept;
void write_row(std::string& out, const dynamodb::Item& item, base::ItemBytes size);

/// The time at which the item expires, in seconds since 1970, if its TTL attribute tells one.
std::optional<std::uint64_t> expiry_of(const Table& table, const dynamodb::Item& item) noexcept;

}  // namespace dynamigrate::engine
