#include "table_requests.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using dynamodb::IndexDescription;
using dynamodb::ProjectionType;
using dynamodb::TableDescription;
using dynamodb::Throughput;
using json::Writer;

void write_units(Writer& out, std::string_view name, std::string_view read, std::string_view write,
                 const Throughput& throughput) {
    out.key(name).begin_object();
    out.key(read).number(static_cast<std::int64_t>(throughput.read));
    out.key(write).number(static_cast<std::int64_t>(throughput.write)).end_object();
}

void write_throughput(Writer& out, const Throughput& throughput) {
    write_units(out, "ProvisionedThroughput", "ReadCapacityUnits", "WriteCapacityUnits",
                throughput);
}

void write_billing(Writer& out, const Billing& billing) {
    out.key("BillingMode").string(billing.provisioned ? "PROVISIONED" : "PAY_PER_REQUEST");
    if (billing.provisioned) {
        write_throughput(out, *billing.provisioned);
    }
}

void write_key(Writer& out, const KeyAttribute& hash, const std::optional<KeyAttribute>& sort) {
    auto element = [&](const KeyAttribute& attribute, std::string_view role) {
        out.begin_object().key("AttributeName").string(attribute.name);
        out.key("KeyType").string(role).end_object();
    };
    out.key("KeySchema").begin_array();
    element(hash, "HASH");
    if (sort) {
        element(*sort, "RANGE");
    }
    out.end_array();
}

void add_once(std::vector<KeyAttribute>& attributes, const KeyAttribute& attribute) {
    if (std::find(attributes.begin(), attributes.end(), attribute) == attributes.end()) {
        attributes.push_back(attribute);
    }
}

void add_key(std::vector<KeyAttribute>& attributes, const KeyAttribute& hash,
             const std::optional<KeyAttribute>& sort) {
    add_once(attributes, hash);
    if (sort) {
        add_once(attributes, *sort);
    }
}

void write_definitions(Writer& out, const std::vector<KeyAttribute>& attributes) {
    out.key("AttributeDefinitions").begin_array();
    for (const KeyAttribute& attribute : attributes) {
        out.begin_object().key("AttributeName").string(attribute.name);
        out.key("AttributeType").string(dynamodb::to_string(attribute.type)).end_object();
    }
    out.end_array();
}

std::string_view to_string(ProjectionType type) noexcept {
    switch (type) {
        case ProjectionType::keys_only:
            return "KEYS_ONLY";
        case ProjectionType::include:
            return "INCLUDE";
        case ProjectionType::all:
            break;
    }
    return "ALL";
}

/// The members of an index without the braces around.
void write_index(Writer& out, const IndexDefinition& index,
                 const std::optional<Throughput>& throughput) {
    out.key("IndexName").string(index.name);
    write_key(out, index.hash, index.sort);
    out.key("Projection").begin_object();
    out.key("ProjectionType").string(to_string(index.projection));
    if (index.projection == ProjectionType::include) {
        out.key("NonKeyAttributes").begin_array();
        for (const std::string& name : index.attributes) {
            out.string(name);
        }
        out.end_array();
    }
    out.end_object();
    if (throughput) {
        write_throughput(out, *throughput);
    } else if (index.maximum) {
        write_units(out, "OnDemandThroughput", "MaxReadRequestUnits", "MaxWriteRequestUnits",
                    *index.maximum);
    }
    if (index.warm) {
        write_units(out, "WarmThroughput", "ReadUnitsPerSecond", "WriteUnitsPerSecond",
                    *index.warm);
    }
}

void write_indexes(Writer& out, const CreateTable& definition) {
    if (!definition.indexes.empty()) {
        out.key("GlobalSecondaryIndexes").begin_array();
        for (const IndexDefinition& index : definition.indexes) {
            out.begin_object();
            write_index(out, index, index_throughput(index, definition.billing));
            out.end_object();
        }
        out.end_array();
    }
    if (!definition.local_indexes.empty()) {
        out.key("LocalSecondaryIndexes").begin_array();
        for (const IndexDefinition& index : definition.local_indexes) {
            out.begin_object();
            write_index(out, index, std::nullopt);
            out.end_object();
        }
        out.end_array();
    }
}

void write_stream(Writer& out, const std::string& view) {
    bool is_on = !view.empty() && view != "off";
    out.key("StreamSpecification").begin_object().key("StreamEnabled").boolean(is_on);
    if (is_on) {
        out.key("StreamViewType").string(view);
    }
    out.end_object();
}

