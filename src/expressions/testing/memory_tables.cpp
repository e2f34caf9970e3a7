#include "memory_request.hpp"

#include <dynamigrate/dynamodb/size.hpp>

#include <algorithm>
#include <cstdio>

namespace dynamigrate::expressions::memory {

using dynamodb::AttributeType;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;
using json::Value;
using json::Writer;

namespace {

constexpr std::string_view kArnPrefix = "arn:aws:dynamodb:us-east-1:000000000000:table/";

AttributeType key_type(std::string_view name) {
    if (name == "S") {
        return AttributeType::string;
    }
    if (name == "N") {
        return AttributeType::number;
    }
    if (name == "B") {
        return AttributeType::binary;
    }
    refuse_validation("Member must satisfy enum value set: [B, N, S]");
}

void read_definitions(const Value& body, Table& table) {
    const Value* definitions = body.find("AttributeDefinitions");
    if (definitions == nullptr) {
        return;
    }
    for (const Value& definition : definitions->elements()) {
        KeyAttribute attribute{text(definition, "AttributeName"),
                               key_type(text(definition, "AttributeType"))};
        auto known =
            std::find_if(table.definitions.begin(), table.definitions.end(),
                         [&](const KeyAttribute& other) { return other.name == attribute.name; });
        if (known == table.definitions.end()) {
            table.definitions.push_back(std::move(attribute));
        } else {
            known->type = attribute.type;
        }
    }
}

KeyAttribute defined(const Table& table, const std::string& name) {
    for (const KeyAttribute& attribute : table.definitions) {
        if (attribute.name == name) {
            return attribute;
        }
    }
    refuse_validation(
        "One or more parameter values were invalid: Some index key attributes are not defined "
        "in AttributeDefinitions. Keys: [" +
        name + "]");
}

KeySchema read_key(const Value& object, const Table& table) {
    KeySchema key;
    for (const Value& element : required(object, "KeySchema").elements()) {
        KeyAttribute attribute = defined(table, text(element, "AttributeName"));
        if (text(element, "KeyType") == "HASH") {
            key.hash = std::move(attribute);
        } else {
            key.sort = std::move(attribute);
        }
    }
    return key;
}

dynamodb::Throughput read_throughput(const Value& object) {
    const Value* throughput = object.find("ProvisionedThroughput");
    if (throughput == nullptr) {
        return {};
    }
    return {static_cast<double>(integer(*throughput, "ReadCapacityUnits", 0)),
            static_cast<double>(integer(*throughput, "WriteCapacityUnits", 0))};
}

Index read_index(const Value& object, const Table& table, bool is_local) {
    Index index;
    index.name = text(object, "IndexName");
    index.key = read_key(object, table);
    index.is_local = is_local;
    index.throughput = read_throughput(object);
    const Value& projection = required(object, "Projection");
    std::string type = text(projection, "ProjectionType");
    index.projection = type == "KEYS_ONLY" ? dynamodb::ProjectionType::keys_only
                       : type == "INCLUDE" ? dynamodb::ProjectionType::include
                                           : dynamodb::ProjectionType::all;
    if (const Value* names = projection.find("NonKeyAttributes")) {
        for (const Value& name : names->elements()) {
            index.non_key_attributes.push_back(name.text());
        }
    }
    return index;
}

void read_indexes(const Value& body, const char* member, bool is_local, Table& table) {
    if (const Value* indexes = body.find(member)) {
        for (const Value& index : indexes->elements()) {
            table.indexes.push_back(read_index(index, table, is_local));
        }
    }
}

void read_settings(const Value& body, Table& table) {
    if (std::string mode = text(body, "BillingMode"); !mode.empty()) {
        table.is_on_demand = mode == "PAY_PER_REQUEST";
    }
    if (body.find("ProvisionedThroughput") != nullptr) {
        table.throughput = read_throughput(body);
    }
    if (const Value* stream = body.find("StreamSpecification")) {
        table.stream = flag(*stream, "StreamEnabled") ? json::to_json(*stream) : "";
    }
    if (body.find("DeletionProtectionEnabled") != nullptr) {
        table.is_protected = flag(body, "DeletionProtectionEnabled");
    }
}

void begin_wait(const Store& store, std::string& status, int& left, const char* meanwhile) {
    left = store.options.describes_until_active;
    status = left > 0 ? meanwhile : "ACTIVE";
}

/// Counts a look at something that is under way; returns whether it has just ended.
bool has_ended(int& describes_left) { return describes_left > 0 && --describes_left == 0; }

void check_no_index_change(const Table& table) {
    for (const Index& index : table.indexes) {
        if (index.status != "ACTIVE") {
            refuse("LimitExceededException",
                   "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                   "simultaneously per "
                   "table");
        }
    }
}

Index& global_index(Table& table, const std::string& name) {
    for (Index& index : table.indexes) {
        if (index.name == name && !index.is_local) {
            return index;
        }
    }
    refuse("ResourceNotFoundException",
           "Requested resource not found: Index: " + name + " not found");
}

void create_index(const Store& store, Table& table, const Value& definition) {
    check_no_index_change(table);
    Index index = read_index(definition, table, false);
    if (table.index(index.name) != nullptr) {
        refuse_validation("Attempting to create an index which already exists");
    }
    begin_wait(store, index.status, index.describes_left, "CREATING");
    table.indexes.push_back(std::move(index));
}

void delete_index(const Store& store, Table& table, const std::string& name) {
    Index& index = global_index(table, name);
    if (index.status != "CREATING") {
        check_no_index_change(table);
    }
    begin_wait(store, index.status, index.describes_left, "DELETING");
    if (index.status == "ACTIVE") {
        std::erase_if(table.indexes,
                      [&](const Index& candidate) { return candidate.name == name; });
    }
}

void update_index(const Store& store, Table& table, const Value& update) {
    if (const Value* create = update.find("Create")) {
        create_index(store, table, *create);
    } else if (const Value* removal = update.find("Delete")) {
        delete_index(store, table, text(*removal, "IndexName"));
    } else if (const Value* change = update.find("Update")) {
        Index& index = global_index(table, text(*change, "IndexName"));
        if (change->find("ProvisionedThroughput") != nullptr) {
            index.throughput = read_throughput(*change);
        }
    }
}

/// A status moves on while it is being looked at. Returns false when the table is gone thereby.
bool advance(Table& table) {
    if (has_ended(table.describes_left)) {
        if (table.status == "DELETING") {
            return false;
        }
        table.status = "ACTIVE";
    }
    std::erase_if(table.indexes, [](Index& index) {
        if (!has_ended(index.describes_left)) {
            return false;
        }
        bool is_gone = index.status == "DELETING";
        index.status = "ACTIVE";
        return is_gone;
    });
    return true;
}

void write_key(Writer& out, const KeySchema& key) {
    out.key("KeySchema").begin_array();
    auto element = [&](const std::string& name, const char* type) {
        out.begin_object()
            .key("AttributeName")
            .string(name)
            .key("KeyType")
            .string(type)
            .end_object();
    };
    element(key.hash.name, "HASH");
    if (key.sort) {
        element(key.sort->name, "RANGE");
    }
    out.end_array();
}

void write_throughput(Writer& out, const dynamodb::Throughput& throughput) {
    out.key("ProvisionedThroughput").begin_object();
    out.key("NumberOfDecreasesToday").number(0);
    out.key("ReadCapacityUnits").number(static_cast<long>(throughput.read));
    out.key("WriteCapacityUnits").number(static_cast<long>(throughput.write)).end_object();
}

void write_projection(Writer& out, const Index& index) {
    const char* type = index.projection == dynamodb::ProjectionType::all         ? "ALL"
                       : index.projection == dynamodb::ProjectionType::keys_only ? "KEYS_ONLY"
                                                                                 : "INCLUDE";
    out.key("Projection").begin_object().key("ProjectionType").string(type);
    if (!index.non_key_attributes.empty()) {
        out.key("NonKeyAttributes").begin_array();
        for (const std::string& name : index.non_key_attributes) {
            out.string(name);
        }
        out.end_array();
    }
    out.end_object();
}

void write_index(Writer& out, const Table& table, const Index& index) {
    out.begin_object().key("IndexName").string(index.name);
    write_key(out, index.key);
    write_projection(out, index);
    out.key("IndexArn").string(std::string(kArnPrefix) + table.name + "/index/" + index.name);
    auto count = std::count_if(table.items.begin(), table.items.end(), [&](const auto& entry) {
        return has_key(entry.second->item, index.key);
    });
    out.key("ItemCount").number(count);
    if (!index.is_local) {
        out.key("IndexStatus").string(index.status);
        if (index.status == "CREATING") {
            out.key("Backfilling").boolean(true);
        }
        write_throughput(out, index.throughput);
    }
    out.end_object();
}

void write_indexes(Writer& out, const Table& table, const char* member, bool is_local) {
    bool is_any = std::any_of(table.indexes.begin(), table.indexes.end(),
                              [&](const Index& index) { return index.is_local == is_local; });
    if (!is_any) {
        return;
    }
    out.key(member).begin_array();
    for (const Index& index : table.indexes) {
        if (index.is_local == is_local) {
            write_index(out, table, index);
        }
    }
    out.end_array();
}

void write_size(Writer& out, const Table& table) {
    base::ItemBytes size;
    for (const auto& [key, stored] : table.items) {
        size += dynamodb::item_size(stored->item);
    }
    out.key("ItemCount").number(table.items.size()).key("TableSizeBytes").number(size.value);
}

std::string uuid_of(int number) {
    char text[40];
    std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012d", number);
    return text;
}

Table& tagged_table(Store& store, const Request& request) {
    std::string arn = text(request.body, "ResourceArn");
    if (!arn.starts_with(kArnPrefix)) {
        refuse_validation("Invalid TableArn");
    }
    return store.table(arn.substr(kArnPrefix.size()));
}

}  // namespace

void write_description(const Table& table, Writer& out) {
    out.begin_object().key("TableName").string(table.name);
    bool is_changing = std::any_of(table.indexes.begin(), table.indexes.end(),
                                   [](const Index& index) { return index.status != "ACTIVE"; });
    out.key("TableStatus")
        .string(table.status == "ACTIVE" && is_changing ? "UPDATING" : table.status);
    out.key("TableArn")
        .string(std::string(kArnPrefix) + table.name)
        .key("TableId")
        .string(table.id);
    out.key("CreationDateTime").number(0);
    write_key(out, table.key);
    out.key("AttributeDefinitions").begin_array();
    for (const KeyAttribute& attribute : table.definitions) {
        out.begin_object().key("AttributeName").string(attribute.name);
        out.key("AttributeType").string(to_string(attribute.type)).end_object();
    }
    out.end_array();
    write_size(out, table);
    write_throughput(out, table.is_on_demand ? dynamodb::Throughput{} : table.throughput);
    if (table.is_on_demand) {
        out.key("BillingModeSummary")
            .begin_object()
            .key("BillingMode")
            .string("PAY_PER_REQUEST")
            .end_object();
    }
    write_indexes(out, table, "GlobalSecondaryIndexes", false);
    write_indexes(out, table, "LocalSecondaryIndexes", true);
    if (!table.stream.empty()) {
        out.key("StreamSpecification").raw(table.stream);
    }
    out.key("DeletionProtectionEnabled").boolean(table.is_protected).end_object();
}

void create_table(Store& store, Request& request, Writer& out) {
    Table table;
    table.name = text(request.body, "TableName");
    if (store.tables.contains(table.name)) {
        refuse("ResourceInUseException", "Table already exists: " + table.name);
    }
    table.id = uuid_of(++store.tables_created);
    table.is_on_demand = false;
    read_definitions(request.body, table);
    table.key = read_key(request.body, table);
    read_settings(request.body, table);
    read_indexes(request.body, "GlobalSecondaryIndexes", false, table);
    read_indexes(request.body, "LocalSecondaryIndexes", true, table);
    if (const Value* tags = request.body.find("Tags")) {
        for (const Value& element : tags->elements()) {
            table.tags[text(element, "Key")] = text(element, "Value");
        }
    }
    begin_wait(store, table.status, table.describes_left, "CREATING");
    Table& created = store.tables.emplace(table.name, std::move(table)).first->second;
    out.key("TableDescription");
    write_description(created, out);
}

void describe_table(Store& store, Request& request, Writer& out) {
    auto found = store.tables.find(text(request.body, "TableName"));
    if (found == store.tables.end()) {
        refuse("ResourceNotFoundException", "Requested resource not found: Table: " +
                                                text(request.body, "TableName") + " not found");
    }
    out.key("Table");
    write_description(found->second, out);
    if (!advance(found->second)) {
        store.tables.erase(found);
    }
}

void update_table(Store& store, Request& request, Writer& out) {
    Table& table = store.table(text(request.body, "TableName"));
    Table changed = table;
    read_definitions(request.body, changed);
    read_settings(request.body, changed);
    if (const Value* updates = request.body.find("GlobalSecondaryIndexUpdates")) {
        for (const Value& update : updates->elements()) {
            update_index(store, changed, update);
        }
    }
    table = std::move(changed);
    out.key("TableDescription");
    write_description(table, out);
}

void delete_table(Store& store, Request& request, Writer& out) {
    Table& table = store.table(text(request.body, "TableName"));
    if (table.is_protected) {
        refuse_validation(
            "Resource cannot be deleted as it is currently protected against deletion. Disable "
            "deletion protection first.");
    }
    begin_wait(store, table.status, table.describes_left, "DELETING");
    bool is_gone = table.status == "ACTIVE";
    table.status = "DELETING";
    out.key("TableDescription");
    write_description(table, out);
    if (is_gone) {
        store.tables.erase(store.tables.find(text(request.body, "TableName")));
    }
}

void list_tables(Store& store, Request& request, Writer& out) {
    auto limit = static_cast<std::size_t>(integer(request.body, "Limit", 100));
    auto table = store.tables.upper_bound(text(request.body, "ExclusiveStartTableName"));
    out.key("TableNames").begin_array();
    std::string last;
    for (; table != store.tables.end() && limit > 0; ++table, --limit) {
        last = table->first;
        out.string(last);
    }
    out.end_array();
    if (table != store.tables.end()) {
        out.key("LastEvaluatedTableName").string(last);
    }
}

void update_ttl(Store& store, Request& request, Writer& out) {
    Table& table = store.table(text(request.body, "TableName"));
    const Value& wish = required(request.body, "TimeToLiveSpecification");
    bool enable = flag(wish, "Enabled");
    if (enable != table.ttl_attribute.empty()) {
        refuse_validation(std::string("TimeToLive is already ") +
                          (enable ? "enabled" : "disabled"));
    }
    table.ttl_attribute = enable ? text(wish, "AttributeName") : "";
    out.key("TimeToLiveSpecification").raw(json::to_json(wish));
}

void describe_ttl(Store& store, Request& request, Writer& out) {
    const Table& table = store.table(text(request.body, "TableName"));
    out.key("TimeToLiveDescription").begin_object();
    out.key("TimeToLiveStatus").string(table.ttl_attribute.empty() ? "DISABLED" : "ENABLED");
    if (!table.ttl_attribute.empty()) {
        out.key("AttributeName").string(table.ttl_attribute);
    }
    out.end_object();
}

void update_backups(Store& store, Request& request, Writer& out) {
    Table& table = store.table(text(request.body, "TableName"));
    table.has_point_in_time_recovery = flag(
        required(request.body, "PointInTimeRecoverySpecification"), "PointInTimeRecoveryEnabled");
    describe_backups(store, request, out);
}

void describe_backups(Store& store, Request& request, Writer& out) {
    const Table& table = store.table(text(request.body, "TableName"));
    out.key("ContinuousBackupsDescription").begin_object();
    out.key("ContinuousBackupsStatus").string("ENABLED");
    out.key("PointInTimeRecoveryDescription").begin_object();
    out.key("PointInTimeRecoveryStatus")
        .string(table.has_point_in_time_recovery ? "ENABLED" : "DISABLED");
    out.end_object().end_object();
}

void create_backup(Store& store, Request& request, Writer& out) {
    const Table& table = store.table(text(request.body, "TableName"));
    Backup backup{std::string(kArnPrefix) + table.name + "/backup/" +
                      std::to_string(store.backups.size() + 1),
                  table.name, text(request.body, "BackupName"),
                  store.options.describes_until_active};
    out.key("BackupDetails").begin_object().key("BackupArn").string(backup.arn);
    out.key("BackupStatus").string("CREATING").end_object();
    store.backups.push_back(std::move(backup));
}

void describe_backup(Store& store, Request& request, Writer& out) {
    std::string arn = text(request.body, "BackupArn");
    for (Backup& backup : store.backups) {
        if (backup.arn == arn) {
            bool is_made = backup.describes_left == 0 || has_ended(backup.describes_left);
            out.key("BackupDescription").begin_object().key("BackupDetails").begin_object();
            out.key("BackupArn").string(arn).key("BackupStatus");
            out.string(is_made ? "AVAILABLE" : "CREATING").end_object().end_object();
            return;
        }
    }
    refuse("BackupNotFoundException", "Backup not found: " + arn);
}

void list_backups(Store& store, Request& request, Writer& out) {
    std::string table = text(request.body, "TableName");
    out.key("BackupSummaries").begin_array();
    for (const Backup& backup : store.backups) {
        if (table.empty() || backup.table == table) {
            out.begin_object().key("BackupName").string(backup.name);
            out.key("BackupArn").string(backup.arn).end_object();
        }
    }
    out.end_array();
}

void tag(Store& store, Request& request, Writer&) {
    Table& table = tagged_table(store, request);
    for (const Value& element : required(request.body, "Tags").elements()) {
        table.tags[text(element, "Key")] = text(element, "Value");
    }
}

void untag(Store& store, Request& request, Writer&) {
    Table& table = tagged_table(store, request);
    for (const Value& key : required(request.body, "TagKeys").elements()) {
        table.tags.erase(key.text());
    }
}

void list_tags(Store& store, Request& request, Writer& out) {
    out.key("Tags").begin_array();
    for (const auto& [key, value] : tagged_table(store, request).tags) {
        out.begin_object().key("Key").string(key).key("Value").string(value).end_object();
    }
    out.end_array();
}

}  // namespace dynamigrate::expressions::memory
