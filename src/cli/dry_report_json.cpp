#include "dry_report_text.hpp"
#include "output_text.hpp"

namespace dynamigrate::cli {

namespace {

using migrate::Estimate;

void write(json::Writer& writer, const Estimate& estimate) {
    writer.begin_object().key("value").number(estimate.value);
    writer.key("low").number(estimate.low).key("high").number(estimate.high).end_object();
}

void write(json::Writer& writer, const migrate::ItemDifference& example) {
    writer.begin_object().key("table").string(example.table).key("key").raw(example.key);
    writer.key("kind").string(to_string(example.kind)).key("attributes").begin_array();
    for (const migrate::AttributeDifference& difference : example.attributes) {
        writer.begin_object().key("name").string(difference.name);
        if (difference.before) {
            writer.key("before").raw(*difference.before);
        }
        if (difference.after) {
            writer.key("after").raw(*difference.after);
        }
        writer.end_object();
    }
    writer.end_array().end_object();
}

void write_tables(json::Writer& writer, const migrate::DryStep& step) {
    writer.key("tables").begin_array();
    for (const migrate::DryTable& table : step.tables) {
        writer.begin_object().key("name").string(table.name);
        writer.key("puts").number(table.puts).key("updates").number(table.updates);
        writer.key("removes").number(table.removes).key("expired").number(table.expired);
        writer.key("table_units").number(table.table_units);
        writer.key("index_units").number(table.index_units).end_object();
    }
    writer.end_array().key("indexes").begin_array();
    for (const migrate::DryIndex& index : step.indexes) {
        writer.begin_object().key("table").string(index.table).key("index").string(index.index);
        writer.key("entries").number(index.entries);
        writer.key("write_units").number(index.write_units).end_object();
    }
    writer.end_array();
}

void write_failures(json::Writer& writer, const migrate::DryStep& step) {
    writer.key("failures").begin_object();
    for (const auto& [reason, count] : step.failures) {
        writer.key(reason).number(count);
    }
    writer.end_object().key("failed_items").begin_array();
    for (const backfill::QuarantinedItem& item : step.failed_items) {
        writer.begin_object().key("table").string(item.table).key("key").raw(item.key);
        writer.key("reason").string(item.reason).key("message").string(item.message).end_object();
    }
    writer.end_array();
}

void write(json::Writer& writer, const migrate::DryStep& step) {
    writer.begin_object().key("kind").string(step.kind).key("summary").string(step.summary);
    if (!step.note.empty()) {
        writer.key("note").string(step.note);
    }
    writer.key("done").boolean(step.is_done).key("counts");
    cli::write(writer, step.counts);
    write_tables(writer, step);
    write_failures(writer, step);
    writer.key("examples").begin_array();
    for (const migrate::ItemDifference& example : step.examples) {
        write(writer, example);
    }
    writer.end_array();
    writer.key("sampled").number(step.sampled).key("population").number(step.population);
    write(writer.key("changed"), step.changed);
    write(writer.key("failed"), step.failed);
    write(writer.key("expired"), step.expired);
    write(writer.key("read_units"), step.read_units);
    write(writer.key("write_units"), step.write_units);
    writer.end_object();
}

void write(json::Writer& writer, const migrate::DryMigration& migration) {
    writer.begin_object().key("id").string(migration.id);
    writer.key("description").string(migration.description);
    writer.key("action").string(migration.action);
    writer.key("rolls_back").boolean(migration.rolls_back);
    writer.key("done").boolean(migration.is_done).key("steps").begin_array();
    for (const migrate::DryStep& step : migration.steps) {
        write(writer, step);
    }
    writer.end_array().end_object();
}

void write(json::Writer& writer, const migrate::Prices& prices) {
    writer.begin_object().key("name").string(prices.name);
    writer.key("currency").string(prices.currency);
    writer.key("read_per_million").number(prices.read_per_million);
    writer.key("write_per_million").number(prices.write_per_million).end_object();
}

}  // namespace

void write(json::Writer& writer, const migrate::DryReport& report) {
    writer.begin_object().key("migrations").begin_array();
    for (const migrate::DryMigration& migration : report.migrations) {
        write(writer, migration);
    }
    writer.end_array();
    write(writer.key("changed"), report.changed);
    write(writer.key("read_units"), report.read_units);
    write(writer.key("write_units"), report.write_units);
    write(writer.key("prices"), report.prices);
    write(writer.key("money"), report.money);
    writer.key("reads_per_second").number(report.reads_per_second);
    writer.key("writes_per_second").number(report.writes_per_second);
    write(writer.key("seconds"), report.seconds);
    writer.key("own_read_units").number(report.own_read_units);
    writer.end_object();
}

}  // namespace dynamigrate::cli
