#include "item_parameters.hpp"
#include "operations.hpp"

namespace dynamigrate::engine {

namespace {

constexpr std::size_t kMaxWrites = 25;

/// The part of a BatchWriteItem that is about one table.
struct TableWrites {
    std::string_view name;
    array elements;
    std::size_t first = 0;  ///< of the table's among all writes
};

std::vector<TableWrites> read_parts(Request& request) {
    Constraints constraints;
    std::vector<TableWrites> parts;
    for (BatchPart& part : read_batch_parts(request.body, constraints)) {
        parts.push_back({part.table, as_array(part.content), 0});
        std::size_t size = parts.back().elements.size();
        if (size == 0 || size > kMaxWrites) {
            constraints.violated(
                "{" + std::string(part.table) + "=[" + std::to_string(size) + " requests]}",
                "requestItems",
                "Map value must satisfy constraint: [Member must have length less than or equal to "
                "25, Member must have length greater than or equal to 1]");
        }
    }
    constraints.check();
    return parts;
}

ItemWrite read_write(Request& request, object from) {
    auto put = structure(from, "PutRequest");
    auto remove = structure(from, "DeleteRequest");
    if (put.has_value() == remove.has_value()) {
        refuse_validation(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of "
            "the supported datatypes");
    }
    std::string_view name = put ? "Item" : "Key";
    auto item = member(put ? *put : *remove, name);
    if (!item) {
        refuse_null(put ? "requestItems.member.putRequest.item"
                        : "requestItems.member.deleteRequest.key");
    }
    ItemWrite write;
    write.kind = put ? ItemWrite::Kind::put : ItemWrite::Kind::remove;
    write.item = put ? item_to_put(request, *item) : request.values.item(*item);
    return write;
}

std::vector<ItemWrite> read_writes(Request& request, std::vector<TableWrites>& parts) {
    std::vector<ItemWrite> writes;
    for (TableWrites& part : parts) {
        part.first = writes.size();
        for (element from : part.elements) {
            writes.push_back(read_write(request, as_object(from)));
        }
    }
    if (writes.size() > kMaxWrites) {
        refuse_validation("Too many items requested for the BatchWriteItem call");
    }
    return writes;
}

std::span<ItemWrite> writes_of(const TableWrites& part, std::vector<ItemWrite>& writes) {
    return std::span(writes).subspan(part.first, part.elements.size());
}

void find_tables(Database& database, const std::vector<TableWrites>& parts,
                 std::vector<ItemWrite>& writes) {
    for (const TableWrites& part : parts) {
        TablePointer table = table_for_items(database, part.name);
        for (ItemWrite& write : writes_of(part, writes)) {
            write.table = table;
        }
    }
    std::vector<PlacedItem> items;
    for (const ItemWrite& write : writes) {
        check_write(write);
        items.emplace_back(write.table.get(), &write.item);
    }
    require_distinct(items, "Provided list of item keys contains duplicates");
}

}  // namespace

std::vector<BatchPart> read_batch_parts(object body, Constraints& constraints) {
    std::vector<BatchPart> parts;
    auto tables = structure(body, "RequestItems");
    if (!tables) {
        constraints.null("requestItems");
        return parts;
    }
    if (tables->size() == 0) {
        constraints.violated("{}", "requestItems",
                             "Member must have length greater than or equal to 1");
    }
    for (auto [name, content] : *tables) {
        parts.push_back({table_named(name, "requestItems.key", constraints), content});
    }
    return parts;
}

void batch_write_item(Database& database, Request& request, json::Writer& out) {
    std::vector<TableWrites> parts = read_parts(request);
    Constraints constraints;
    Shape shape(constraints, request.body);
    bool has_metrics = wants_collection_metrics(shape);
    constraints.check();
    std::vector<ItemWrite> writes = read_writes(request, parts);
    find_tables(database, parts, writes);
    do_writes_atomically(database, request, writes, {.is_transaction = false});
    out.key("UnprocessedItems").begin_object().end_object();
    if (has_metrics) {
        write_all_collection_metrics(database, writes, out);
    }
}

}  // namespace dynamigrate::engine
