#pragma once

#include "history_view.hpp"
#include "native_table.hpp"

#include <dynamigrate/migrate/migrator.hpp>

namespace dynamigrate::migrate {

/// The history rows of one scope in the native layout (docs/reference/history-format.md).
class History {
public:
    explicit History(NativeTable& table) : table_(table) {}

    /// All rows, oldest first. Errors: corrupted for a row that no version of ours wrote.
    HistoryView read();
    /// Writes the row of its run, under the lock with the row's fence.
    /// Errors: aborted when the lock was lost.
    void write(const HistoryRow& row);

private:
    NativeTable& table_;
};

/// Attributes without the key, in the arena; texts are copied.
dynamodb::Item to_item(const HistoryRow& row, base::Arena& arena);
HistoryRow to_history_row(const dynamodb::Item& item);

dynamodb::AttributeValue to_value(const backfill::Counts& counts, base::Arena& arena);
backfill::Counts to_counts(const dynamodb::AttributeValue* value);
/// The number's value, 0 when it is absent. Errors: corrupted when it is no such number.
std::uint64_t to_unsigned(const dynamodb::AttributeValue* value);

}  // namespace dynamigrate::migrate
