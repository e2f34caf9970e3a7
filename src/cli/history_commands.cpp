#include "commands.hpp"
#include "confirm.hpp"
#include "local_time.hpp"
#include "output_text.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/dynamodb/wire.hpp>
#include <dynamigrate/migrate/history_editor.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using migrate::HistoryEdit;
using migrate::HistoryEditor;
using migrate::HistoryNote;
using migrate::HistoryRow;

constexpr double kMillisecondsOfASecond = 1000;

/// Another tool's history does not always tell when.
std::string time_text(const std::string& time) {
    return time.starts_with("1970") ? "unknown" : local_time(time);
}

std::string duration_text(const HistoryRow& row) {
    if (row.finished_at.empty() || row.finished_at <= row.started_at) {
        return "-";
    }
    auto took = base::parse_iso8601(row.finished_at) - base::parse_iso8601(row.started_at);
    return fmt::format("{:.1f} s", static_cast<double>(took.count()) / kMillisecondsOfASecond);
}

std::string row_line(const HistoryRow& row) {
    std::string state(migrate::to_string(row.status));
    state += row.interrupted ? ", interrupted" : "";
    std::string line =
        fmt::format("{}  {:>20}  {:<9} {:<12} {:>8}  {}", time_text(row.started_at), row.id,
                    row.action, state, duration_text(row), row.by.empty() ? row.layout : row.by);
    if (row.counts.read > 0) {
        line += fmt::format("; {} read, {} changed, {} quarantined", row.counts.read,
                            row.counts.changed, row.counts.quarantined);
    }
    if (row.read_units + row.write_units > 0) {
        line += fmt::format("; {:.1f} RCU, {:.1f} WCU", row.read_units, row.write_units);
    }
    return row.error.empty() ? line : line + "; " + row.error.substr(0, row.error.find('\n'));
}

std::string note_line(const HistoryNote& note) {
    return fmt::format("{}  {:>20}  {:<9} {:<12} {:>8}  {}; {}", time_text(note.at), "",
                       note.action, note.is_undone ? "undone" : "", "-", note.by, note.text);
}

void write(json::Writer& writer, const HistoryNote& note) {
    writer.begin_object();
    writer.key("at").string(note.at);
    writer.key("by").string(note.by);
    writer.key("action").string(note.action);
    writer.key("id").string(note.id);
    writer.key("run").string(note.run);
    writer.key("text").string(note.text);
    writer.key("undone").boolean(note.is_undone);
    writer.key("tool_version").string(note.tool_version);
    writer.end_object();
}

HistoryEditor make_editor(Session& session) {
    return HistoryEditor(session.registry, session.project.settings, session.wiring().world());
}

void print_history(Session& session, const std::vector<HistoryRow>& rows,
                   const std::vector<HistoryNote>& notes) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const HistoryRow& row : rows) {
        lines.emplace_back(row.started_at, row_line(row));
    }
    for (const HistoryNote& note : notes) {
        lines.emplace_back(note.at, note_line(note));
    }
    std::stable_sort(lines.begin(), lines.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (const auto& [time, line] : lines) {
        session.console.print(line);
    }
    if (lines.empty()) {
        session.console.print("none");
    }
}

void open(Session& session, bool needs_migrations) {
    session.open_project();
    session.load_migrations(needs_migrations);
    session.connect();
}

void print_edit(Session& session, const HistoryEdit& edit, bool is_done) {
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("action").string(edit.action);
            writer.key("done").boolean(is_done);
            writer.key("entries").begin_array();
            for (const HistoryEdit::Line& line : edit.lines) {
                writer.begin_object();
                writer.key("id").string(line.id);
                writer.key("what").string(line.what);
                writer.end_object();
            }
            writer.end_array();
        });
        return;
    }
    for (const HistoryEdit::Line& line : edit.lines) {
        session.console.print(
            fmt::format("{}{}: {}", is_done ? "" : "Dry Run: ", line.id, line.what));
    }
}

std::string question(const Session& session, const HistoryEdit& edit) {
    std::string text = fmt::format("Confirm {} {} of \"{}\" in the history of database \"{}\"",
                                   edit.lines.size(), edit.lines.size() == 1 ? "entry" : "entries",
                                   edit.action, session.project.database());
    if (!session.project.config.profile.empty()) {
        text += fmt::format(" using profile \"{}\"", session.project.config.profile);
    }
    text += ".\n\n";
    for (const HistoryEdit::Line& line : edit.lines) {
        text += fmt::format("{}: {}\n", line.id, line.what);
    }
    return text + "\nEnter [y] to confirm: ";
}

/// Shows, asks and does; a dry run shows only.
ExitCode carry_out(Session& session, HistoryEditor& editor, const HistoryEdit& edit,
                   const std::string& nothing) {
    if (edit.lines.empty() && !session.arguments.json) {
        session.console.print(nothing);
        return ExitCode::done;
    }
    if (edit.lines.empty() || session.arguments.dry) {
        print_edit(session, edit, false);
        return ExitCode::done;
    }
    if (!confirm(session, question(session, edit))) {
        return ExitCode::refused;
    }
    editor.apply(edit, [&](const std::string& line) { session.console.say(line); }, {});
    print_edit(session, edit, true);
    return ExitCode::done;
}

std::string required_word(const Session& session, std::size_t index, const std::string& usage) {
    if (session.arguments.words.size() <= index) {
        throw Error(ErrorKind::invalid_argument, fmt::format("usage: dynamigrate {}", usage))
            .at("the command line");
    }
    return session.arguments.words[index];
}

/// The key as logs name it.
std::string key_text(const Session& session, const std::string& key) {
    if (session.arguments.verbose) {
        return key;
    }
    base::Arena arena;
    return dynamodb::key_digest(dynamodb::parse_item(key, arena));
}