void write_tags(Writer& out, const std::map<std::string, std::string>& tags) {
    out.key("Tags").begin_array();
    for (const auto& [name, value] : tags) {
        out.begin_object().key("Key").string(name).key("Value").string(value).end_object();
    }
    out.end_array();
}

std::string text_in(const TableDescription& table, std::string_view object, std::string_view name) {
    json::Value raw = json::parse_json(table.raw, "answer");
    const json::Value* outer = raw.find(object);
    const json::Value* value = outer == nullptr ? nullptr : outer->find(name);
    return value != nullptr && value->is_string() ? value->text() : std::string();
}

std::string to_string(const Billing& billing) {
    return billing.provisioned ? "provisioned" : "on demand";
}

bool same(const Billing& a, const Billing& b) {
    return a.provisioned.has_value() == b.provisioned.has_value() &&
           (!a.provisioned || (a.provisioned->read == b.provisioned->read &&
                               a.provisioned->write == b.provisioned->write));
}

void compare(std::vector<std::string>& found, std::string_view what, const std::string& wanted,
             const std::string& is) {
    if (wanted != is) {
        found.push_back(fmt::format("{} is {}, not {}", what, is, wanted));
    }
}

void compare_indexes(std::vector<std::string>& found, const CreateTable& wanted,
                     const TableDescription& table) {
    std::vector<std::string> expected;
    auto check = [&](const std::vector<IndexDefinition>& indexes) {
        for (const IndexDefinition& index : indexes) {
            expected.push_back(index.name);
            const IndexDescription* existing = table.index(index.name);
            if (existing == nullptr) {
                found.push_back(fmt::format("it has no index {}", index.name));
                continue;
            }
            for (const std::string& difference : differences(index, *existing)) {
                found.push_back(difference);
            }
        }
    };
    check(wanted.indexes);
    check(wanted.local_indexes);
    for (const IndexDescription& index : table.indexes) {
        if (std::find(expected.begin(), expected.end(), index.name) == expected.end()) {
            found.push_back(fmt::format("it has one more index, {}", index.name));
        }
    }
}

}  // namespace

std::string to_string(const KeyAttribute& hash, const std::optional<KeyAttribute>& sort) {
    std::string text = fmt::format("{} ({})", hash.name, dynamodb::to_string(hash.type));
    if (sort) {
        text += fmt::format(", {} ({})", sort->name, dynamodb::to_string(sort->type));
    }
    return text;
}

std::optional<Throughput> index_throughput(const IndexDefinition& index, const Billing& table) {
    if (!table.provisioned) {
        return std::nullopt;
    }
    return index.billing && index.billing->provisioned ? index.billing->provisioned
                                                       : table.provisioned;
}

Billing billing_of(const TableDescription& table) {
    Billing billing;
    if (!table.is_on_demand) {
        billing.provisioned = table.provisioned;
    }
    return billing;
}

std::string create_table_body(const CreateTable& definition, const std::string& table) {
    std::vector<KeyAttribute> attributes;
    add_key(attributes, definition.hash, definition.sort);
    for (const auto* indexes : {&definition.indexes, &definition.local_indexes}) {
        for (const IndexDefinition& index : *indexes) {
            add_key(attributes, index.hash, index.sort);
        }
    }
    std::string body;
    Writer out(body);
    out.begin_object().key("TableName").string(table);
    write_definitions(out, attributes);
    write_key(out, definition.hash, definition.sort);
    write_billing(out, definition.billing);
    write_indexes(out, definition);
    if (!definition.stream.empty()) {
        write_stream(out, definition.stream);
    }
    if (definition.deletion_protection) {
        out.key("DeletionProtectionEnabled").boolean(true);
    }
    if (!definition.table_class.empty()) {
        out.key("TableClass").string(definition.table_class);
    }
    if (!definition.tags.empty()) {
        write_tags(out, definition.tags);
    }
    out.end_object();
    return body;
}

std::string create_index_body(const IndexDefinition& index, const std::string& table,
                              const std::optional<Throughput>& throughput) {
    std::vector<KeyAttribute> attributes;
    add_key(attributes, index.hash, index.sort);
    std::string body;
    Writer out(body);
    out.begin_object().key("TableName").string(table);
    write_definitions(out, attributes);
    out.key("GlobalSecondaryIndexUpdates").begin_array().begin_object();
    out.key("Create").begin_object();
    write_index(out, index, throughput);
    out.end_object().end_object().end_array().end_object();
    return body;
}

