#pragma once

#include "overlay_cursor.hpp"

#include <dynamigrate/engine/engine.hpp>

#include <atomic>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <utility>

namespace dynamigrate::engine {

/// Items of another Service with changes on top, which stay here.
///
/// A changed item hides the base's, whether it was put or deleted. Reads of the base may be answered by
/// images that are seconds old (see OverlayImages).
class OverlayRows final : public Rows {
public:
    /// All must outlive it. `store` is the overlay's own.
    OverlayRows(OverlayBase& base, Store& store, KeyLocks& locks, base::Clock& clock,
                const OverlayOptions& options);

    bool get(const Table& table, const dynamodb::Item& key, bool is_consistent,
             StoredRow& out) override;
    void expect(const Table& table, std::span<const dynamodb::Item> keys,
                bool is_consistent) override;
    std::unique_ptr<RowCursor> query(const Table& table, const QueryRange& range) override;
    std::unique_ptr<RowCursor> scan(const Table& table, const ScanRange& range) override;
    void apply(std::span<const RowChange> changes) override;
    /// Reads the whole table of the base.
    void build_index(const Table& table, const Index& index, std::stop_token stop) override;
    void drop_index(const Table& table, const Index& index) override;
    void drop_table(const Table& table) override;
    /// The base's counts are those of its description when first asked for.
    /// Errors: why an index of the table could not be built.
    RowCounts counts(const Table& table, const Index* index) override;
    void reset_expiry(const Table& table) override;
    /// Of items that were put here only.
    std::vector<dynamodb::Item> expired(const Table& table, base::WallTime now, std::size_t limit,
                                        base::Arena& arena) override;

private:
    bool is_layer_only(const Table& table, const Index* index) const;
    void build_entries_of_base(const Table& table, const Index& index, const std::stop_token& stop);
    void build_entry(const Table& table, const Index& index, const dynamodb::Item& item,
                     OverlayBuild& build);
    void fail_build(const Table& table, const Index& index, const base::Error& error);
    void count(const RowChange& change);
    void tell(const RowChange& change) const;
    RowCounts base_counts(const Table& table, const Index* index);

    OverlayBase& base_;
    Store& store_;
    KeyLocks& locks_;
    std::function<void(const OverlayChange&)> on_change_;
    std::function<void(const OverlayBuild&)> on_build_;
    StoredRows layer_;
    OverlayMarks marks_;
    OverlayImages images_;
    std::shared_mutex mutex_;
    std::mutex counts_mutex_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, RowCounts> changed_counts_;
    std::map<std::string, dynamodb::TableDescription> descriptions_;
    std::map<std::uint32_t, base::Error> failed_builds_;  ///< by table
};

}  // namespace dynamigrate::engine
