#include "table_description.hpp"

#include <algorithm>

namespace dynamigrate::engine {

using dynamodb::Throughput;
using json::Writer;

namespace {

/// What an on-demand table serves at once.
constexpr Throughput kOnDemandWarm{12'000, 4'000};

void write_key_element(Writer& out, std::string_view name, std::string_view type) {
    out.begin_object().key("AttributeName").string(name);
    out.key("KeyType").string(type).end_object();
}

void write_units(Writer& out, const Throughput& throughput) {
    out.key("ReadCapacityUnits").number(static_cast<std::int64_t>(throughput.read));
    out.key("WriteCapacityUnits").number(static_cast<std::int64_t>(throughput.write));
}

bool is_same_day(base::WallTime a, base::WallTime b) {
    return std::chrono::floor<std::chrono::days>(a) == std::chrono::floor<std::chrono::days>(b);
}

void write_throughput(Database& database, const Table& table, Writer& out) {
    out.key("ProvisionedThroughput").begin_object();
    if (table.throughput_increased) {
        out.key("LastIncreaseDateTime");
        write_time(out, *table.throughput_increased);
    }
    int decreases = 0;
    if (table.throughput_decreased) {
        out.key("LastDecreaseDateTime");
        write_time(out, *table.throughput_decreased);
        bool is_today = is_same_day(*table.throughput_decreased, database.clock.now());
        decreases = is_today ? table.decreases_today : 0;
    }
    out.key("NumberOfDecreasesToday").number(decreases);
    write_units(out, table.throughput);
    out.end_object();
}

void write_maximum(Writer& out, const Throughput& maximum) {
    if (maximum.read == 0 && maximum.write == 0) {
        return;
    }
    auto units = [](double value) { return value == 0 ? -1 : static_cast<std::int64_t>(value); };
    out.key("OnDemandThroughput").begin_object();
    out.key("MaxReadRequestUnits").number(units(maximum.read));
    out.key("MaxWriteRequestUnits").number(units(maximum.write)).end_object();
}

void write_warm(Writer& out, const Throughput& warm, Status status) {
    out.key("WarmThroughput").begin_object();
    out.key("ReadUnitsPerSecond").number(static_cast<std::int64_t>(warm.read));
    out.key("WriteUnitsPerSecond").number(static_cast<std::int64_t>(warm.write));
    out.key("Status").string(status == Status::active ? "ACTIVE" : to_string(status));
    out.end_object();
}

Throughput warm_throughput(const Table& table, const Throughput& provisioned) {
    Throughput given = table.is_on_demand ? kOnDemandWarm : provisioned;
    return {std::max(given.read, table.warm.read), std::max(given.write, table.warm.write)};
}

// While its table is being created, an index is too.
Status shown_status(const Table& table, const Index& index) {
    bool follows = index.status == Status::active &&
                   (table.status == Status::creating || table.status == Status::deleting);
    return follows ? table.status : index.status;
}

void write_global_part(const Table& table, const Index& index, Writer& out) {
    Status status = shown_status(table, index);
    out.key("IndexStatus").string(to_string(status));
    if (index.status == Status::creating) {
        out.key("Backfilling").boolean(index.is_backfilling);
    }
    out.key("ProvisionedThroughput").begin_object();
    out.key("NumberOfDecreasesToday").number(0);
    write_units(out, index.throughput);
    out.end_object();
    write_maximum(out, index.on_demand_maximum);
    write_warm(out, warm_throughput(table, index.throughput), status);
}

void write_index(Database& database, const Table& table, const Index& index, Writer& out) {
    out.begin_object().key("IndexName").string(index.name);
    write_key_schema(out, index.key);
    write_projection(out, index);
    if (!index.is_local) {
        write_global_part(table, index, out);
    }
    RowCounts counts = database.rows.counts(table, &index);
    out.key("IndexSizeBytes").number(counts.bytes).key("ItemCount").number(counts.items);
    out.key("IndexArn").string(table.arn + "/index/" + index.name).end_object();
}

void write_indexes(Database& database, const Table& table, bool is_local, Writer& out) {
    bool is_any = std::any_of(table.indexes.begin(), table.indexes.end(),
                              [&](const Index& index) { return index.is_local == is_local; });
    if (!is_any) {
        return;
    }
    out.key(is_local ? "LocalSecondaryIndexes" : "GlobalSecondaryIndexes").begin_array();
    for (const Index& index : table.indexes) {
        if (index.is_local == is_local) {
            write_index(database, table, index, out);
        }
    }
    out.end_array();
}

void write_billing(const Table& table, Writer& out) {
    if (!table.is_on_demand && !table.billing_changed) {
        return;
    }
    out.key("BillingModeSummary").begin_object();
    out.key("BillingMode").string(table.is_on_demand ? "PAY_PER_REQUEST" : "PROVISIONED");
    if (table.billing_changed) {
        out.key("LastUpdateToPayPerRequestDateTime");
        write_time(out, *table.billing_changed);
    }
    out.end_object();
}

void write_stream(const Table& table, Writer& out) {
    if (!table.stream_view.empty()) {
        out.key("StreamSpecification").begin_object().key("StreamEnabled").boolean(true);
        out.key("StreamViewType").string(table.stream_view).end_object();
    }
    if (!table.stream_label.empty()) {
        out.key("LatestStreamLabel").string(table.stream_label);
        out.key("LatestStreamArn").string(table.arn + "/stream/" + table.stream_label);
    }
}

void write_settings(const Table& table, Writer& out) {
    write_stream(table, out);
    if (!table.restore_summary.empty()) {
        out.key("RestoreSummary").raw(table.restore_summary);
    }
    if (!table.sse.empty()) {
        out.key("SSEDescription").raw(table.sse);
    }
    if (!table.table_class.empty()) {
        out.key("TableClassSummary").begin_object();
        out.key("TableClass").string(table.table_class).end_object();
    }
    out.key("DeletionProtectionEnabled").boolean(table.is_protected);
    write_maximum(out, table.on_demand_maximum);
    write_warm(out, warm_throughput(table, table.throughput), table.status);
}

}  // namespace

void write_key_schema(Writer& out, const dynamodb::KeySchema& key) {
    out.key("KeySchema").begin_array();
    write_key_element(out, key.hash.name, "HASH");
    if (key.sort) {
        write_key_element(out, key.sort->name, "RANGE");
    }
    out.end_array();
}

void write_projection(Writer& out, const Index& index) {
    const char* type = index.projection == dynamodb::ProjectionType::all         ? "ALL"
                       : index.projection == dynamodb::ProjectionType::keys_only ? "KEYS_ONLY"
                                                                                 : "INCLUDE";
    out.key("Projection").begin_object().key("ProjectionType").string(type);
    if (!index.non_key_attributes.empty()) {
        out.key("NonKeyAttributes").begin_array();
        for (const std::string& name : index.non_key_attributes) {
            out.string(name);
        }
        out.end_array();
    }
    out.end_object();
}

void write_time(Writer& out, base::WallTime time) {
    std::int64_t milliseconds = time.time_since_epoch().count();
    std::string fraction = std::to_string(1000 + milliseconds % 1000).substr(1);
    out.raw(std::to_string(milliseconds / 1000) + "." + fraction);
}

void write_description(Database& database, const Table& table, Writer& out) {
    out.begin_object().key("AttributeDefinitions").begin_array();
    for (const dynamodb::KeyAttribute& attribute : table.definitions) {
        out.begin_object().key("AttributeName").string(attribute.name);
        out.key("AttributeType").string(dynamodb::to_string(attribute.type)).end_object();
    }
    out.end_array().key("TableName").string(table.name);
    write_key_schema(out, table.key);
    out.key("TableStatus").string(to_string(table.status));
    out.key("CreationDateTime");
    write_time(out, table.created);
    write_throughput(database, table, out);
    RowCounts counts = database.rows.counts(table, nullptr);
    out.key("TableSizeBytes").number(counts.bytes).key("ItemCount").number(counts.items);
    out.key("TableArn").string(table.arn).key("TableId").string(table.id);
    write_billing(table, out);
    write_indexes(database, table, true, out);
    write_indexes(database, table, false, out);
    write_settings(table, out);
    out.end_object();
}

}  // namespace dynamigrate::engine
