#pragma once

#include "database.hpp"
#include "store.hpp"

#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

/// A backup: the table's definition when it was made; its items are in a checkpoint.
struct Backup {
    std::string arn;  ///< .../table/NAME/backup/ID
    std::string name;
    Table table;
    base::WallTime created{};
    RowCounts counts;
};

/// Backups of tables: checkpoints of the whole store, in its directory, and records under keys that
/// begin with 'b'. A checkpoint shares the store's files, so it is made in no time and takes up
/// space only as the store changes.
///
/// A backup exists once its record is written; directories without one are removed at opening.
/// Threads: any.
class Backups {
public:
    explicit Backups(Store& store);
    Backups(const Backups&) = delete;
    Backups& operator=(const Backups&) = delete;

    /// Errors: unavailable when the disk is.
    Backup create(Database& database, const Table& table, std::string_view name);
    std::optional<Backup> find(std::string_view arn) const;
    /// In the order of their ARNs.
    std::vector<Backup> all() const;
    /// False when there is none. Errors: BackupInUseException while a table is restored from it.
    bool remove(std::string_view arn);

    /// Begins to fill the table, which is CREATING and says which backup it is restored from.
    void restore(Database& database, const Backup& backup, const Table& table);
    /// Goes on with restorations that were under way when the store was closed.
    void resume(Database& database);

private:
    std::filesystem::path path_of(std::string_view arn) const;
    void fill(Catalog& catalog, Rows& rows, const Backup& backup, const std::string& table,
              const std::stop_token& stop);
    void copy_rows(Rows& rows, const Backup& backup, const Table& table,
                   const std::stop_token& stop);

    Store& store_;
    std::mutex mutex_;
    std::multiset<std::string, std::less<>> in_use_;  ///< ARNs
};

/// RestoreSummary of a table that is restored from the backup.
std::string restore_summary(const Backup& backup, base::WallTime begun, bool is_under_way);

}  // namespace dynamigrate::engine