std::string delete_index_body(const std::string& index, const std::string& table) {
    std::string body;
    Writer out(body);
    out.begin_object().key("TableName").string(table);
    out.key("GlobalSecondaryIndexUpdates").begin_array().begin_object();
    out.key("Delete").begin_object().key("IndexName").string(index).end_object();
    out.end_object().end_array().end_object();
    return body;
}

std::vector<std::string> differences(const IndexDefinition& wanted, const IndexDescription& index) {
    std::vector<std::string> found;
    compare(found, fmt::format("the key of index {}", wanted.name),
            to_string(wanted.hash, wanted.sort), to_string(index.key.hash, index.key.sort));
    auto projection = [](ProjectionType type, std::vector<std::string> names) {
        std::sort(names.begin(), names.end());
        return type == ProjectionType::include
                   ? fmt::format("{} ({})", to_string(type), fmt::join(names, ", "))
                   : std::string(to_string(type));
    };
    compare(found, fmt::format("the projection of index {}", wanted.name),
            projection(wanted.projection, wanted.attributes),
            projection(index.projection, index.non_key_attributes));
    return found;
}

std::vector<std::string> differences(const CreateTable& wanted, const TableDescription& table) {
    std::vector<std::string> found;
    compare(found, "its key", to_string(wanted.hash, wanted.sort),
            to_string(table.key.hash, table.key.sort));
    compare(found, "its billing", to_string(wanted.billing), to_string(billing_of(table)));
    std::string none = "none";
    std::string view = text_in(table, "StreamSpecification", "StreamViewType");
    compare(found, "its stream", wanted.stream.empty() ? none : wanted.stream,
            table.has_stream ? view : none);
    compare_indexes(found, wanted, table);
    return found;
}

namespace {

/// All indexes must be given their capacity when a table leaves on demand.
std::string billing_body(const Billing& billing, const TableDescription& table,
                         const std::string& name) {
    std::string body;
    Writer out(body);
    out.begin_object().key("TableName").string(name);
    write_billing(out, billing);
    auto is_global = [](const IndexDescription& index) { return !index.is_local; };
    if (billing.provisioned && table.is_on_demand &&
        std::any_of(table.indexes.begin(), table.indexes.end(), is_global)) {
        out.key("GlobalSecondaryIndexUpdates").begin_array();
        for (const IndexDescription& index : table.indexes) {
            if (is_global(index)) {
                out.begin_object().key("Update").begin_object();
                out.key("IndexName").string(index.name);
                write_throughput(out, *billing.provisioned);
                out.end_object().end_object();
            }
        }
        out.end_array();
    }
    out.end_object();
    return body;
}

template <class Write>
std::string table_body(const std::string& name, Write&& write) {
    std::string body;
    Writer out(body);
    out.begin_object().key("TableName").string(name);
    write(out);
    out.end_object();
    return body;
}

}  // namespace

std::vector<std::string> update_table_bodies(const UpdateTable& wanted,
                                             const TableDescription& table,
                                             const std::string& name) {
    std::vector<std::string> bodies;
    if (wanted.billing && !same(*wanted.billing, billing_of(table))) {
        bodies.push_back(billing_body(*wanted.billing, table, name));
    }
    if (wanted.stream) {
        std::string current =
            table.has_stream ? text_in(table, "StreamSpecification", "StreamViewType") : "off";
        if (current != *wanted.stream) {
            // A stream's view cannot be changed: it is switched off first.
            bool must_end_first = current != "off";
            bodies.push_back(table_body(name, [&](Writer& out) {
                write_stream(out, must_end_first ? "off" : *wanted.stream);
            }));
        }
    }
    if (wanted.deletion_protection &&
        *wanted.deletion_protection != table.has_deletion_protection) {
        bodies.push_back(table_body(name, [&](Writer& out) {
            out.key("DeletionProtectionEnabled").boolean(*wanted.deletion_protection);
        }));
    }
    if (!wanted.table_class.empty()) {
        std::string current = text_in(table, "TableClassSummary", "TableClass");
        if ((current.empty() ? "STANDARD" : current) != wanted.table_class) {
            bodies.push_back(table_body(
                name, [&](Writer& out) { out.key("TableClass").string(wanted.table_class); }));
        }
    }
    return bodies;
}

}  // namespace dynamigrate::migrate
