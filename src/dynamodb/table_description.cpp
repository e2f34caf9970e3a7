#include <dynamigrate/dynamodb/table.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/json/members.hpp>

#include "answer_document.hpp"

#include <algorithm>
#include <charconv>

namespace dynamigrate::dynamodb {

namespace {

[[noreturn]] void fail(const std::string& reason) {
    throw base::Error(base::ErrorKind::corrupted, "a table's description: " + reason);
}

double number_of(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    double number = 0;
    if (value != nullptr && value->is_number()) {
        const std::string& text = value->text();
        std::from_chars(text.data(), text.data() + text.size(), number);
    }
    return number;
}

std::int64_t integer_of(const json::Value& object, std::string_view name) {
    return static_cast<std::int64_t>(number_of(object, name));
}

bool flag_of(const json::Value& object, std::string_view name) {
    const json::Value* value = object.find(name);
    return value != nullptr && value->is_boolean() && value->as_boolean();
}

const json::Value::Array& array_of(const json::Value& object, std::string_view name) {
    static const json::Value::Array kNone;
    const json::Value* value = object.find(name);
    return value != nullptr && value->is_array() ? value->elements() : kNone;
}

const json::Value& object_of(const json::Value& object, std::string_view name) {
    static const json::Value kNone;
    const json::Value* value = object.find(name);
    return value != nullptr ? *value : kNone;
}

AttributeType key_type(const std::string& name) {
    if (name == "S") {
        return AttributeType::string;
    }
    if (name == "N") {
        return AttributeType::number;
    }
    if (name == "B") {
        return AttributeType::binary;
    }
    fail("\"" + name + "\" is no type of a key attribute");
}

std::vector<KeyAttribute> read_definitions(const json::Value& table) {
    std::vector<KeyAttribute> definitions;
    for (const json::Value& element : array_of(table, "AttributeDefinitions")) {
        definitions.push_back({json::text_of(element, "AttributeName"),
                               key_type(json::text_of(element, "AttributeType"))});
    }
    return definitions;
}

/// `is_going`: DynamoDB Local takes the definitions away before the index that they belong to.
KeySchema read_key(const json::Value& holder, const std::vector<KeyAttribute>& definitions,
                   bool is_going = false) {
    KeySchema key;
    for (const json::Value& element : array_of(holder, "KeySchema")) {
        std::string name = json::text_of(element, "AttributeName");
        auto found = std::find_if(definitions.begin(), definitions.end(),
                                  [&](const KeyAttribute& known) { return known.name == name; });
        if (found == definitions.end() && !is_going) {
            fail("the key attribute \"" + name + "\" is not among AttributeDefinitions");
        }
        KeyAttribute attribute =
            found == definitions.end() ? KeyAttribute{name, AttributeType::string} : *found;
        if (json::text_of(element, "KeyType") == "HASH") {
            key.hash = attribute;
        } else {
            key.sort = attribute;
        }
    }
    return key;
}

Throughput read_throughput(const json::Value& object, std::string_view read,
                           std::string_view write) {
    return {number_of(object, read), number_of(object, write)};
}

std::optional<Throughput> read_optional_throughput(const json::Value& table, std::string_view name,
                                                   std::string_view read, std::string_view write) {
    const json::Value* object = table.find(name);
    if (object == nullptr || !object->is_object()) {
        return std::nullopt;
    }
    return read_throughput(*object, read, write);
}

ProjectionType projection_type(const std::string& name) {
    return name == "KEYS_ONLY" ? ProjectionType::keys_only
           : name == "INCLUDE" ? ProjectionType::include
                               : ProjectionType::all;
}

IndexDescription read_index(const json::Value& object, const std::vector<KeyAttribute>& definitions,
                            bool is_local) {
    IndexDescription index;
    index.name = json::text_of(object, "IndexName");
    index.status = json::text_of(object, "IndexStatus");
    index.key = read_key(object, definitions, index.status == "DELETING");
    const json::Value& projection = object_of(object, "Projection");
    index.projection = projection_type(json::text_of(projection, "ProjectionType"));
    for (const json::Value& name : array_of(projection, "NonKeyAttributes")) {
        index.non_key_attributes.push_back(name.text());
    }
    index.is_backfilling = flag_of(object, "Backfilling");
    index.is_local = is_local;
    index.provisioned = read_throughput(object_of(object, "ProvisionedThroughput"),
                                        "ReadCapacityUnits", "WriteCapacityUnits");
    index.item_count = integer_of(object, "ItemCount");
    return index;
}

void read_capacity(const json::Value& table, TableDescription& description) {
    description.is_on_demand =
        json::text_of(object_of(table, "BillingModeSummary"), "BillingMode") == "PAY_PER_REQUEST";
    description.provisioned = read_throughput(object_of(table, "ProvisionedThroughput"),
                                              "ReadCapacityUnits", "WriteCapacityUnits");
    description.warm = read_optional_throughput(table, "WarmThroughput", "ReadUnitsPerSecond",
                                                "WriteUnitsPerSecond");
    description.on_demand_maximum = read_optional_throughput(
        table, "OnDemandThroughput", "MaxReadRequestUnits", "MaxWriteRequestUnits");
}

void read_indexes(const json::Value& table, TableDescription& description) {
    for (const json::Value& object : array_of(table, "GlobalSecondaryIndexes")) {
        description.indexes.push_back(read_index(object, description.attribute_definitions, false));
    }
    for (const json::Value& object : array_of(table, "LocalSecondaryIndexes")) {
        description.indexes.push_back(read_index(object, description.attribute_definitions, true));
    }
}

const json::Value& table_member(const json::Value& document) {
    for (std::string_view name : {"Table", "TableDescription"}) {
        const json::Value* table = document.find(name);
        if (table != nullptr && table->is_object()) {
            return *table;
        }
    }
    fail("the answer has neither Table nor TableDescription");
}

}  // namespace

TableDescription parse_table_description(std::string_view body) {
    json::Value document = parse_answer(body, "a table's description");
    const json::Value& table = table_member(document);
    TableDescription description;
    description.name = json::text_of(table, "TableName");
    if (description.name.empty()) {
        fail("it has no TableName");
    }
    description.status = json::text_of(table, "TableStatus");
    description.arn = json::text_of(table, "TableArn");
    description.attribute_definitions = read_definitions(table);
    description.key = read_key(table, description.attribute_definitions);
    read_capacity(table, description);
    read_indexes(table, description);
    description.item_count = integer_of(table, "ItemCount");
    description.size_bytes = integer_of(table, "TableSizeBytes");
    description.has_deletion_protection = flag_of(table, "DeletionProtectionEnabled");
    description.has_stream = flag_of(object_of(table, "StreamSpecification"), "StreamEnabled");
    for (const json::Value& replica : array_of(table, "Replicas")) {
        description.replicas.push_back(json::text_of(replica, "RegionName"));
    }
    description.raw = json::to_json(table);
    return description;
}

}  // namespace dynamigrate::dynamodb
