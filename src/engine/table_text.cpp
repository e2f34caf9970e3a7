#include "table.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <charconv>

namespace dynamigrate::engine {

using dynamodb::AttributeType;
using dynamodb::KeyAttribute;
using dynamodb::KeySchema;
using dynamodb::ProjectionType;
using dynamodb::Throughput;
using json::Value;
using json::Writer;

namespace {

constexpr const char* kPlace = "a stored table definition";

void write_attribute(Writer& out, const KeyAttribute& attribute) {
    out.begin_object().key("name").string(attribute.name);
    out.key("type").string(dynamodb::to_string(attribute.type)).end_object();
}

void write_key(Writer& out, const KeySchema& key) {
    out.key("key").begin_array();
    write_attribute(out, key.hash);
    if (key.sort) {
        write_attribute(out, *key.sort);
    }
    out.end_array();
}

void write_throughput(Writer& out, std::string_view name, const Throughput& throughput) {
    out.key(name).begin_array().number(throughput.read).number(throughput.write).end_array();
}

void write_time(Writer& out, std::string_view name, const std::optional<base::WallTime>& time) {
    if (time) {
        out.key(name).number(time->time_since_epoch().count());
    }
}

void write_index(Writer& out, const Index& index) {
    out.begin_object().key("number").number(index.number).key("name").string(index.name);
    write_key(out, index.key);
    out.key("projection").number(static_cast<int>(index.projection));
    out.key("attributes").begin_array();
    for (const std::string& name : index.non_key_attributes) {
        out.string(name);
    }
    out.end_array();
    out.key("local").boolean(index.is_local);
    out.key("status").number(static_cast<int>(index.status));
    out.key("backfilling").boolean(index.is_backfilling);
    write_throughput(out, "throughput", index.throughput);
    write_throughput(out, "on_demand_maximum", index.on_demand_maximum);
    out.key("in_base").boolean(index.is_in_base).end_object();
}

void write_schema(Writer& out, const Table& table) {
    write_key(out, table.key);
    out.key("definitions").begin_array();
    for (const KeyAttribute& attribute : table.definitions) {
        write_attribute(out, attribute);
    }
    out.end_array();
    out.key("indexes").begin_array();
    for (const Index& index : table.indexes) {
        write_index(out, index);
    }
    out.end_array();
    out.key("next_index").number(table.next_index);
}

void write_capacity(Writer& out, const Table& table) {
    out.key("on_demand").boolean(table.is_on_demand);
    write_time(out, "billing_changed", table.billing_changed);
    write_throughput(out, "throughput", table.throughput);
    write_time(out, "throughput_increased", table.throughput_increased);
    write_time(out, "throughput_decreased", table.throughput_decreased);
    out.key("decreases_today").number(table.decreases_today);
    write_throughput(out, "on_demand_maximum", table.on_demand_maximum);
    write_throughput(out, "warm", table.warm);
}

void write_settings(Writer& out, const Table& table) {
    out.key("stream_view").string(table.stream_view);
    out.key("stream_label").string(table.stream_label);
    out.key("protected").boolean(table.is_protected);
    out.key("class").string(table.table_class).key("sse").string(table.sse);
    out.key("ttl").string(table.ttl_attribute);
    out.key("recovery").boolean(table.has_point_in_time_recovery);
    write_time(out, "recovery_since", table.recovery_since);
    out.key("tags").begin_object();
    for (const auto& [key, value] : table.tags) {
        out.key(key).string(value);
    }
    out.end_object();
    out.key("restore_summary").string(table.restore_summary);
    out.key("restoring").string(table.restoring);
    out.key("in_base").boolean(table.is_in_base);
}

const Value& get(const Value& from, std::string_view name) {
    const Value* found = from.find(name);
    if (found == nullptr) {
        throw base::Error(base::ErrorKind::corrupted, "lacks \"" + std::string(name) + "\"")
            .at(kPlace);
    }
    return *found;
}

std::string text(const Value& from, std::string_view name) { return get(from, name).text(); }
bool flag(const Value& from, std::string_view name) { return get(from, name).as_boolean(); }

template <class Number>
Number number_of(const Value& value) {
    const std::string& digits = value.text();
    Number result{};
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        throw base::Error(base::ErrorKind::corrupted, "has \"" + digits + "\" for a number")
            .at(kPlace);
    }
    return result;
}

template <class Number>
Number number(const Value& from, std::string_view name) {
    return number_of<Number>(get(from, name));
}

std::optional<base::WallTime> time(const Value& from, std::string_view name) {
    if (from.find(name) == nullptr) {
        return std::nullopt;
    }
    return base::WallTime(std::chrono::milliseconds(number<std::int64_t>(from, name)));
}

Throughput throughput(const Value& from, std::string_view name) {
    const Value::Array& numbers = get(from, name).elements();
    return {number_of<double>(numbers.at(0)), number_of<double>(numbers.at(1))};
}

KeyAttribute attribute(const Value& from) {
    std::string type = text(from, "type");
    return {text(from, "name"), type == "N"   ? AttributeType::number
                                : type == "B" ? AttributeType::binary
                                              : AttributeType::string};
}

KeySchema key(const Value& from) {
    const Value::Array& attributes = get(from, "key").elements();
    KeySchema result{attribute(attributes.at(0)), std::nullopt};
    if (attributes.size() > 1) {
        result.sort = attribute(attributes[1]);
    }
    return result;
}

Index read_index(const Value& from) {
    Index index;
    index.number = number<std::uint32_t>(from, "number");
    index.name = text(from, "name");
    index.key = key(from);
    index.projection = static_cast<ProjectionType>(number<int>(from, "projection"));
    for (const Value& name : get(from, "attributes").elements()) {
        index.non_key_attributes.push_back(name.text());
    }
    index.is_local = flag(from, "local");
    index.status = static_cast<Status>(number<int>(from, "status"));
    index.is_backfilling = flag(from, "backfilling");
    index.throughput = throughput(from, "throughput");
    index.on_demand_maximum = throughput(from, "on_demand_maximum");
    index.is_in_base = flag(from, "in_base");
    return index;
}

void read_schema(const Value& from, Table& table) {
    table.key = key(from);
    for (const Value& definition : get(from, "definitions").elements()) {
        table.definitions.push_back(attribute(definition));
    }
    for (const Value& index : get(from, "indexes").elements()) {
        table.indexes.push_back(read_index(index));
    }
    table.next_index = number<std::uint32_t>(from, "next_index");
}

void read_capacity(const Value& from, Table& table) {
    table.is_on_demand = flag(from, "on_demand");
    table.billing_changed = time(from, "billing_changed");
    table.throughput = throughput(from, "throughput");
    table.throughput_increased = time(from, "throughput_increased");
    table.throughput_decreased = time(from, "throughput_decreased");
    table.decreases_today = number<int>(from, "decreases_today");
    table.on_demand_maximum = throughput(from, "on_demand_maximum");
    table.warm = throughput(from, "warm");
}

void read_settings(const Value& from, Table& table) {
    table.stream_view = text(from, "stream_view");
    table.stream_label = text(from, "stream_label");
    table.is_protected = flag(from, "protected");
    table.table_class = text(from, "class");
    table.sse = text(from, "sse");
    table.ttl_attribute = text(from, "ttl");
    table.has_point_in_time_recovery = flag(from, "recovery");
    table.recovery_since = time(from, "recovery_since");
    for (const Value::Member& tag : get(from, "tags").members()) {
        table.tags[tag.key] = tag.value.text();
    }
    table.restore_summary = text(from, "restore_summary");
    table.restoring = text(from, "restoring");
    table.is_in_base = flag(from, "in_base");
}

Table read_table(const Value& from) {
    Table table;
    table.number = number<std::uint32_t>(from, "number");
    table.name = text(from, "name");
    table.id = text(from, "id");
    table.arn = text(from, "arn");
    table.created = time(from, "created").value_or(base::WallTime{});
    table.status = static_cast<Status>(number<int>(from, "status"));
    read_schema(from, table);
    read_capacity(from, table);
    read_settings(from, table);
    return table;
}

}  // namespace

std::string to_text(const Table& table) {
    std::string text;
    Writer out(text);
    out.begin_object().key("number").number(table.number).key("name").string(table.name);
    out.key("id").string(table.id).key("arn").string(table.arn);
    write_time(out, "created", table.created);
    out.key("status").number(static_cast<int>(table.status));
    write_schema(out, table);
    write_capacity(out, table);
    write_settings(out, table);
    out.end_object();
    return text;
}

Table table_from_text(std::string_view text) {
    try {
        return read_table(json::parse_json(text, kPlace));
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::corrupted) {
            throw;
        }
        throw base::Error(base::ErrorKind::corrupted, error.what());
    } catch (const std::out_of_range&) {
        throw base::Error(base::ErrorKind::corrupted, "has a list that is too short").at(kPlace);
    }
}

}  // namespace dynamigrate::engine
