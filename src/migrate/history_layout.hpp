#pragma once

#include <dynamigrate/dynamodb/attribute_value.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// How other tools keep their history: which items they write, and what these say.
namespace dynamigrate::migrate {

/// What another tool's items say about one run of a migration.
struct ForeignRow {
    std::string id;  ///< version or name, as this program calls it
    Status status = Status::applied;
    std::string date;  ///< ISO 8601 with milliseconds; "" where the layout keeps none
    std::string description;
    std::string path;
    std::string by;
    std::string error;
};

/// The items of a foreign history as they were read.
struct ForeignItems {
    std::string table;
    bool exists = false;      ///< whether there is such a table
    dynamodb::KeySchema key;  ///< the layout's own where there is no table
    bool has_status_table = false;
    std::deque<dynamodb::OwnedItem> items;
};

/// A write of one foreign item. Attributes that it does not name stay as they are.
struct ForeignChange {
    std::string table;
    dynamodb::Item key;
    dynamodb::Item set;
    std::vector<std::string> remove;
    bool erases = false;  ///< the whole item
};

/// One tool's way to keep its history: pure functions between rows and items.
class HistoryLayout {
public:
    virtual ~HistoryLayout() = default;

    virtual std::string_view name() const noexcept = 0;
    /// The key of the tool's own table.
    virtual dynamodb::KeySchema own_key() const = 0;
    /// Whether the history can be kept in a table of that key.
    virtual bool fits(const dynamodb::KeySchema& key) const { return key == own_key(); }
    /// Partition keys to query; none: the whole table is the history.
    virtual std::vector<std::string> partitions() const { return {}; }
    /// Partition keys to query besides, once these items were read.
    virtual std::vector<std::string> more_partitions(const ForeignItems&) const { return {}; }
    /// The table of the tool's status row beside the history; "": it has none.
    virtual std::string status_table() const { return {}; }

    virtual std::vector<ForeignRow> rows(const ForeignItems& items) const = 0;
    /// Whether a row in that state is written at all; `changes` is asked only then.
    /// Errors: failed_precondition for a version that the layout cannot hold.
    virtual bool tells(const HistoryRow& row) const = 0;
    /// What to write so that the items tell the row; values live in the arena, keys in both.
    virtual std::vector<ForeignChange> changes(const HistoryRow& row, const ForeignItems& items,
                                               base::Arena& arena) const = 0;
    /// Whether the layout has room for a migration of that id; others are kept natively only.
    virtual bool keeps(std::string_view id) const = 0;
    /// Whether a migration without an item is not applied. A table without a sort key cannot tell.
    virtual bool tells_absence(const dynamodb::KeySchema&) const { return true; }
};

std::unique_ptr<HistoryLayout> make_onetable_layout();
std::unique_ptr<HistoryLayout> make_drift_layout();
std::unique_ptr<HistoryLayout> make_dynamorm_layout();
std::unique_ptr<HistoryLayout> make_functionless_layout();
/// Nothing for `native`. Errors: invalid_argument for an unknown name.
std::unique_ptr<HistoryLayout> make_layout(std::string_view name);

/// Milliseconds and Z, whatever precision and zone the text has; "" when it is no time.
std::string normal_time(std::string_view text);
/// When a row ended, or began while it runs.
const std::string& time_of(const HistoryRow& row);
/// "Add user index" -> "add_user_index"; the part of a file's name behind its version, where there
/// is one.
std::string slug_of(const HistoryRow& row, char separator);
/// The file's name without directory and extension; "" where the migration is not in a file.
std::string stem_of(const HistoryRow& row);
/// Leading digits that `-`, `_` or the end follows; "" otherwise.
std::string_view leading_number(std::string_view text);

}  // namespace dynamigrate::migrate
