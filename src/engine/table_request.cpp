#include "table_request.hpp"

#include "transitions.hpp"

#include <algorithm>
#include <set>

namespace dynamigrate::engine {

using dynamodb::AttributeType;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;
using dynamodb::ProjectionType;
using dynamodb::Throughput;

namespace {

constexpr std::string_view kInvalid = "One or more parameter values were invalid: ";
constexpr std::size_t kMaxLocalIndexes = 5;
constexpr std::size_t kMaxGlobalIndexes = 20;
constexpr std::size_t kMaxProjectedAttributes = 100;
constexpr std::size_t kMaxTags = 50;

[[noreturn]] void refuse_invalid(const std::string& reason) {
    refuse_validation(std::string(kInvalid) + reason);
}

AttributeType key_type(std::string_view name) {
    return name == "N"   ? AttributeType::number
           : name == "B" ? AttributeType::binary
                         : AttributeType::string;
}

std::string joined(const std::vector<std::string_view>& names) {
    std::string text;
    for (std::string_view name : names) {
        text.append(text.empty() ? "" : ", ").append(name);
    }
    return text;
}

const KeyAttribute* defined(std::span<const KeyAttribute> definitions, std::string_view name) {
    auto found = std::find_if(definitions.begin(), definitions.end(),
                              [&](const KeyAttribute& known) { return known.name == name; });
    return found == definitions.end() ? nullptr : &*found;
}

ProjectionType projection_type(object projection) {
    std::optional<std::string_view> type = text(projection, "ProjectionType");
    if (!type) {
        refuse_invalid("Unknown ProjectionType: null");
    }
    bool has_names = list(projection, "NonKeyAttributes").has_value();
    if (*type != "INCLUDE" && has_names) {
        refuse_invalid("ProjectionType is " + std::string(*type) +
                       ", but NonKeyAttributes is specified");
    }
    if (*type == "INCLUDE" && !has_names) {
        refuse_invalid("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    }
    return *type == "ALL"         ? ProjectionType::all
           : *type == "KEYS_ONLY" ? ProjectionType::keys_only
                                  : ProjectionType::include;
}

void read_projection(object from, Index& index) {
    object projection = structure(from, "Projection").value();
    index.projection = projection_type(projection);
    for (element name : elements(projection, "NonKeyAttributes")) {
        std::string attribute(as_text(name));
        if (std::ranges::find(index.non_key_attributes, attribute) !=
            index.non_key_attributes.end()) {
            refuse_invalid("Cannot have two attributes with the same name");
        }
        index.non_key_attributes.push_back(std::move(attribute));
    }
}

void check_local_key(const Table& table, const Index& index) {
    if (!index.key.sort) {
        refuse_invalid("Index KeySchema does not have a range key for index: " + index.name);
    }
    if (index.key.hash.name != table.key.hash.name) {
        refuse_invalid(
            "Index KeySchema does not have the same leading hash key as table KeySchema for "
            "index: " +
            index.name + ". index hash key: " + index.key.hash.name +
            ", table hash key: " + table.key.hash.name);
    }
}

void read_index_throughput(object from, const Table& table, Index& index) {
    std::optional<Throughput> throughput = read_throughput(from);
    if (table.is_on_demand && throughput) {
        refuse_invalid("ProvisionedThroughput should not be specified for index: " + index.name +
                       " when BillingMode is PAY_PER_REQUEST");
    }
    if (!table.is_on_demand && !throughput) {
        refuse_invalid("ProvisionedThroughput is not specified for index: " + index.name);
    }
    index.throughput = throughput.value_or(Throughput{});
    index.on_demand_maximum = read_on_demand_maximum(from, {});
}

void read_stream(Database& database, object specification, Table& table) {
    bool is_enabled = boolean(specification, "StreamEnabled").value_or(false);
    std::string_view view = text_or(specification, "StreamViewType", "");
    if (is_enabled && view.empty()) {
        refuse_invalid("StreamViewType must be specified when StreamEnabled is true");
    }
    if (!is_enabled && !view.empty()) {
        refuse_invalid("StreamViewType must not be specified when StreamEnabled is false");
    }
    if (is_enabled && !table.stream_view.empty()) {
        refuse_validation("Table already has an enabled stream: TableName: " + table.name);
    }
    if (!is_enabled && table.stream_view.empty() && !table.arn.empty()) {
        refuse_validation("Table has no stream to disable: TableName: " + table.name);
    }
    table.stream_view = view;
    if (is_enabled) {
        std::string label = base::to_iso8601(database.clock.now());
        label.pop_back();
        table.stream_label = label;
    }
}

std::string sse_description(const Database& database, object specification) {
    if (!boolean(specification, "Enabled").value_or(false)) {
        return "";
    }
    std::string key(text_or(specification, "KMSMasterKeyId", "alias/aws/dynamodb"));
    if (!key.starts_with("arn:")) {
        key.insert(0, "arn:aws:kms:" + database.region + ":" + std::string(kAccount) +
                          (key.starts_with("alias/") ? ":" : ":key/"));
    }
    std::string description;
    json::Writer out(description);
    out.begin_object().key("Status").string("ENABLED").key("SSEType").string("KMS");
    out.key("KMSMasterKeyArn").string(key).end_object();
    return description;
}

void read_warm_throughput(object wish, Table& table) {
    table.warm = {static_cast<double>(integer(wish, "ReadUnitsPerSecond").value_or(0)),
                  static_cast<double>(integer(wish, "WriteUnitsPerSecond").value_or(0))};
}

void check_names(const Table& table) {
    std::set<std::string_view> names;
    for (const Index& index : table.indexes) {
        if (!names.insert(index.name).second) {
            refuse_invalid("Duplicate index name: " + index.name);
        }
    }
}

void check_number(const Table& table) {
    auto locals =
        static_cast<std::size_t>(std::count_if(table.indexes.begin(), table.indexes.end(),
                                               [](const Index& index) { return index.is_local; }));
    if (locals > kMaxLocalIndexes) {
        refuse_invalid("Number of LocalSecondaryIndexes exceeds per-table limit of 5");
    }
    if (table.indexes.size() - locals > kMaxGlobalIndexes) {
        refuse_invalid("GlobalSecondaryIndex count exceeds the per-table limit of 20");
    }
}

void check_projected_attributes(const Table& table) {
    std::size_t count = 0;
    for (const Index& index : table.indexes) {
        count += index.non_key_attributes.size();
    }
    if (count > kMaxProjectedAttributes) {
        refuse_invalid(
            "The total number of NonKeyAttributes of all secondary indexes exceeds the per-table "
            "limit of 100");
    }
}

void check_definitions_used(const Table& table) {
    std::vector<std::string_view> used;
    for (const KeyAttribute& attribute : table.definitions) {
        bool is_used =
            table.key.contains(attribute.name) ||
            std::any_of(table.indexes.begin(), table.indexes.end(),
                        [&](const Index& index) { return index.key.contains(attribute.name); });
        if (is_used) {
            used.push_back(attribute.name);
        }
    }
    if (used.size() == table.definitions.size()) {
        return;
    }
    if (table.indexes.empty()) {
        refuse_invalid(
            "Number of attributes in KeySchema does not exactly match number of attributes "
            "defined in AttributeDefinitions");
    }
    refuse_invalid("Some AttributeDefinitions are not used. AttributeDefinitions: [" +
                   names_of(table.definitions) + "], keys used: [" + joined(used) + "]");
}

}  // namespace

std::string table_arn(const Database& database, std::string_view name) {
    return "arn:aws:dynamodb:" + database.region + ":" + std::string(kAccount) + ":table/" +
           std::string(name);
}

std::string_view table_name(object body, std::string_view member) {
    std::optional<std::string_view> given = text(body, member);
    if (!given) {
        refuse_validation("The parameter '" + std::string(member) +
                          "' is required but was not present in the request");
    }
    constexpr std::string_view kTable = ":table/";
    std::size_t table = given->find(kTable);
    if (given->starts_with("arn:") && table != std::string_view::npos) {
        given->remove_prefix(table + kTable.size());
    }
    if (given->size() < 3 || given->size() > 255) {
        refuse_validation(std::string(member) +
                          " must be at least 3 characters long and at most 255 characters long");
    }
    if (!is_resource_name(*given)) {
        Constraints constraints;
        Shape(constraints, body).resource_name(member);
        constraints.check();
    }
    return *given;
}

void refuse_unknown_table(std::string_view name) {
    refuse("ResourceNotFoundException",
           "Requested resource not found: Table: " + std::string(name) + " not found");
}

TablePointer settled_table(Database& database, std::string_view name) {
    database.transitions.settle_patiently(name);
    TablePointer table = database.catalog.find(name);
    if (table == nullptr) {
        refuse_unknown_table(name);
    }
    return table;
}

void require_active(const Table& table) {
    if (table.status != Status::active) {
        std::string_view doing = table.status == Status::creating   ? "created"
                                 : table.status == Status::deleting ? "deleted"
                                                                    : "updated";
        refuse("ResourceInUseException",
               "Attempt to change a resource which is still in use: Table is being " +
                   std::string(doing) + ": " + table.name);
    }
}

void require_settled_indexes(const Table& table) {
    for (const Index& index : table.indexes) {
        if (index.status != Status::active) {
            std::string_view doing = index.status == Status::creating   ? "created"
                                     : index.status == Status::deleting ? "deleted"
                                                                        : "updated";
            refuse("ResourceInUseException",
                   "Attempt to change a resource which is still in use: Index is being " +
                       std::string(doing) + ": " + index.name);
        }
    }
}

std::string names_of(std::span<const KeyAttribute> attributes) {
    std::vector<std::string_view> names;
    for (const KeyAttribute& attribute : attributes) {
        names.push_back(attribute.name);
    }
    return joined(names);
}

std::vector<KeyAttribute> read_definitions(object body) {
    std::vector<KeyAttribute> definitions;
    for (element member : elements(body, "AttributeDefinitions")) {
        object definition = as_object(member);
        std::string_view name = text(definition, "AttributeName").value();
        if (defined(definitions, name) != nullptr) {
            refuse_validation("Cannot have two attributes with the same name");
        }
        definitions.push_back(
            {std::string(name), key_type(text(definition, "AttributeType").value())});
    }
    return definitions;
}

KeySchema read_key(object from, std::span<const KeyAttribute> definitions) {
    std::vector<std::string_view> names, types;
    for (element member : elements(from, "KeySchema")) {
        names.push_back(text(as_object(member), "AttributeName").value());
        types.push_back(text(as_object(member), "KeyType").value());
    }
    bool are_defined = std::all_of(names.begin(), names.end(), [&](std::string_view name) {
        return defined(definitions, name) != nullptr;
    });
    if (!are_defined) {
        refuse_invalid(
            "Some index key attributes are not defined in AttributeDefinitions. Keys: [" +
            joined(names) + "], AttributeDefinitions: [" + names_of(definitions) + "]");
    }
    if (names.size() > 1 && names[0] == names[1]) {
        refuse_validation(
            "Both the Hash Key and the Range Key element in the KeySchema have the same name");
    }
    if (types[0] != "HASH") {
        refuse_validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    }
    KeySchema key{*defined(definitions, names[0]), std::nullopt};
    if (names.size() > 1) {
        if (types[1] != "RANGE") {
            refuse_validation(
                "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
        }
        key.sort = *defined(definitions, names[1]);
    }
    return key;
}

Index read_index(object from, const Table& table, bool is_local) {
    Index index;
    index.name = text(from, "IndexName").value();
    index.is_local = is_local;
    index.key = read_key(from, table.definitions);
    if (is_local) {
        check_local_key(table, index);
    }
    read_projection(from, index);
    if (!is_local) {
        read_index_throughput(from, table, index);
    }
    return index;
}

std::optional<Throughput> read_throughput(object from) {
    std::optional<object> throughput = structure(from, "ProvisionedThroughput");
    if (!throughput) {
        return std::nullopt;
    }
    auto units = [&](std::string_view name) {
        std::int64_t value = integer(*throughput, name).value();
        if (value > 1'000'000'000'000) {
            refuse_validation("Given value " + std::to_string(value) + " for " + std::string(name) +
                              " is out of bounds");
        }
        return static_cast<double>(value);
    };
    return Throughput{units("ReadCapacityUnits"), units("WriteCapacityUnits")};
}

Throughput read_on_demand_maximum(object from, Throughput current) {
    std::optional<object> maximum = structure(from, "OnDemandThroughput");
    if (!maximum) {
        return current;
    }
    auto read = [&](std::string_view name, double& units) {
        if (std::optional<std::int64_t> value = integer(*maximum, name)) {
            if (*value == 0 || *value < -1) {
                refuse_invalid(std::string(name) +
                               " must be -1, for no maximum, or greater than or equal to 1");
            }
            units = *value == -1 ? 0 : static_cast<double>(*value);
        }
    };
    read("MaxReadRequestUnits", current.read);
    read("MaxWriteRequestUnits", current.write);
    return current;
}

void read_settings(Database& database, object body, Table& table) {
    if (std::optional<object> stream = structure(body, "StreamSpecification")) {
        read_stream(database, *stream, table);
    }
    if (std::optional<object> sse = structure(body, "SSESpecification")) {
        table.sse = sse_description(database, *sse);
    }
    if (structure(body, "OnDemandThroughput") && !table.is_on_demand) {
        refuse_invalid(
            "OnDemandThroughput can only be specified when BillingMode is PAY_PER_REQUEST");
    }
    table.on_demand_maximum = read_on_demand_maximum(body, table.on_demand_maximum);
    if (std::optional<object> warm = structure(body, "WarmThroughput")) {
        read_warm_throughput(*warm, table);
    }
    table.table_class = text_or(body, "TableClass", table.table_class);
    table.is_protected = boolean(body, "DeletionProtectionEnabled").value_or(table.is_protected);
}

void read_tags(object body, std::map<std::string, std::string>& tags) {
    std::set<std::string_view> seen;
    for (element member : elements(body, "Tags")) {
        object tag = as_object(member);
        std::string_view key = text(tag, "Key").value();
        if (!seen.insert(key).second) {
            refuse_invalid("Duplicate tag key: " + std::string(key));
        }
        if (key.starts_with("aws:")) {
            refuse_invalid("Tag keys that begin with aws: are reserved. Key: " + std::string(key));
        }
        tags.insert_or_assign(std::string(key), std::string(text(tag, "Value").value()));
    }
    if (tags.size() > kMaxTags) {
        refuse_invalid("Too many tags: a table can have at most 50");
    }
}

void check_indexes(const Table& table) {
    check_names(table);
    check_number(table);
    check_projected_attributes(table);
    check_definitions_used(table);
}

}  // namespace dynamigrate::engine
