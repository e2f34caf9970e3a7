#include "backup_request.hpp"
#include "operations.hpp"
#include "table_description.hpp"
#include "table_request.hpp"
#include "transitions.hpp"

#include <algorithm>

namespace dynamigrate::engine {

using json::Writer;

namespace {

[[noreturn]] void refuse_invalid(const std::string& reason) {
    refuse_validation("One or more parameter values were invalid: " + reason);
}

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
        drop_unused_definitions(table_);
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

}  // namespace

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

}  // namespace dynamigrate::engine
