#include "json_listener.hpp"

#include "output_text.hpp"

namespace dynamigrate::cli {

namespace {

constexpr std::chrono::seconds kBetweenEvents{1};

}  // namespace

template <class Members>
void JsonListener::event(std::string_view name, Members&& members) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("event").string(name);
    members(writer);
    writer.end_object();
    console_.print(text);
}

void JsonListener::migration_begins(const migrate::PlannedMigration& planned) {
    event("migration_begins", [&](json::Writer& writer) {
        writer.key("id").string(planned.migration->id());
        writer.key("description").string(planned.migration->description());
        writer.key("action").string(planned.action);
        writer.key("rolls_back").boolean(planned.rolls_back);
    });
}

void JsonListener::step_begins(const migrate::Migration& migration, std::uint32_t index,
                               std::size_t count, const migrate::Step& step) {
    view_.begin(tables_.expected_items(migration, step));
    event("step_begins", [&](json::Writer& writer) {
        writer.key("id").string(migration.id());
        writer.key("step").number(index);
        writer.key("steps").number(count);
        writer.key("kind").string(step.kind());
        writer.key("summary").string(step.summary());
    });
}

void JsonListener::undo_begins(const migrate::Migration&, std::uint32_t, std::size_t,
                               const std::string& line) {
    this->line(line);
}

void JsonListener::step_ends(const migrate::Migration&, std::uint32_t, const migrate::StepResult&) {
}

void JsonListener::progress(const backfill::Progress& progress, const layers::MeterReading& meter) {
    base::SteadyTime now = clock_.steady_now();
    view_.add(now, progress, meter);
    if (now - shown_ < kBetweenEvents) {
        return;
    }
    shown_ = now;
    event("progress", [&](json::Writer& writer) {
        writer.key("counts");
        write(writer, progress.counts);
        writer.key("pass").number(progress.pass);
        writer.key("segments_done").number(progress.segments_done);
        writer.key("segments_total").number(progress.segments_total);
        if (progress.deferred.collected > 0) {
            writer.key("actions").number(progress.deferred.collected);
            writer.key("actions_done").number(progress.deferred.done);
            writer.key("actions_failed").number(progress.deferred.failed);
        }
        writer.key("items_per_second").number(view_.rates().items_per_second());
        writer.key("read_units_per_second").number(view_.rates().read_units_per_second());
        writer.key("write_units_per_second").number(view_.rates().write_units_per_second());
        writer.key("throttles").number(meter.throttles());
        writer.key("seconds_left");
        if (std::optional<double> seconds = view_.seconds_left()) {
            writer.number(*seconds);
        } else {
            writer.null();
        }
    });
}

void JsonListener::line(const std::string& text) {
    event("line", [&](json::Writer& writer) { writer.key("text").string(text); });
}

void JsonListener::undo_conflict(const backfill::UndoConflict& conflict) {
    event("undo_conflict", [&](json::Writer& writer) {
        writer.key("table").string(conflict.table);
        writer.key("key").raw(conflict.key);
        writer.key("reason").string(conflict.reason);
        for (const auto& [name, image] : {std::pair{"before", &conflict.before},
                                          {"after", &conflict.after},
                                          {"now", &conflict.now}}) {
            writer.key(name).raw(image->empty() ? "null" : *image);
        }
    });
}

void JsonListener::migration_ends(const migrate::PlannedMigration&,
                                  const migrate::HistoryRow& row) {
    event("migration_ends", [&](json::Writer& writer) {
        writer.key("row");
        write(writer, row);
    });
}

}  // namespace dynamigrate::cli
