#pragma once

#include "foreign_history.hpp"
#include "history_view.hpp"
#include "native_table.hpp"

#include <dynamigrate/migrate/migrator.hpp>

namespace dynamigrate::migrate {

/// The history rows of one scope: in the native table (docs/reference/history-format.md), and where
/// the settings say so also in another tool's layout (docs/history-layouts.md).
class History {
public:
    /// `foreign`: nullptr for the native layout. Both must outlive it.
    explicit History(NativeTable& table, ForeignHistory* foreign = nullptr)
        : table_(table),
          foreign_(foreign) {}

    /// All rows, oldest first, with what another tool did since.
    /// Errors: corrupted for a row that no version of ours wrote.
    HistoryView read();
    /// The native rows only.
    std::vector<HistoryRow> read_native();
    /// Before the first write: creates the foreign layout's own table.
    void create_if_absent(std::stop_token stop);
    /// Writes the row of its run, under the lock with the row's fence; in a foreign layout both rows
    /// in one transaction, with the other writes.
    /// Errors: aborted when the lock was lost.
    void write(const HistoryRow& row, const std::vector<dynamodb::TransactAction>& others = {});
    /// The native write of a row, to be made together with others; it is in the arena.
    dynamodb::TransactAction action_of(const HistoryRow& row, base::Arena& arena) const;
    /// The same for a row that says nothing new about where its migration stands: no other tool is
    /// told.
    void keep(const HistoryRow& row) { write_native(row, {}); }
    /// Keeps natively what another tool did since.
    void note_news(std::uint64_t fence);
    /// Applied rows that the foreign layout was never told of.
    std::vector<HistoryRow> untold();

private:
    std::vector<HistoryRow> news(const std::vector<HistoryRow>& native);
    void write_native(const HistoryRow& row, const std::vector<dynamodb::TransactAction>& others);

    NativeTable& table_;
    ForeignHistory* foreign_;
};

/// Attributes without the key, in the arena; texts are copied.
dynamodb::Item to_item(const HistoryRow& row, base::Arena& arena);
HistoryRow to_history_row(const dynamodb::Item& item);

dynamodb::AttributeValue to_value(const backfill::Counts& counts, base::Arena& arena);
backfill::Counts to_counts(const dynamodb::AttributeValue* value);
dynamodb::AttributeValue to_value(const CloudUsage& usage, base::Arena& arena);
CloudUsage to_usage(const dynamodb::AttributeValue* value);
dynamodb::AttributeValue parts_value(const std::vector<layers::PartSummary>& parts,
                                     base::Arena& arena);
std::vector<layers::PartSummary> to_parts(const dynamodb::AttributeValue* list);
/// The number's value, 0 when it is absent. Errors: corrupted when it is no such number.
std::uint64_t to_unsigned(const dynamodb::AttributeValue* value);

}  // namespace dynamigrate::migrate