struct RunQuarantine {
    HistoryRow row;
    std::vector<backfill::QuarantinedItem> items;
};

/// Of the run, or of all runs that have such items.
std::vector<RunQuarantine> read_quarantine(Session& session) {
    const std::vector<std::string>& words = session.arguments.words;
    std::vector<RunQuarantine> found;
    bool is_known = words.empty();
    for (const HistoryRow& row : session.migrator().history()) {
        if (!words.empty() && !row.run.starts_with(words.front())) {
            continue;
        }
        is_known = true;
        std::vector<backfill::QuarantinedItem> items = session.migrator().quarantined(row.run);
        if (!items.empty()) {
            found.push_back({row, std::move(items)});
        }
    }
    if (!is_known) {
        throw Error(
            ErrorKind::not_found,
            fmt::format("there is no run {}; `dynamigrate runs` lists them", words.front()));
    }
    return found;
}

void write_quarantine(Session& session, const std::vector<RunQuarantine>& runs) {
    session.print_json([&](json::Writer& writer) {
        writer.key("quarantined").begin_array();
        for (const RunQuarantine& run : runs) {
            for (const backfill::QuarantinedItem& item : run.items) {
                writer.begin_object();
                writer.key("run").string(run.row.run);
                writer.key("id").string(run.row.id);
                writer.key("step").number(item.step);
                writer.key("table").string(item.table);
                writer.key("key").string(key_text(session, item.key));
                writer.key("reason").string(item.reason);
                writer.key("message").string(item.message);
                writer.end_object();
            }
        }
        writer.end_array();
    });
}

}  // namespace

ExitCode show_history(Session& session) {
    open(session, false);
    std::vector<HistoryRow> rows = session.migrator().history();
    std::vector<HistoryNote> notes = make_editor(session).notes();
    if (!session.arguments.json) {
        print_history(session, rows, notes);
        return ExitCode::done;
    }
    session.print_json([&](json::Writer& writer) {
        writer.key("history").begin_array();
        for (const HistoryRow& row : rows) {
            write(writer, row);
        }
        writer.end_array();
        writer.key("notes").begin_array();
        for (const HistoryNote& note : notes) {
            write(writer, note);
        }
        writer.end_array();
    });
    return ExitCode::done;
}

ExitCode show_quarantine(Session& session) {
    open(session, false);
    std::vector<RunQuarantine> runs = read_quarantine(session);
    if (session.arguments.json) {
        write_quarantine(session, runs);
        return ExitCode::done;
    }
    for (const RunQuarantine& run : runs) {
        session.console.print(fmt::format("{} ({} of {}, {})", run.row.run, run.row.action,
                                          run.row.id, migrate::to_string(run.row.status)));
        for (const backfill::QuarantinedItem& item : run.items) {
            session.console.print(fmt::format("  step {}  {} {}: {}: {}", item.step + 1, item.table,
                                              key_text(session, item.key), item.reason,
                                              item.message));
        }
    }
    if (runs.empty()) {
        session.console.print("none");
    } else {
        session.console.say(session.arguments.verbose
                                ? "`dynamigrate retry-failed` tries them again"
                                : "`dynamigrate retry-failed` tries them again; --verbose shows "
                                  "the keys");
    }
    return ExitCode::done;
}

ExitCode enter_baseline(Session& session) {
    std::string version = required_word(session, 0, "baseline VERSION");
    open(session, true);
    HistoryEditor editor = make_editor(session);
    return carry_out(session, editor, editor.plan_baseline(version),
                     fmt::format("All versions up to {} are applied", version));
}

ExitCode mark(Session& session) {
    static constexpr std::string_view kUsage = "mark applied|rolled-back VERSION";
    std::string state = required_word(session, 0, std::string(kUsage));
    std::string id = required_word(session, 1, std::string(kUsage));
    if (state != "applied" && state != "rolled-back") {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("a migration is marked as applied or as rolled-back, not as "
                                "\"{}\"; usage: dynamigrate {}",
                                state, kUsage))
            .at("the command line");
    }
    open(session, false);
    HistoryEditor editor = make_editor(session);
    return carry_out(session, editor, editor.plan_mark(state == "applied", id),
                     fmt::format("{} is {} already", id, state));
}

ExitCode repair(Session& session) {
    open(session, true);
    HistoryEditor editor = make_editor(session);
    return carry_out(session, editor, editor.plan_repair(), "Nothing to repair");
}

ExitCode adopt(Session& session) {
    const Arguments& arguments = session.arguments;
    if (arguments.from.empty() != arguments.take_back) {
        throw Error(ErrorKind::invalid_argument,
                    "adopt needs the layout that the history has now: --from LAYOUT[:TABLE], or "
                    "--undo alone")
            .at("the command line");
    }
    auto from = migrate::LayoutPlace::parse(arguments.take_back ? "native" : arguments.from);
    auto to = migrate::LayoutPlace::parse(arguments.to.empty() ? "native" : arguments.to);
    open(session, false);
    HistoryEditor editor = make_editor(session);
    HistoryEdit edit = arguments.take_back ? editor.plan_undo_adopt() : editor.plan_adopt(from, to);
    ExitCode code = carry_out(session, editor, edit, "Nothing to adopt");
    bool is_done = code == ExitCode::done && !edit.lines.empty() && !arguments.dry;
    if (is_done && !arguments.take_back) {
        session.console.say(
            fmt::format("`dynamigrate adopt --undo` takes it back; the "
                        "configuration says `history: {{ layout: {} }}`",
                        session.project.settings.history_layout));
    }
    return code;
}

}  // namespace dynamigrate::cli
