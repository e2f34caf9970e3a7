#include "backups.hpp"

#include "request.hpp"
#include "stored_rows.hpp"
#include "table_description.hpp"
#include "transitions.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::engine {

namespace {

constexpr std::string_view kRecords = "b";
constexpr std::string_view kAfterRecords = "c";
constexpr std::size_t kRowsPerWrite = 500;
constexpr std::uint64_t kBytesPerWrite = 1 << 20;

std::string_view id_of(std::string_view arn) { return arn.substr(arn.rfind('/') + 1); }
std::string key_of(std::string_view arn) { return std::string(kRecords).append(arn); }

std::string to_text(const Backup& backup) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("arn").string(backup.arn).key("name").string(backup.name);
    out.key("created").number(backup.created.time_since_epoch().count());
    out.key("items").number(backup.counts.items).key("bytes").number(backup.counts.bytes);
    out.key("table").string(to_text(backup.table)).end_object();
    return text;
}

std::int64_t number(const json::Value& from, std::string_view name) {
    std::int64_t result = 0;
    const std::string& digits = from.find(name)->text();
    std::from_chars(digits.data(), digits.data() + digits.size(), result);
    return result;
}

Backup backup_from_text(std::string_view text) {
    json::Value record = json::parse_json(text, "a stored backup");
    for (const char* name : {"arn", "name", "created", "items", "bytes", "table"}) {
        if (record.find(name) == nullptr) {
            throw base::Error(base::ErrorKind::corrupted,
                              "a stored backup lacks \"" + std::string(name) + "\"");
        }
    }
    Backup backup;
    backup.arn = record.find("arn")->text();
    backup.name = record.find("name")->text();
    backup.created = base::WallTime(std::chrono::milliseconds(number(record, "created")));
    backup.counts = {number(record, "items"), number(record, "bytes")};
    backup.table = table_from_text(record.find("table")->text());
    return backup;
}

/// Puts rows into a table some hundred at a time.
class RowCopy {
public:
    RowCopy(Rows& rows, const Table& table) : rows_(rows), table_(table) {}

    void add(const Row& row) {
        items_.push_back(parser_.item(row.json, arena_));
        sizes_.push_back(row.size);
        bytes_ += row.size.value;
        if (items_.size() == kRowsPerWrite || bytes_ >= kBytesPerWrite) {
            flush();
        }
    }

    void flush() {
        std::vector<RowChange> changes(items_.size());
        for (std::size_t i = 0; i < items_.size(); ++i) {
            changes[i].table = &table_;
            changes[i].key = table_.key.key_of(items_[i], arena_);
            changes[i].after = &items_[i];
            changes[i].after_size = sizes_[i];
        }
        rows_.apply(changes);
        items_.clear();
        sizes_.clear();
        bytes_ = 0;
        arena_.reset();
    }

private:
    Rows& rows_;
    const Table& table_;
    base::Arena arena_;
    dynamodb::WireParser parser_;
    std::vector<dynamodb::Item> items_;
    std::vector<base::ItemBytes> sizes_;
    std::uint64_t bytes_ = 0;
};

/// Replaces the table's definition, if it is still being restored.
void change_restored(Catalog& catalog, const std::string& name, auto&& change) {
    std::unique_lock changing(catalog.mutex());
    TablePointer table = catalog.find(name);
    if (table != nullptr && !table->restoring.empty()) {
        Table next = *table;
        change(next);
        catalog.put(std::move(next));
    }
}

}  // namespace

Backups::Backups(Store& store) : store_(store) {
    std::set<std::string, std::less<>> known;
    for (const Backup& backup : all()) {
        known.emplace(id_of(backup.arn));
    }
    for (const std::string& name : store_.children(store_.directory() / "backups")) {
        if (!known.contains(name)) {
            store_.remove_checkpoint(store_.directory() / "backups" / name);
        }
    }
}

std::filesystem::path Backups::path_of(std::string_view arn) const {
    return store_.directory() / "backups" / id_of(arn);
}

