#include "backup_request.hpp"
#include "operations.hpp"
#include "table_description.hpp"
#include "table_request.hpp"
#include "transitions.hpp"

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Throughput;
using json::Writer;

namespace {

constexpr std::size_t kMaxListed = 100;

TablePointer existing_table(Database& database, std::string_view name) {
    TablePointer table = database.catalog.find(name);
    if (table == nullptr) {
        refuse("TableNotFoundException", "Table not found: " + std::string(name));
    }
    return table;
}

/// The table whose backups are asked about. Requires: the catalog does not change meanwhile.
TablePointer usable_table(Database& database, std::string_view name) {
    TablePointer table = existing_table(database, name);
    if (table->status == Status::creating || table->status == Status::deleting) {
        refuse("TableInUseException", "Table is being created or deleted: " + table->name);
    }
    return table;
}

void write_details(Writer& out, const Backup& backup, std::string_view status) {
    out.key("BackupDetails").begin_object();
    out.key("BackupArn").string(backup.arn).key("BackupName").string(backup.name);
    out.key("BackupSizeBytes").number(backup.counts.bytes);
    out.key("BackupStatus").string(status).key("BackupType").string("USER");
    out.key("BackupCreationDateTime");
    write_time(out, backup.created);
    out.end_object();
}

void write_throughput(Writer& out, const Throughput& throughput) {
    out.key("ProvisionedThroughput").begin_object();
    out.key("ReadCapacityUnits").number(static_cast<std::int64_t>(throughput.read));
    out.key("WriteCapacityUnits").number(static_cast<std::int64_t>(throughput.write));
    out.end_object();
}

void write_source(Writer& out, const Backup& backup) {
    const Table& table = backup.table;
    out.key("SourceTableDetails").begin_object();
    out.key("TableName").string(table.name).key("TableId").string(table.id);
    out.key("TableArn").string(table.arn).key("TableSizeBytes").number(backup.counts.bytes);
    write_key_schema(out, table.key);
    out.key("TableCreationDateTime");
    write_time(out, table.created);
    write_throughput(out, table.throughput);
    out.key("ItemCount").number(backup.counts.items);
    out.key("BillingMode").string(table.is_on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
    out.end_object();
}

void write_source_indexes(Writer& out, const Table& table, bool is_local) {
    out.key(is_local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes").begin_array();
    for (const Index& index : table.indexes) {
        if (index.is_local == is_local) {
            out.begin_object().key("IndexName").string(index.name);
            write_key_schema(out, index.key);
            write_projection(out, index);
            if (!is_local) {
                write_throughput(out, index.throughput);
            }
            out.end_object();
        }
    }
    out.end_array();
}

void write_features(Writer& out, const Table& table) {
    out.key("SourceTableFeatureDetails").begin_object();
    for (bool is_local : {true, false}) {
        bool is_any = std::any_of(table.indexes.begin(), table.indexes.end(),
                                  [&](const Index& index) { return index.is_local == is_local; });
        if (is_any) {
            write_source_indexes(out, table, is_local);
        }
    }
    if (!table.stream_view.empty()) {
        out.key("StreamDescription").begin_object().key("StreamEnabled").boolean(true);
        out.key("StreamViewType").string(table.stream_view).end_object();
    }
    if (!table.ttl_attribute.empty()) {
        out.key("TimeToLiveDescription").begin_object();
        out.key("TimeToLiveStatus").string("ENABLED");
        out.key("AttributeName").string(table.ttl_attribute).end_object();
    }
    if (!table.sse.empty()) {
        out.key("SSEDescription").raw(table.sse);
    }
    out.end_object();
}

void write_backup(Writer& out, const Backup& backup, std::string_view status) {
    out.key("BackupDescription").begin_object();
    write_details(out, backup, status);
    write_source(out, backup);
    write_features(out, backup.table);
    out.end_object();
}

void write_backup_summary(Writer& out, const Backup& backup) {
    out.begin_object().key("TableName").string(backup.table.name);
    out.key("TableId").string(backup.table.id).key("TableArn").string(backup.table.arn);
    out.key("BackupArn").string(backup.arn).key("BackupName").string(backup.name);
    out.key("BackupCreationDateTime");
    write_time(out, backup.created);
    out.key("BackupStatus").string("AVAILABLE").key("BackupType").string("USER");
    out.key("BackupSizeBytes").number(backup.counts.bytes).end_object();
}

/// Which backups a ListBackups asks for.
class BackupFilter {
public:
    explicit BackupFilter(object body)
        : table_(text_or(body, "TableName", "")),
          after_(text_or(body, "ExclusiveStartBackupArn", "")),
          lower_(integer(body, "TimeRangeLowerBound").value_or(0)),
          upper_(integer(body, "TimeRangeUpperBound").value_or(INT64_MAX)) {
        std::string_view type = text_or(body, "BackupType", "USER");
        admits_users_ = type == "USER" || type == "ALL";
    }

    bool admits(const Backup& backup) const {
        std::int64_t created =
            std::chrono::floor<std::chrono::seconds>(backup.created).time_since_epoch().count();
        return admits_users_ && (table_.empty() || table_ == backup.table.name) &&
               backup.arn > after_ && created >= lower_ && created < upper_;
    }

private:
    std::string_view table_, after_;
    std::int64_t lower_, upper_;
    bool admits_users_ = true;
};

void write_continuous_backups(Database& database, const Table& table, Writer& out) {
    out.key("ContinuousBackupsDescription").begin_object();
    out.key("ContinuousBackupsStatus").string("ENABLED");
    out.key("PointInTimeRecoveryDescription").begin_object();
    out.key("PointInTimeRecoveryStatus")
        .string(table.has_point_in_time_recovery ? "ENABLED" : "DISABLED");
    if (table.has_point_in_time_recovery) {
        out.key("RecoveryPeriodInDays").number(35);
        out.key("EarliestRestorableDateTime");
        write_time(out, table.recovery_since.value_or(table.created));
        out.key("LatestRestorableDateTime");
        write_time(out, database.clock.now());
    }
    out.end_object().end_object();
}

}  // namespace

void create_backup(Database& database, Request& request, Writer& out) {
    std::string_view name = table_name(request.body);
    Constraints constraints;
    Shape shape(constraints, request.body);
    shape.required_text("BackupName");
    shape.resource_name("BackupName");
    constraints.check();
    database.transitions.settle_patiently(name);
    std::shared_lock unchanging(database.catalog.mutex());
    TablePointer table = usable_table(database, name);
    Backup backup =
        database.backups.create(database, *table, text(request.body, "BackupName").value());
    write_details(out, backup, "AVAILABLE");
}

void describe_backup(Database& database, Request& request, Writer& out) {
    write_backup(out, existing_backup(database, backup_arn(request.body)), "AVAILABLE");
}

void delete_backup(Database& database, Request& request, Writer& out) {
    Backup backup = existing_backup(database, backup_arn(request.body));
    if (!database.backups.remove(backup.arn)) {
        refuse("BackupNotFoundException", "Backup not found: " + backup.arn);
    }
    write_backup(out, backup, "DELETED");
}

void list_backups(Database& database, Request& request, Writer& out) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    shape.number_range("Limit", 1, kMaxListed);
    shape.one_of("BackupType", {"USER", "SYSTEM", "AWS_BACKUP", "ALL"});
    constraints.check();
    auto limit = static_cast<std::size_t>(
        integer(request.body, "Limit").value_or(static_cast<std::int64_t>(kMaxListed)));
    std::vector<Backup> backups = database.backups.all();
    BackupFilter filter(request.body);
    std::erase_if(backups, [&](const Backup& backup) { return !filter.admits(backup); });
    out.key("BackupSummaries").begin_array();
    std::size_t count = std::min(limit, backups.size());
    for (std::size_t i = 0; i < count; ++i) {
        write_backup_summary(out, backups[i]);
    }
    out.end_array();
    if (count < backups.size()) {
        out.key("LastEvaluatedBackupArn").string(backups[count - 1].arn);
    }
}

void describe_continuous_backups(Database& database, Request& request, Writer& out) {
    std::string_view name = table_name(request.body);
    database.transitions.settle_patiently(name);
    TablePointer table = existing_table(database, name);
    write_continuous_backups(database, *table, out);
}

void update_continuous_backups(Database& database, Request& request, Writer& out) {
    std::string_view name = table_name(request.body);
    Constraints constraints;
    Shape shape(constraints, request.body);
    if (auto specification = shape.required_inside("PointInTimeRecoverySpecification")) {
        specification->required_boolean("PointInTimeRecoveryEnabled");
        specification->number_range("RecoveryPeriodInDays", 1, 35);
    }
    constraints.check();
    object specification = structure(request.body, "PointInTimeRecoverySpecification").value();
    database.transitions.settle_patiently(name);
    std::unique_lock changing(database.catalog.mutex());
    Table next = *usable_table(database, name);
    bool is_wanted = boolean(specification, "PointInTimeRecoveryEnabled").value();
    if (is_wanted != next.has_point_in_time_recovery) {
        next.has_point_in_time_recovery = is_wanted;
        next.recovery_since =
            is_wanted ? std::optional(database.clock.now()) : std::optional<base::WallTime>();
    }
    write_continuous_backups(database, *database.catalog.put(std::move(next)), out);
}

}  // namespace dynamigrate::engine
