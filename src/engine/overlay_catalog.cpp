#include "overlay_catalog.hpp"

#include <dynamigrate/json/json5.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dynamigrate::engine {

using dynamodb::IndexDescription;
using dynamodb::TableDescription;

namespace {

Status status_of(std::string_view text) {
    return text == "CREATING"   ? Status::creating
           : text == "UPDATING" ? Status::updating
           : text == "DELETING" ? Status::deleting
                                : Status::active;
}

const json::Value* find_path(const json::Value& value, std::initializer_list<const char*> path) {
    const json::Value* found = &value;
    for (const char* name : path) {
        found = found == nullptr ? nullptr : found->find(name);
    }
    return found;
}

std::string text_at(const json::Value& value, std::initializer_list<const char*> path) {
    const json::Value* found = find_path(value, path);
    return found != nullptr && found->is_string() ? found->text() : std::string();
}

base::WallTime creation_of(const json::Value& table) {
    const json::Value* seconds = table.find("CreationDateTime");
    double value = 0;
    if (seconds != nullptr && seconds->is_number()) {
        const std::string& digits = seconds->text();
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    }
    return base::WallTime(std::chrono::milliseconds(std::llround(value * 1000)));
}

/// A number that an index had keeps to its name.
Index index_of(const IndexDescription& described, const Table* before, std::uint32_t& next) {
    Index index;
    const Index* known = before == nullptr ? nullptr : before->index(described.name);
    index.number = known == nullptr ? next++ : known->number;
    index.name = described.name;
    index.key = described.key;
    index.projection = described.projection;
    index.non_key_attributes = described.non_key_attributes;
    index.is_local = described.is_local;
    index.status = status_of(described.status);
    index.is_backfilling = described.is_backfilling;
    index.throughput = described.provisioned;
    index.is_in_base = true;
    return index;
}

void read_details(const json::Value& raw, Table& table) {
    table.id = text_at(raw, {"TableId"});
    table.created = creation_of(raw);
    table.table_class = text_at(raw, {"TableClassSummary", "TableClass"});
    table.stream_label = text_at(raw, {"LatestStreamLabel"});
    const json::Value* enabled = find_path(raw, {"StreamSpecification", "StreamEnabled"});
    if (enabled != nullptr && enabled->is_boolean() && enabled->as_boolean()) {
        table.stream_view = text_at(raw, {"StreamSpecification", "StreamViewType"});
    }
    if (const json::Value* sse = raw.find("SSEDescription")) {
        table.sse = json::to_json(*sse);
    }
}

Table table_of(const TableDescription& described, const Table* before) {
    Table table;
    table.name = described.name;
    table.arn = described.arn;
    table.key = described.key;
    table.definitions = described.attribute_definitions;
    table.status = status_of(described.status);
    table.is_on_demand = described.is_on_demand;
    table.throughput = described.provisioned;
    table.on_demand_maximum = described.on_demand_maximum.value_or(dynamodb::Throughput{});
    table.warm = described.warm.value_or(dynamodb::Throughput{});
    table.is_protected = described.has_deletion_protection;
    table.is_in_base = true;
    table.next_index = before == nullptr ? 1 : before->next_index;
    for (const IndexDescription& index : described.indexes) {
        table.indexes.push_back(index_of(index, before, table.next_index));
    }
    read_details(json::parse_json(described.raw, "a table's description"), table);
    return table;
}

bool is_moving(const Table& table) {
    return table.status != Status::active ||
           std::any_of(table.indexes.begin(), table.indexes.end(),
                       [](const Index& index) { return index.status != Status::active; });
}

}  // namespace

bool OverlayCatalog::is_fresh(const Known& known) const {
    return known.is_own || !known.is_moving || clock_.steady_now() - known.read_at < kMovingAge;
}

TablePointer OverlayCatalog::find(std::string_view name) {
    {
        std::shared_lock lock(tables_mutex_);
        auto known = tables_.find(name);
        if (known != tables_.end() && is_fresh(known->second)) {
            return known->second.table;
        }
        if (erased_.contains(name)) {
            return nullptr;
        }
    }
    return read(name);
}

TablePointer OverlayCatalog::read(std::string_view name) {
    std::optional<TableDescription> described = base_.describe(name);
    std::string ttl_attribute = described ? base_.ttl_attribute(name) : std::string();
    std::unique_lock lock(tables_mutex_);
    auto known = tables_.find(name);
    if (known != tables_.end() && known->second.is_own) {
        return known->second.table;
    }
    if (!described || erased_.contains(name)) {
        return nullptr;
    }
    const Table* before = known == tables_.end() ? nullptr : known->second.table.get();
    Table table = table_of(*described, before);
    table.number = before == nullptr ? ++last_number_ : before->number;
    table.ttl_attribute = ttl_attribute;
    bool moves = is_moving(table);
    auto made = std::make_shared<const Table>(std::move(table));
    tables_.insert_or_assign(std::string(name), Known{made, false, moves, clock_.steady_now()});
    return made;
}

std::vector<std::string> OverlayCatalog::names() {
    std::vector<std::string> base = base_.table_names();
    std::shared_lock lock(tables_mutex_);
    std::set<std::string> names;
    for (std::string& name : base) {
        if (!erased_.contains(name)) {
            names.insert(std::move(name));
        }
    }
    for (const auto& [name, known] : tables_) {
        if (known.is_own) {
            names.insert(name);
        }
    }
    return {names.begin(), names.end()};
}

TablePointer OverlayCatalog::put(Table table) {
    auto made = std::make_shared<const Table>(std::move(table));
    std::unique_lock lock(tables_mutex_);
    tables_.insert_or_assign(made->name, Known{made, true, false, {}});
    return made;
}

void OverlayCatalog::erase(std::string_view name) {
    std::unique_lock lock(tables_mutex_);
    auto known = tables_.find(name);
    if (known != tables_.end()) {
        tables_.erase(known);
    }
    erased_.emplace(name);
}

std::uint32_t OverlayCatalog::next_number() {
    std::unique_lock lock(tables_mutex_);
    return ++last_number_;
}

}  // namespace dynamigrate::engine