// The checkpoint of an overlay holds no items of the tables below it; these are not restored.
Backup Backups::create(Database& database, const Table& table, std::string_view name) {
    Backup backup;
    backup.name = name;
    backup.table = table;
    backup.created = database.clock.now();
    backup.counts = database.rows.counts(table, nullptr);
    backup.arn =
        fmt::format("{}/backup/{:014}-{:08x}", table.arn, backup.created.time_since_epoch().count(),
                    database.random.next() & 0xffff'ffff);
    if (!table.is_in_base) {
        store_.checkpoint(path_of(backup.arn));
    }
    store_.put(key_of(backup.arn), to_text(backup));
    return backup;
}

std::optional<Backup> Backups::find(std::string_view arn) const {
    std::string text;
    return store_.get(key_of(arn), text) ? std::optional(backup_from_text(text)) : std::nullopt;
}

std::vector<Backup> Backups::all() const {
    std::vector<Backup> backups;
    Store::Cursor cursor(store_, std::string(kRecords), std::string(kAfterRecords));
    for (cursor.seek_first(); cursor.valid(); cursor.next()) {
        backups.push_back(backup_from_text(cursor.value()));
    }
    return backups;
}

bool Backups::remove(std::string_view arn) {
    std::lock_guard lock(mutex_);
    std::optional<Backup> backup = find(arn);
    if (!backup) {
        return false;
    }
    if (in_use_.contains(arn)) {
        refuse("BackupInUseException",
               "Backup is being used to restore a table: " + std::string(arn));
    }
    Store::Batch batch;
    batch.remove(key_of(arn));
    store_.write(batch);
    if (!backup->table.is_in_base) {
        store_.remove_checkpoint(path_of(arn));
    }
    return true;
}

// The work must not refer to the database, which does not live as long as the thread.
void Backups::restore(Database& database, const Backup& backup, const Table& table) {
    {
        std::lock_guard lock(mutex_);
        in_use_.insert(backup.arn);
    }
    database.transitions.begin(
        table.name,
        [this, backup, name = table.name, &catalog = database.catalog, &rows = database.rows](
            const std::stop_token& stop) { fill(catalog, rows, backup, name, stop); });
}

void Backups::resume(Database& database) {
    for (const std::string& name : database.catalog.names()) {
        TablePointer table = database.catalog.find(name);
        if (table == nullptr || table->restoring.empty()) {
            continue;
        }
        if (std::optional<Backup> backup = find(table->restoring)) {
            restore(database, *backup, *table);
        }
    }
}

// A table that cannot be restored goes away.
void Backups::fill(Catalog& catalog, Rows& rows, const Backup& backup, const std::string& name,
                   const std::stop_token& stop) {
    bool is_filled = false;
    try {
        if (TablePointer table = catalog.find(name)) {
            copy_rows(rows, backup, *table, stop);
            is_filled = true;
        }
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::cancelled) {
            return;
        }
    }
    {
        std::lock_guard lock(mutex_);
        in_use_.erase(in_use_.find(backup.arn));
    }
    change_restored(catalog, name, [&](Table& next) {
        next.restoring.clear();
        next.restore_summary = restore_summary(backup, next.created, false);
        next.status = is_filled ? next.status : Status::deleting;
    });
}

// What an earlier attempt has copied is dropped, so that no row is counted twice.
void Backups::copy_rows(Rows& rows, const Backup& backup, const Table& table,
                        const std::stop_token& stop) {
    rows.drop_table(table);
    std::unique_ptr<Store> checkpoint = store_.open_checkpoint(path_of(backup.arn));
    KeyLocks locks;
    StoredRows source(*checkpoint, locks);
    std::unique_ptr<RowCursor> cursor = source.scan(backup.table, {});
    RowCopy copy(rows, table);
    while (const Row* row = cursor->next()) {
        base::throw_if_stopped(stop);
        copy.add(*row);
    }
    copy.flush();
}

std::string restore_summary(const Backup& backup, base::WallTime begun, bool is_under_way) {
    std::string summary;
    json::Writer out(summary);
    out.begin_object().key("SourceBackupArn").string(backup.arn);
    out.key("SourceTableArn").string(backup.table.arn).key("RestoreDateTime");
    write_time(out, begun);
    out.key("RestoreInProgress").boolean(is_under_way).end_object();
    return summary;
}

}  // namespace dynamigrate::engine
