#pragma once

#include "database.hpp"
#include "store.hpp"

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::engine {

/// A backup: the table's definition when it was made, and the checkpoint that holds its items.
struct Backup {
    std::string arn;  ///< .../table/NAME/backup/ID
    std::string name;
    Table table;
    base::WallTime created{};
    RowCounts counts;
};

/// Backups of tables: checkpoints of the whole store, beside it, and records under keys that begin
/// with 'b'. A checkpoint shares the store's files on disk, so it is made in no time.
///
/// A backup exists once its record is written; directories without one are removed at opening.
/// Threads: any.
class Backups {
public:
    explicit Backups(Store& store);
    Backups(const Backups&) = delete;
    Backups& operator=(const Backups&) = delete;

    /// Errors: ResourceInUseException-like refusals are the caller's; unavailable when the disk is.
    Backup create(Database& database, const Table& table, std::string_view name);
    std::optional<Backup> find(std::string_view arn);
    /// In the order of their ARNs.
    std::vector<Backup> all();
    void remove(const Backup& backup);

    /// Copies the backup's items into the table, which is CREATING and empty, and may have been
    /// filled in part before.
    void fill(Database& database, const Backup& backup, const Table& table, std::stop_token stop);
    /// Goes on with restorations that were under way when the store was closed.
    void resume(Database& database);

private:
    std::filesystem::path path_of(std::string_view arn) const;

    Store& store_;
    std::mutex mutex_;
};

}  // namespace dynamigrate::engine
