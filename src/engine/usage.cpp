#include "usage.hpp"

#include <dynamigrate/base/arena.hpp>
#include <dynamigrate/dynamodb/size.hpp>

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Item;

namespace {

bool has_same_key(const Item& a, const Item& b, const dynamodb::KeySchema& key) {
    return *a.find(key.hash.name) == *b.find(key.hash.name) &&
           (!key.sort || *a.find(key.sort->name) == *b.find(key.sort->name));
}

double sum(const std::map<std::string, double>& units) {
    double total = 0;
    for (const auto& [name, value] : units) {
        total += value;
    }
    return total;
}

void write_indexes(json::Writer& out, const char* member,
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

}  // namespace

double index_write_units(const Table& table, const Index& index, const Item* before,
                         const Item* after) {
    bool was_there = before != nullptr && has_key(*before, index.key);
    bool is_there = after != nullptr && has_key(*after, index.key);
    if (!was_there && !is_there) {
        return 0;
    }
    base::Arena arena(1024);
    Item old_image = was_there ? projected(table, index, *before, arena) : Item();
    Item new_image = is_there ? projected(table, index, *after, arena) : Item();
    double old_units = was_there ? dynamodb::write_units(dynamodb::item_size(old_image)).value : 0;
    double new_units = is_there ? dynamodb::write_units(dynamodb::item_size(new_image)).value : 0;
    if (was_there && is_there) {
        if (old_image == new_image) {
            return 0;
        }
        if (has_same_key(*before, *after, index.key)) {
            return std::max(old_units, new_units);
        }
    }
    return old_units + new_units;
}

void Usage::clear() {
    wish = CapacityWish::none;
    units_.clear();
}

Usage::Units& Usage::of(const Table& table) { return units_[table.name]; }

void Usage::read(const Table& table, double units, const Index* index, bool is_transactional) {
    if (wish == CapacityWish::none) {
        return;
    }
    Units& used = of(table);
    used.read += units;
    used.is_transactional = used.is_transactional || is_transactional;
    if (index == nullptr) {
        used.table += units;
    } else {
        (index->is_local ? used.local : used.global)[index->name] += units;
    }
}

void Usage::write(const Table& table, const Item* before, const Item* after,
                  base::ItemBytes before_size, base::ItemBytes after_size, bool is_transactional) {
    if (wish == CapacityWish::none) {
        return;
    }
    Units& used = of(table);
    used.is_transactional = used.is_transactional || is_transactional;
    double units = dynamodb::write_units(std::max(before_size, after_size), is_transactional).value;
    used.table += units;
    used.write += units;
    for (const Index& index : table.indexes) {
        double more = index_write_units(table, index, before, after) * (is_transactional ? 2 : 1);
        if (more > 0) {
            (index.is_local ? used.local : used.global)[index.name] += more;
            used.write += more;
        }
    }
}

void Usage::write_member(json::Writer& out, bool as_list) const {
    if (wish == CapacityWish::none || units_.empty()) {
        return;
    }
    out.key("ConsumedCapacity");
    if (as_list) {
        out.begin_array();
    }
    for (const auto& [name, units] : units_) {
        out.begin_object().key("TableName").string(name);
        out.key("CapacityUnits").number(units.table + sum(units.global) + sum(units.local));
        if (units.is_transactional && units.read > 0) {
            out.key("ReadCapacityUnits").number(units.read);
        }
        if (units.is_transactional && units.write > 0) {
            out.key("WriteCapacityUnits").number(units.write);
        }
        if (wish == CapacityWish::indexes) {
            out.key("Table").begin_object().key("CapacityUnits").number(units.table);
            if (units.is_transactional && units.write > 0) {
                out.key("WriteCapacityUnits").number(units.table);
            }
            out.end_object();
            write_indexes(out, "LocalSecondaryIndexes", units.local);
            write_indexes(out, "GlobalSecondaryIndexes", units.global);
        }
        out.end_object();
    }
    if (as_list) {
        out.end_array();
    }
}

}  // namespace dynamigrate::engine
