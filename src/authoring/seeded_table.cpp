#include "seeded_table.hpp"

#include "fields.hpp"

#include <map>

namespace dynamigrate::authoring {

namespace {

using json::Value;

/// Types by attribute, as AttributeDefinitions has them.
using Types = std::map<std::string, std::string>;

Types types_of(const Value& definitions, const std::string& file) {
    Types types;
    for (const Value& definition : definitions.elements()) {
        Fields fields(definition, file, "an attribute definition");
        const std::string name = fields.required_text("AttributeName");
        types[name] = fields.required_text("AttributeType");
        fields.finish();
    }
    return types;
}

/// Sets `hash` and `sort` as our create_table and its indexes have them.
void add_key(Value& into, const Value& schema, const Types& types, const std::string& file) {
    for (const Value& element : schema.elements()) {
        Fields fields(element, file, "an element of KeySchema");
        const std::string name = fields.required_text("AttributeName");
        const std::string kind = fields.required_text("KeyType");
        fields.finish();
        const auto type = types.find(name);
        if (type == types.end()) {
            json::fail(file, element, "AttributeDefinitions does not have " + name);
        }
        Value key = Value::object();
        key.set("name", Value::string(name));
        key.set("type", Value::string(type->second));
        into.set(kind == "HASH" ? "hash" : "sort", std::move(key));
    }
}

/// Renames what means the same here and there.
void take(Fields& fields, std::string_view theirs, Value& into, const char* ours) {
    if (const Value* value = fields.find(theirs)) {
        into.set(ours, *value);
    }
}

void add_billing(Fields& fields, Value& into) {
    const Value* throughput = fields.find("ProvisionedThroughput");
    if (throughput == nullptr || fields.text_or("BillingMode", "") == "PAY_PER_REQUEST") {
        return;
    }
    Fields units(*throughput, fields.file(), "ProvisionedThroughput");
    Value billing = Value::object();
    billing.set("read", units.required("ReadCapacityUnits"));
    billing.set("write", units.required("WriteCapacityUnits"));
    units.finish();
    into.set("billing", std::move(billing));
}

void add_projection(Fields& fields, Value& into) {
    const Value* value = fields.find("Projection");
    if (value == nullptr) {
        return;
    }
    Fields projection(*value, fields.file(), "Projection");
    const std::string type = projection.text_or("ProjectionType", "ALL");
    const Value* attributes = projection.find("NonKeyAttributes");
    projection.finish();
    if (attributes != nullptr) {
        into.set("projection", *attributes);
    } else {
        into.set("projection", Value::string(type == "KEYS_ONLY" ? "keys_only" : "all"));
    }
}

Value indexes_of(const Value& list, const Types& types, const std::string& file) {
    Value::Array indexes;
    for (const Value& element : list.elements()) {
        Fields fields(element, file, "an index");
        Value index = Value::object();
        index.line = element.line;
        index.column = element.column;
        index.set("name", Value::string(fields.required_text("IndexName")));
        add_key(index, fields.required("KeySchema"), types, file);
        add_projection(fields, index);
        add_billing(fields, index);
        fields.finish();
        indexes.push_back(std::move(index));
    }
    return Value::array(std::move(indexes));
}

void add_stream(Fields& fields, Value& into) {
    const Value* value = fields.find("StreamSpecification");
    if (value == nullptr) {
        return;
    }
    Fields stream(*value, fields.file(), "StreamSpecification");
    if (stream.boolean("StreamEnabled").value_or(true)) {
        into.set("stream", Value::string(stream.text_or("StreamViewType", "")));
    }
    stream.find("StreamViewType");
    stream.finish();
}

Value create_table(const Value& parameters, const std::string& file) {
    Fields fields(parameters, file, "Table");
    Value table = Value::object();
    table.line = parameters.line;
    table.column = parameters.column;
    table.set("name", fields.required("TableName"));
    const Types types = types_of(fields.required("AttributeDefinitions"), file);
    add_key(table, fields.required("KeySchema"), types, file);
    add_billing(fields, table);
    fields.find("BillingMode");
    add_stream(fields, table);
    take(fields, "TableClass", table, "class");
    take(fields, "DeletionProtectionEnabled", table, "deletion_protection");
    if (const Value* indexes = fields.find("GlobalSecondaryIndexes")) {
        table.set("indexes", indexes_of(*indexes, types, file));
    }
    if (const Value* indexes = fields.find("LocalSecondaryIndexes")) {
        table.set("local_indexes", indexes_of(*indexes, types, file));
    }
    fields.finish();
    return table;
}

Value step(const char* kind, Value parameters) {
    Value step = Value::object();
    step.line = parameters.line;
    step.column = parameters.column;
    step.set(kind, std::move(parameters));
    return step;
}

}  // namespace

bool is_seeded_table(const Value& tree) {
    const Value* table = tree.find("Table");
    return tree.find("up") == nullptr && table != nullptr && table->find("TableName") != nullptr &&
           table->find("KeySchema") != nullptr;
}

Value migration_of_seeded_table(const Value& tree, const std::string& file) {
    Fields fields(tree, file, "a migration of dynamodb-migrations");
    const Value& table = fields.required("Table");
    const Value* seeds = fields.find("Seeds");
    fields.finish();
    Value::Array steps{step("create_table", create_table(table, file))};
    if (seeds != nullptr && seeds->is_array() && !seeds->elements().empty()) {
        Value put = Value::object();
        put.line = seeds->line;
        put.column = seeds->column;
        put.set("table", *table.find("TableName"));
        put.set("items", *seeds);
        put.set("if_exists", Value::string("replace"));
        steps.push_back(step("put", std::move(put)));
    }
    Value migration = Value::object();
    migration.set("up", Value::array(std::move(steps)));
    migration.set("down", Value::string("auto"));
    return migration;
}

}  // namespace dynamigrate::authoring
