#include "index_settings.hpp"

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dynamigrate::migrate {

namespace {

using dynamodb::Throughput;

double number_in(const json::Value& holder, std::string_view name) {
    const json::Value* value = holder.find(name);
    double number = 0;
    if (value != nullptr && value->is_number()) {
        const std::string& digits = value->text();
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    }
    return number;
}

std::optional<Throughput> throughput_in(const json::Value& holder, std::string_view name,
                                        std::string_view read, std::string_view write) {
    const json::Value* value = holder.find(name);
    if (value == nullptr || !value->is_object()) {
        return std::nullopt;
    }
    return Throughput{std::max(0.0, number_in(*value, read)),
                      std::max(0.0, number_in(*value, write))};
}

void write(json::Writer& out, std::string_view name, std::string_view read, std::string_view write,
           const Throughput& throughput, std::int64_t zero) {
    auto units = [&](double value) { return value > 0 ? static_cast<std::int64_t>(value) : zero; };
    out.key(name).begin_object();
    out.key(read).number(units(throughput.read));
    out.key(write).number(units(throughput.write)).end_object();
}

}  // namespace

IndexSettings settings_of(const dynamodb::TableDescription& table, const std::string& index) {
    IndexSettings settings;
    settings.provisioned = table.index(index)->provisioned;
    json::Value raw = json::parse_json(table.raw, "answer");
    const json::Value* list = raw.find("GlobalSecondaryIndexes");
    for (const json::Value& one : list == nullptr ? json::Value::Array() : list->elements()) {
        const json::Value* name = one.find("IndexName");
        if (name != nullptr && name->text() == index) {
            settings.warm =
                throughput_in(one, "WarmThroughput", "ReadUnitsPerSecond", "WriteUnitsPerSecond");
            settings.maximum = throughput_in(one, "OnDemandThroughput", "MaxReadRequestUnits",
                                             "MaxWriteRequestUnits");
        }
    }
    return settings;
}

std::optional<UpdateIndex> remaining(const UpdateIndex& wanted, const IndexSettings& is) {
    UpdateIndex rest = wanted;
    if (rest.provisioned && same(*rest.provisioned, is.provisioned)) {
        rest.provisioned.reset();
    }
    if (rest.maximum && same(*rest.maximum, is.maximum.value_or(Throughput{}))) {
        rest.maximum.reset();
    }
    if (rest.warm && is.warm) {
        bool is_warm = is.warm->read >= rest.warm->read && is.warm->write >= rest.warm->write;
        rest.warm = Throughput{std::max(rest.warm->read, is.warm->read),
                               std::max(rest.warm->write, is.warm->write)};
        if (is_warm) {
            rest.warm.reset();
        }
    }
    bool is_any = rest.provisioned || rest.maximum || rest.warm;
    return is_any ? std::optional(rest) : std::nullopt;
}

std::string update_index_body(const UpdateIndex& change, const std::string& table) {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table);
    out.key("GlobalSecondaryIndexUpdates").begin_array().begin_object();
    out.key("Update").begin_object().key("IndexName").string(change.name);
    if (change.provisioned) {
        write(out, "ProvisionedThroughput", "ReadCapacityUnits", "WriteCapacityUnits",
              *change.provisioned, 1);
    }
    if (change.maximum) {
        write(out, "OnDemandThroughput", "MaxReadRequestUnits", "MaxWriteRequestUnits",
              *change.maximum, -1);
    }
    if (change.warm) {
        write(out, "WarmThroughput", "ReadUnitsPerSecond", "WriteUnitsPerSecond", *change.warm, 1);
    }
    out.end_object().end_object().end_array().end_object();
    return body;
}

std::string to_string(const Throughput& throughput) {
    return fmt::format("{:.0f} RCU {:.0f} WCU", throughput.read, throughput.write);
}

bool same(const Throughput& a, const Throughput& b) {
    return a.read == b.read && a.write == b.write;
}

json::Value to_json_value(const Throughput& throughput) {
    json::Value value = json::Value::object();
    value.set("read", json::Value::number(fmt::format("{:.0f}", throughput.read)));
    value.set("write", json::Value::number(fmt::format("{:.0f}", throughput.write)));
    return value;
}

Throughput to_throughput(const json::Value& value) {
    return {number_in(value, "read"), number_in(value, "write")};
}

}  // namespace dynamigrate::migrate
