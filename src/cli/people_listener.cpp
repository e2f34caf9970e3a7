#include "people_listener.hpp"

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

namespace dynamigrate::cli {

namespace {

constexpr std::chrono::seconds kBetweenLines{5};
/// Of an undo's conflicts; of the others there is only the count, unless more is asked for.
constexpr std::uint64_t kToldConflicts = 10;

std::string title(const migrate::Migration& migration) {
    return migration.description().empty()
               ? migration.id()
               : fmt::format("{} - {}", migration.id(), migration.description());
}

std::string summary(const migrate::HistoryRow& row, double seconds) {
    std::string text = fmt::format("{} {} read, {} changed, {} unchanged", row.counts.read,
                                   row.counts.read == 1 ? "item" : "items", row.counts.changed,
                                   row.counts.unchanged);
    if (row.counts.kept > 0) {
        text += fmt::format(", {} kept", row.counts.kept);
    }
    if (row.counts.conflicts > 0) {
        text += fmt::format(", {} conflicts settled", row.counts.conflicts);
    }
    if (row.counts.quarantined > 0) {
        text += fmt::format(", {} quarantined", row.counts.quarantined);
    }
    return text + fmt::format("; {:.0f} RCU, {:.0f} WCU, {}", row.read_units, row.write_units,
                              format_seconds(seconds));
}

}  // namespace

std::string headline(const migrate::PlannedMigration& planned) {
    std::string name = title(*planned.migration);
    if (planned.action == "resume") {
        return fmt::format("Resume migration \"{}\"", name);
    }
    if (planned.action == "retry") {
        return fmt::format("Retry what \"{}\" left undone", name);
    }
    if (planned.action == "repeat") {
        return fmt::format("Repeat migration \"{}\"", name);
    }
    if (planned.action == "reset") {
        return fmt::format("Reset database with \"{}\"", name);
    }
    if (planned.action == "undo") {
        return fmt::format("Undo a run of migration \"{}\"", name);
    }
    if (planned.action == "named") {
        return fmt::format("Run named migration \"{}\"", name);
    }
    return planned.rolls_back ? fmt::format("Downgrade database from \"{}\"", name)
                              : fmt::format("Upgrade database to \"{}\"", name);
}

void PeopleListener::result(const std::string& text) {
    if (!console_.is_quiet()) {
        console_.print(is_dry_ ? "Dry Run: " + text : text);
    }
}

void PeopleListener::migration_begins(const migrate::PlannedMigration& planned) {
    began_ = clock_.steady_now();
    conflicts_ = 0;
    result(headline(planned));
}

void PeopleListener::step_begins(const migrate::Migration& migration, std::uint32_t index,
                                 std::size_t count, const migrate::Step& step) {
    console_.say(fmt::format("  step {}/{}: {}", index + 1, count, step.summary()));
    view_.begin(tables_.expected_items(migration, step));
    shown_ = clock_.steady_now();
}

void PeopleListener::undo_begins(const migrate::Migration&, std::uint32_t, std::size_t,
                                 const std::string& line) {
    console_.say("  " + line);
}

void PeopleListener::step_ends(const migrate::Migration&, std::uint32_t,
                               const migrate::StepResult&) {}

void PeopleListener::progress(const backfill::Progress& progress,
                              const layers::MeterReading& meter) {
    base::SteadyTime now = clock_.steady_now();
    view_.add(now, progress, meter);
    if (console_.is_quiet()) {
        return;
    }
    if (console_.has_bar()) {
        console_.show_bar("  " + view_.bar());
    } else if (now - shown_ >= kBetweenLines) {
        shown_ = now;
        console_.say("  " + view_.line());
    }
}

void PeopleListener::line(const std::string& text) { console_.say("  " + text); }

void PeopleListener::undo_conflict(const backfill::UndoConflict& conflict) {
    ++conflicts_;
    if (is_verbose_) {
        console_.say(fmt::format("  not restored: table {}, key {}: {}", conflict.table,
                                 conflict.key, conflict.reason));
        for (const auto& [name, image] : {std::pair{"before", &conflict.before},
                                          {"after", &conflict.after},
                                          {"now", &conflict.now}}) {
            if (!image->empty()) {
                console_.say(fmt::format("    {:<6} {}", name, *image));
            }
        }
    } else if (conflicts_ <= kToldConflicts) {
        base::Arena arena;
        console_.say(fmt::format("  not restored: table {}, {}: {}", conflict.table,
                                 dynamodb::key_digest(dynamodb::parse_item(conflict.key, arena)),
                                 conflict.reason));
    } else if (conflicts_ == kToldConflicts + 1) {
        console_.say("  ... and more; --verbose tells all, with keys and images");
    }
}

void PeopleListener::migration_ends(const migrate::PlannedMigration&,
                                    const migrate::HistoryRow& row) {
    console_.show_bar("");
    if (is_dry_) {
        return;  // the report tells
    }
    double seconds = std::chrono::duration<double>(clock_.steady_now() - began_).count();
    console_.say("  " + summary(row, seconds));
}

}  // namespace dynamigrate::cli
