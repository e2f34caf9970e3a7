#include "item_parameters.hpp"
#include "legacy_parameters.hpp"
#include "operations.hpp"

#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

namespace dynamigrate::engine {

using dynamodb::Item;

namespace {

constexpr std::size_t kMaxKeys = 100;
constexpr std::uint64_t kMaxAnswerBytes = 16 * 1024 * 1024;

/// How items of a table are wanted.
struct Getting {
    TablePointer table;
    bool is_consistent = false;
    expressions::Projection projection;
};

Getting read_getting(Request& request, object from) {
    Getting getting;
    getting.is_consistent = boolean(from, "ConsistentRead").value_or(false);
    refuse_mixture(from, {"AttributesToGet"}, {"ProjectionExpression"});
    Expressions expressions(request, from, {"ProjectionExpression"});
    getting.projection =
        member(from, "AttributesToGet") ? legacy_projection(from) : expressions.projection();
    expressions.check_all_used();
    return getting;
}

/// Reads the row and counts it; false when there is none.
bool get(Database& database, Request& request, const Getting& getting, const Item& key,
         StoredRow& row) {
    row.size = {};
    bool is_there = database.rows.get(*getting.table, key, getting.is_consistent, row);
    request.usage.read(*getting.table, dynamodb::read_units(row.size, getting.is_consistent).value);
    return is_there;
}

void write_row(Request& request, const expressions::Projection& projection, const StoredRow& row,
               json::Writer& out) {
    if (projection.empty()) {
        out.raw(row.json);
        return;
    }
    out.separate();
    dynamodb::write_item(
        out, projection.apply(request.stored.item(row.json, request.arena), request.arena));
    out.value_written();
}

/// The part of a BatchGetItem that is about one table.
struct TableKeys {
    std::string_view name;
    object from;
    array elements;
    Getting getting;
    std::vector<Item> keys;
};

std::vector<TableKeys> read_parts(Request& request) {
    Constraints constraints;
    std::vector<TableKeys> parts;
    for (BatchPart& part : read_batch_parts(request.body, constraints)) {
        object from = as_object(part.content);
        auto keys = list(from, "Keys");
        if (!keys) {
            constraints.null("requestItems." + std::string(part.table) + ".member.keys");
            continue;
        }
        parts.push_back({part.table, from, *keys, {}, {}});
    }
    constraints.check();
    return parts;
}

void check_counts(const std::vector<TableKeys>& parts) {
    std::size_t count = 0;
    for (const TableKeys& part : parts) {
        count += part.elements.size();
        if (part.elements.size() == 0) {
            Constraints constraints;
            constraints.violated("{" + std::string(part.name) + "={keys=[]}}", "requestItems",
                                 "Map value must satisfy constraint: [Member must have length less "
                                 "than or equal to 100, Member must have length greater than or "
                                 "equal to 1]");
            constraints.check();
        }
    }
    if (count > kMaxKeys) {
        refuse_validation("Too many items requested for the BatchGetItem call");
    }
}

void find_table(Database& database, TableKeys& part) {
    part.getting.table = table_for_items(database, part.name);
    check_scalar_keys(*part.getting.table, attributes_entered(part.getting.projection));
    std::vector<PlacedItem> items;
    for (const Item& key : part.keys) {
        check_key(*part.getting.table, key);
        items.emplace_back(part.getting.table.get(), &key);
    }
    require_distinct(items, "Provided list of item keys contains duplicates");
}

/// The keys from the first one that did not fit, with the options of their table.
void write_unprocessed(const TableKeys& part, std::size_t first, json::Writer& out) {
    out.key(part.name).begin_object().key("Keys").begin_array();
    for (std::size_t i = first; i < part.elements.size(); ++i) {
        out.raw(simdjson::minify(part.elements.at(i).value()));
    }
    out.end_array();
    for (auto [name, value] : part.from) {
        if (name != "Keys" && !value.is_null()) {
            out.key(name).raw(simdjson::minify(value));
        }
    }
    out.end_object();
}

/// Writes the table's items until `bytes` are too many; returns how many keys were processed.
std::size_t write_items(Database& database, Request& request, const TableKeys& part,
                        std::uint64_t& bytes, json::Writer& out) {
    StoredRow row;
    database.rows.expect(*part.getting.table, part.keys, part.getting.is_consistent);
    for (std::size_t i = 0; i < part.keys.size(); ++i) {
        if (bytes >= kMaxAnswerBytes) {
            return i;
        }
        if (get(database, request, part.getting, part.keys[i], row)) {
            bytes += row.size.value;
            write_row(request, part.getting.projection, row, out);
        }
    }
    return part.keys.size();
}

}  // namespace

void get_item(Database& database, Request& request, json::Writer& out) {
    Constraints constraints;
    Shape shape(constraints, request.body);
    std::string_view table = table_of(shape);
    shape.required_inside("Key");
    constraints.check();
    Getting getting = read_getting(request, request.body);
    Item key = request.values.item(*member(request.body, "Key"));
    getting.table = table_for_items(database, table);
    check_scalar_keys(*getting.table, attributes_entered(getting.projection));
    check_key(*getting.table, key);
    StoredRow row;
    if (get(database, request, getting, key, row)) {
        out.key("Item");
        write_row(request, getting.projection, row, out);
    }
}

void batch_get_item(Database& database, Request& request, json::Writer& out) {
    std::vector<TableKeys> parts = read_parts(request);
    check_counts(parts);
    for (TableKeys& part : parts) {
        part.getting = read_getting(request, part.from);
        for (element key : part.elements) {
            part.keys.push_back(request.values.item(key));
        }
    }
    for (TableKeys& part : parts) {
        find_table(database, part);
    }
    std::uint64_t bytes = 0;
    std::vector<std::size_t> processed;
    out.key("Responses").begin_object();
    for (const TableKeys& part : parts) {
        out.key(part.name).begin_array();
        processed.push_back(write_items(database, request, part, bytes, out));
        out.end_array();
    }
    out.end_object();
    out.key("UnprocessedKeys").begin_object();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (processed[i] < parts[i].keys.size()) {
            write_unprocessed(parts[i], processed[i], out);
        }
    }
    out.end_object();
}

}  // namespace dynamigrate::engine
