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

void check_new_table(object body) {
    Constraints constraints;
    Shape request(constraints, body);
    request.required_list("AttributeDefinitions");
    check_attribute_definitions(request);
    check_key_schema(request);
    request.for_each("LocalSecondaryIndexes", check_index);
    request.for_each("GlobalSecondaryIndexes", check_index);
    check_settings(request);
    check_tags(request);
    constraints.check();
}

void read_billing(object body, Table& table) {
    std::optional<Throughput> throughput = read_throughput(body);
    table.is_on_demand = text_or(body, "BillingMode", "PROVISIONED") == "PAY_PER_REQUEST";
    if (table.is_on_demand && throughput) {
        refuse_validation(
            "One or more parameter values were invalid: Neither ReadCapacityUnits nor "
            "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST");
    }
    if (!table.is_on_demand && !throughput) {
        refuse_validation(
            "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits "
            "must both be specified when BillingMode is PROVISIONED");
    }
    table.throughput = throughput.value_or(Throughput{});
}

void read_table_key(object body, Table& table) {
    table.definitions = read_definitions(body);
    if (list(body, "KeySchema")->size() > table.definitions.size()) {
        refuse_validation("Invalid KeySchema: Some index key attribute have no definition");
    }
    table.key = read_key(body, table.definitions);
}

void read_indexes(object body, std::string_view member, bool is_local, Table& table) {
    std::optional<array> indexes = list(body, member);
    if (!indexes) {
        return;
    }
    if (indexes->size() == 0) {
        refuse_validation("One or more parameter values were invalid: List of " +
                          std::string(member) + " is empty");
    }
    if (is_local && !table.key.sort) {
        refuse_validation(
            "One or more parameter values were invalid: Table KeySchema does not have a range "
            "key, which is required when specifying a LocalSecondaryIndex");
    }
    for (element definition : *indexes) {
        table.indexes.push_back(read_index(as_object(definition), table, is_local));
        table.indexes.back().number = table.next_index++;
    }
}

Table new_table(Database& database, object body) {
    Table table;
    table.name = table_name(body);
    check_new_table(body);
    read_billing(body, table);
    read_table_key(body, table);
    read_indexes(body, "LocalSecondaryIndexes", true, table);
    read_indexes(body, "GlobalSecondaryIndexes", false, table);
    check_indexes(table);
    read_settings(database, body, table);
    read_tags(body, table.tags);
    return table;
}

}  // namespace

void create_table(Database& database, Request& request, Writer& out) {
    Table table = new_table(database, request.body);
    std::string name = table.name;
    database.transitions.settle_patiently(name);
    TablePointer made;
    {
        std::unique_lock changing(database.catalog.mutex());
        if (database.catalog.find(name) != nullptr) {
            refuse("ResourceInUseException", "Table already exists: " + name);
        }
        table.number = database.catalog.next_number();
        table.id = database.random.uuid();
        table.arn = table_arn(database, name);
        table.created = database.clock.now();
        table.status = Status::creating;
        table.settles = database.transitions.settles();
        if (table.is_on_demand) {
            table.billing_changed = table.created;
        }
        made = database.catalog.put(std::move(table));
    }
    database.transitions.begin(name);
    out.key("TableDescription");
    write_description(database, *made, out);
}

void describe_table(Database& database, Request& request, Writer& out) {
    TablePointer table = settled_table(database, table_name(request.body));
    out.key("Table");
    write_description(database, *table, out);
}

void delete_table(Database& database, Request& request, Writer& out) {
    std::string_view name = table_name(request.body);
    settled_table(database, name);
    TablePointer deleted;
    {
        std::unique_lock changing(database.catalog.mutex());
        TablePointer table = database.catalog.find(name);
        if (table == nullptr) {
            refuse_unknown_table(name);
        }
        require_active(*table);
        require_settled_indexes(*table);
        if (table->is_protected) {
            refuse_validation(
                "Resource cannot be deleted as it is currently protected against deletion. "
                "Disable deletion protection first.");
        }
        Table going = *table;
        going.status = Status::deleting;
        going.settles = database.transitions.settles();
        deleted = database.catalog.put(std::move(going));
    }
    database.transitions.begin(name);
    out.key("TableDescription");
    write_description(database, *deleted, out);
}

void list_tables(Database& database, Request& request, Writer& out) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    shape.number_range("Limit", 1, kMaxListed);
    shape.resource_name("ExclusiveStartTableName");
    constraints.check();
    auto limit = static_cast<std::size_t>(
        integer(request.body, "Limit").value_or(static_cast<std::int64_t>(kMaxListed)));
    std::string start(text_or(request.body, "ExclusiveStartTableName", ""));
    database.transitions.settle_all();
    std::vector<std::string> names = database.catalog.names();
    auto first = std::upper_bound(names.begin(), names.end(), start);
    auto count = std::min<std::size_t>(limit, static_cast<std::size_t>(names.end() - first));
    auto last = first + static_cast<std::ptrdiff_t>(count);
    out.key("TableNames").begin_array();
    for (auto name = first; name != last; ++name) {
        out.string(*name);
    }
    out.end_array();
    if (last != names.end()) {
        out.key("LastEvaluatedTableName").string(*(last - 1));
    }
}

}  // namespace dynamigrate::engine
