#include "backups.hpp"
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

[[noreturn]] void refuse_invalid(const std::string& reason) {
    refuse_validation("One or more parameter values were invalid: " + reason);
}

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

std::string_view backup_arn(object body) {
    Constraints constraints;
    Shape request(constraints, body);
    request.required_text("BackupArn");
    request.text_length("BackupArn", 37, 1024);
    constraints.check();
    return text(body, "BackupArn").value();
}

Backup existing_backup(Database& database, std::string_view arn) {
    std::optional<Backup> backup = database.backups.find(arn);
    if (!backup) {
        refuse("BackupNotFoundException", "Backup not found: " + std::string(arn));
    }
    return *std::move(backup);
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

void check_restore(object body) {
    Constraints constraints;
    Shape request(constraints, body);
    request.one_of("BillingModeOverride", {"PROVISIONED", "PAY_PER_REQUEST"});
    request.for_each("GlobalSecondaryIndexOverride", check_index);
    request.for_each("LocalSecondaryIndexOverride", check_index);
    if (std::optional<Shape> throughput = request.inside("ProvisionedThroughputOverride")) {
        for (std::string_view name : {"WriteCapacityUnits", "ReadCapacityUnits"}) {
            throughput->required_number(name);
            throughput->number_range(name, 1);
        }
    }
    constraints.check();
}

/// What one RestoreTableFromBackup makes of the backed up definition.
class Restoration {
public:
    Restoration(object body, const Backup& backup) : body_(body), table_(backup.table) {}

    Table table() {
        forget_settings();
        override_billing();
        keep_indexes("GlobalSecondaryIndexOverride", false);
        keep_indexes("LocalSecondaryIndexOverride", true);
        keep_definitions();
        return std::move(table_);
    }

private:
    /// As in DynamoDB, streams, TTL, tags, protection and recovery are to be set up again.
    void forget_settings() {
        table_.ttl_attribute.clear();
        table_.stream_view.clear();
        table_.stream_label.clear();
        table_.tags.clear();
        table_.is_protected = false;
        table_.has_point_in_time_recovery = false;
        table_.recovery_since.reset();
        table_.throughput_increased.reset();
        table_.throughput_decreased.reset();
        table_.decreases_today = 0;
        std::erase_if(table_.indexes,
                      [](const Index& index) { return index.status == Status::deleting; });
        for (Index& index : table_.indexes) {
            index.status = Status::active;
            index.is_backfilling = false;
        }
    }

    void override_billing() {
        std::string_view mode = text_or(body_, "BillingModeOverride", "");
        std::optional<object> units = structure(body_, "ProvisionedThroughputOverride");
        if (!mode.empty()) {
            table_.is_on_demand = mode == "PAY_PER_REQUEST";
        }
        if (table_.is_on_demand && units) {
            refuse_invalid(
                "ProvisionedThroughputOverride cannot be specified when BillingMode is "
                "PAY_PER_REQUEST");
        }
        if (units) {
            table_.throughput = {
                static_cast<double>(integer(*units, "ReadCapacityUnits").value()),
                static_cast<double>(integer(*units, "WriteCapacityUnits").value())};
        }
        if (table_.is_on_demand) {
            table_.throughput = {};
            for (Index& index : table_.indexes) {
                index.throughput = {};
            }
        } else if (table_.throughput.read == 0) {
            refuse_invalid(
                "ProvisionedThroughputOverride must be specified when BillingModeOverride is "
                "PROVISIONED");
        }
    }

    /// An override lists the indexes to be kept, which must be those of the backup.
    void keep_indexes(std::string_view member, bool is_local) {
        if (!list(body_, member)) {
            return;
        }
        std::vector<Index> kept;
        for (element definition : elements(body_, member)) {
            Index wanted = read_index(as_object(definition), table_, is_local);
            const Index* known = table_.index(wanted.name);
            if (known == nullptr || known->is_local != is_local || known->key != wanted.key ||
                known->projection != wanted.projection) {
                refuse_invalid("Index " + wanted.name +
                               " does not match an index of the backed up table");
            }
            wanted.number = known->number;
            wanted.non_key_attributes = known->non_key_attributes;
            kept.push_back(std::move(wanted));
        }
        std::erase_if(table_.indexes,
                      [&](const Index& index) { return index.is_local == is_local; });
        table_.indexes.insert(table_.indexes.end(), kept.begin(), kept.end());
    }

    void keep_definitions() {
        std::erase_if(table_.definitions, [&](const dynamodb::KeyAttribute& attribute) {
            return !table_.key.contains(attribute.name) &&
                   std::none_of(
                       table_.indexes.begin(), table_.indexes.end(),
                       [&](const Index& index) { return index.key.contains(attribute.name); });
        });
        for (const Index& index : table_.indexes) {
            if (!index.is_local && !table_.is_on_demand && index.throughput.read == 0) {
                refuse_invalid("ProvisionedThroughput is not specified for index: " + index.name);
            }
        }
    }

    object body_;
    Table table_;
};

void require_no_table(Database& database, std::string_view name) {
    TablePointer table = database.catalog.find(name);
    if (table == nullptr) {
        return;
    }
    if (table->status == Status::creating || table->status == Status::deleting) {
        refuse("TableInUseException", "Table is being created or deleted: " + table->name);
    }
    refuse("TableAlreadyExistsException", "Table already exists: " + table->name);
}

TablePointer put_restored(Database& database, Table table, const Backup& backup,
                          std::string_view name) {
    std::unique_lock changing(database.catalog.mutex());
    require_no_table(database, name);
    table.name = name;
    table.number = database.catalog.next_number();
    table.id = database.random.uuid();
    table.arn = table_arn(database, name);
    table.created = database.clock.now();
    table.status = Status::creating;
    table.settles = database.transitions.settles();
    table.billing_changed =
        table.is_on_demand ? std::optional(table.created) : std::optional<base::WallTime>();
    table.restoring = backup.arn;
    table.restore_summary = restore_summary(backup, table.created, true);
    return database.catalog.put(std::move(table));
}

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

void restore_table_from_backup(Database& database, Request& request, Writer& out) {
    std::string_view name = table_name(request.body, "TargetTableName");
    check_restore(request.body);
    Backup backup = existing_backup(database, backup_arn(request.body));
    if (backup.table.is_in_base) {
        refuse_validation(
            "A dry run cannot restore a table from the backup of a table that it has not made");
    }
    database.transitions.settle_patiently(name);
    require_no_table(database, name);
    Table table = Restoration(request.body, backup).table();
    TablePointer made = put_restored(database, std::move(table), backup, name);
    database.backups.restore(database, backup, *made);
    out.key("TableDescription");
    write_description(database, *made, out);
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
