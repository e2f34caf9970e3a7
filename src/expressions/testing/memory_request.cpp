#include "memory_request.hpp"

#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::expressions::memory {
namespace {

/// Units that a write costs on an index.
double index_units(const Table& table, const Index& index, const dynamodb::Item* before,
                   const dynamodb::Item* after) {
    base::Arena arena(512);
    bool was_there = before != nullptr && has_key(*before, index.key);
    bool is_there = after != nullptr && has_key(*after, index.key);
    dynamodb::Item old_image =
        was_there ? projected(table, index, *before, arena) : dynamodb::Item();
    dynamodb::Item new_image = is_there ? projected(table, index, *after, arena) : dynamodb::Item();
    double old_units = was_there ? dynamodb::write_units(dynamodb::item_size(old_image)).value : 0;
    double new_units = is_there ? dynamodb::write_units(dynamodb::item_size(new_image)).value : 0;
    if (was_there && is_there) {
        if (old_image == new_image) {
            return 0;
        }
        ItemKey a = key_of(*before, index.key);
        ItemKey b = key_of(*after, index.key);
        if (!(a < b) && !(b < a)) {
            return std::max(old_units, new_units);
        }
    }
    return old_units + new_units;
}

void write_units(json::Writer& out, const char* member,
                 const std::map<std::string, double>& units) {
    if (units.empty()) {
        return;
    }
    out.key(member).begin_object();
    for (const auto& [name, value] : units) {
        out.key(name).begin_object().key("CapacityUnits").number(value).end_object();
    }
    out.end_object();
}

double sum(const std::map<std::string, double>& units) {
    double total = 0;
    for (const auto& [name, value] : units) {
        total += value;
    }
    return total;
}

}  // namespace

Table& Store::table(std::string_view name) {
    auto found = tables.find(name);
    if (found == tables.end() || found->second.status == "CREATING" ||
        found->second.status == "DELETING") {
        refuse("ResourceNotFoundException", "Requested resource not found");
    }
    return found->second;
}

void Usage::read(const Table& table, double units, const Index* index) {
    Units& used = units_[table.name];
    if (index == nullptr) {
        used.table += units;
    } else {
        (index->is_local ? used.local : used.global)[index->name] += units;
    }
}

void Usage::write(const Table& table, const dynamodb::Item* before, const dynamodb::Item* after,
                  bool transactional) {
    Units& used = units_[table.name];
    base::ItemBytes size =
        std::max(before == nullptr ? base::ItemBytes{} : dynamodb::item_size(*before),
                 after == nullptr ? base::ItemBytes{} : dynamodb::item_size(*after));
    used.table += dynamodb::write_units(size, transactional).value;
    for (const Index& index : table.indexes) {
        double units = index_units(table, index, before, after) * (transactional ? 2 : 1);
        if (units > 0) {
            (index.is_local ? used.local : used.global)[index.name] += units;
        }
    }
}

void Usage::write_member(json::Writer& out, const json::Value& request, bool as_list) const {
    std::string wish = text(request, "ReturnConsumedCapacity");
    if ((wish != "TOTAL" && wish != "INDEXES") || units_.empty()) {
        return;
    }
    out.key("ConsumedCapacity");
    if (as_list) {
        out.begin_array();
    }
    for (const auto& [name, units] : units_) {
        out.begin_object().key("TableName").string(name);
        out.key("CapacityUnits").number(units.table + sum(units.global) + sum(units.local));
        if (wish == "INDEXES") {
            out.key("Table").begin_object().key("CapacityUnits").number(units.table).end_object();
            write_units(out, "GlobalSecondaryIndexes", units.global);
            write_units(out, "LocalSecondaryIndexes", units.local);
        }
        out.end_object();
    }
    if (as_list) {
        out.end_array();
    }
}

std::string text(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    return value == nullptr || !value->is_string() ? std::string() : value->text();
}

bool flag(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    return value != nullptr && value->is_boolean() && value->as_boolean();
}

int integer(const json::Value& object, std::string_view member, int otherwise) {
    const json::Value* value = object.find(member);
    return value == nullptr || !value->is_number() ? otherwise : std::stoi(value->text());
}

const json::Value& required(const json::Value& object, std::string_view member) {
    const json::Value* value = object.find(member);
    if (value == nullptr) {
        refuse_validation("1 validation error detected: Value null at '" + std::string(member) +
                          "' failed to satisfy constraint: Member must not be null");
    }
    return *value;
}

dynamodb::Item item(const json::Value& object, std::string_view member, base::Arena& arena) {
    return dynamodb::item_from_wire(required(object, member), "request", arena);
}

ExpressionText substitutions(const json::Value& object, base::Arena& arena) {
    ExpressionText result;
    if (const json::Value* names = object.find("ExpressionAttributeNames")) {
        for (const json::Value::Member& name : names->members()) {
            result.names.emplace_back(name.key, name.value.text());
        }
    }
    if (object.find("ExpressionAttributeValues") != nullptr) {
        result.values = item(object, "ExpressionAttributeValues", arena);
    }
    return result;
}

StoredItem find(const Table& table, const ItemKey& key) {
    auto found = table.items.find(key);
    return found == table.items.end() ? nullptr : found->second;
}

void commit(const Write& write) {
    if (write.after == nullptr) {
        write.table->items.erase(write.key);
    } else {
        write.table->items[write.key] = write.after;
    }
}

}  // namespace dynamigrate::expressions::memory
