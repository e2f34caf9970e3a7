#pragma once

#include "history_layout.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/service.hpp>

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// A history in another tool's layout: its items, read consistently, and what to write into them.
class ForeignHistory {
public:
    /// The service and the clock must outlive it. `is_shared`: the table is the application's, so it
    /// is never created here.
    ForeignHistory(dynamodb::Service& service, base::Clock& clock,
                   std::unique_ptr<HistoryLayout> layout, std::string table, bool is_shared);

    const HistoryLayout& layout() const noexcept { return *layout_; }
    const std::string& table() const noexcept { return table_; }
    /// "onetable in app": what rows name that were written so.
    const std::string& place() const noexcept { return place_; }

    /// Creates the layout's own table where there is none, on demand, and waits for it.
    void create_if_absent(std::stop_token stop);
    /// Errors: failed_precondition for a table whose key the layout cannot have.
    ForeignItems read();
    /// What to write so that the items tell the row; nothing where the layout does not tell it.
    /// Values are in the arena.
    /// Errors: failed_precondition when the layout cannot hold it or there is no such table.
    std::vector<ForeignChange> changes(const HistoryRow& row, base::Arena& arena);

private:
    void check_key(const dynamodb::KeySchema& key) const;
    void read_partition(const std::string& partition, ForeignItems& items);

    dynamodb::Service& service_;
    base::Clock& clock_;
    std::unique_ptr<HistoryLayout> layout_;
    std::string table_;
    std::string place_;
    bool is_shared_;
    std::optional<dynamodb::KeySchema> key_;  ///< of the table, once it is there
    std::optional<bool> has_status_table_;
};

/// The table of the settings' layout, by its real name; "" for the native layout, or where none is
/// named.
std::string layout_table(const Settings& settings);

/// The history that the settings name; nothing for the native layout.
/// Errors: invalid_argument when the layout needs a table's name and none is given, and when a layout
/// that has its table to itself is to be in the application's.
std::unique_ptr<ForeignHistory> open_foreign_history(dynamodb::Service& service, base::Clock& clock,
                                                     const Settings& settings);

/// As an update (or a deletion), alone or in a transaction; values are in the arena.
dynamodb::TransactAction to_action(const ForeignChange& change, base::Arena& arena);

}  // namespace dynamigrate::migrate
