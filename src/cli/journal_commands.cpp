#include "commands.hpp"
#include "confirm.hpp"
#include "lines_listener.hpp"
#include "local_time.hpp"
#include "output_text.hpp"
#include "signals.hpp"

#include <dynamigrate/authoring/config.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <fmt/format.h>

#include <array>
#include <map>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using layers::EntryOutcome;
using layers::JournalEntry;
using layers::JournalPage;
using migrate::HistoryRow;

std::string_view kind_text(layers::EntryKind kind) {
    static constexpr std::array<std::string_view, 9> kTexts{
        "update",        "insert",        "remove",      "replace",    "action_update",
        "action_insert", "action_remove", "move_remove", "move_insert"};
    return kTexts.at(static_cast<std::size_t>(kind));
}

std::string_view outcome_text(EntryOutcome outcome) {
    static constexpr std::array<std::string_view, 5> kTexts{"unsettled", "applied", "guard_failed",
                                                            "rejected", "unknown"};
    return kTexts.at(static_cast<std::size_t>(outcome));
}

std::string time_text(const JournalPage& page) {
    return page.time == base::WallTime{} ? "" : base::to_iso8601(page.time);
}

void write_entry(json::Writer& writer, const JournalPage& page, const JournalEntry& entry,
                 EntryOutcome outcome) {
    writer.begin_object();
    writer.key("time").string(time_text(page));
    writer.key("step").number(page.step % 1'000'000);
    writer.key("table").string(entry.table);
    writer.key("digest").string(dynamodb::key_digest(entry.key));
    writer.key("key").raw(dynamodb::to_wire_json(entry.key));
    writer.key("kind").string(kind_text(entry.kind));
    writer.key("outcome").string(outcome_text(outcome));
    writer.key("before").raw(dynamodb::to_wire_json(entry.before));
    writer.key("after").raw(dynamodb::to_wire_json(entry.after));
    writer.end_object();
}

void print_entry(Session& session, const JournalPage& page, const JournalEntry& entry,
                 EntryOutcome outcome) {
    const bool is_verbose = session.arguments.verbose;
    const std::string time = time_text(page);
    session.console.print(fmt::format(
        "{:<24}  {:<13}  {:<12}  {}  {}", time.empty() ? "-" : time, kind_text(entry.kind),
        outcome_text(outcome), entry.table,
        is_verbose ? dynamodb::to_wire_json(entry.key) : dynamodb::key_digest(entry.key)));
    if (is_verbose) {
        session.console.print("  before " + dynamodb::to_wire_json(entry.before));
        session.console.print("  after  " + dynamodb::to_wire_json(entry.after));
    }
}

std::uint64_t bytes_of(const HistoryRow& row) {
    std::uint64_t bytes = 0;
    for (const layers::PartSummary& part : row.parts) {
        bytes += part.bytes;
    }
    return bytes;
}

std::uint64_t entries_of(const HistoryRow& row) {
    std::uint64_t entries = 0;
    for (const layers::PartSummary& part : row.parts) {
        entries += part.entries;
    }
    return entries;
}

/// The journals of all runs, as their rows tell of them.
void list_journals(Session& session) {
    std::vector<HistoryRow> rows = session.migrator().history();
    std::erase_if(rows, [](const HistoryRow& row) { return row.journal.empty(); });
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("journals").begin_array();
            for (const HistoryRow& row : rows) {
                writer.begin_object();
                writer.key("run").string(row.run).key("id").string(row.id);
                writer.key("location").string(row.journal);
                writer.key("removed_at").string(row.journal_purged_at);
                writer.key("parts").number(row.parts.size());
                writer.key("entries").number(entries_of(row));
                writer.key("bytes").number(bytes_of(row)).end_object();
            }
            writer.end_array();
        });
        return;
    }
    for (const HistoryRow& row : rows) {
        session.console.print(row.journal_purged_at.empty()
                                  ? fmt::format("{}  {:>20}  {:>9} entries {:>12} bytes  {}",
                                                row.run, row.id, entries_of(row), bytes_of(row),
                                                row.journal)
                                  : fmt::format("{}  {:>20}  removed {}", row.run, row.id,
                                                local_time(row.journal_purged_at)));
    }
    if (rows.empty()) {
        session.console.print("none");
    }
}

void print_one_entry(Session& session, const JournalPage& page, const JournalEntry& entry,
                     EntryOutcome outcome) {
    if (!session.arguments.json) {
        print_entry(session, page, entry, outcome);
        return;
    }
    std::string text;
    json::Writer writer(text);
    write_entry(writer, page, entry, outcome);
    session.console.print(text);
}

ExitCode show_journal(Session& session, const std::string& run) {
    if (run.empty()) {
        list_journals(session);
        return ExitCode::done;
    }
    std::uint64_t left = session.arguments.limit.value_or(0);
    const bool has_limit = left > 0;
    bool is_cut = false;
    session.migrator().read_journal(
        run, [&](const JournalPage& page, const JournalEntry& entry, EntryOutcome outcome) {
            if (has_limit && left-- == 0) {
                is_cut = true;
                return false;
            }
            print_one_entry(session, page, entry, outcome);
            return true;
        });
    if (is_cut) {
        session.console.say("there are more entries than --limit shows");
    } else if (!session.arguments.verbose && !session.arguments.json) {
        session.console.say("--verbose shows keys and images");
    }
    return ExitCode::done;
}

void write_check(json::Writer& writer, const migrate::JournalCheck& check) {
    writer.begin_object();
    writer.key("run").string(check.row.run).key("id").string(check.row.id);
    writer.key("location").string(check.location);
    writer.key("entries").number(check.entries);
    writer.key("parts").begin_array();
    for (const layers::PartSummary& part : check.parts) {
        writer.begin_object().key("name").string(part.name).key("bytes").number(part.bytes);
        writer.key("entries").number(part.entries).end_object();
    }
    writer.end_array();
    const std::array lists{std::pair{"torn", &check.torn}, std::pair{"damages", &check.damages}};
    for (const auto& [name, texts] : lists) {
        writer.key(name).begin_array();
        for (const std::string& text : *texts) {
            writer.string(text);
        }
        writer.end_array();
    }
    writer.end_object();
}

void print_check(Session& session, const migrate::JournalCheck& check) {
    session.console.print(fmt::format("{}  {:>20}  {} {}, {} entries: {}", check.row.run,
                                      check.row.id, check.parts.size(),
                                      check.parts.size() == 1 ? "part" : "parts", check.entries,
                                      check.damages.empty() ? "sound" : "damaged"));
    for (const std::string& part : check.torn) {
        session.console.print(
            fmt::format("  {}: its end was cut off; everything before it counts", part));
    }
    for (const std::string& damage : check.damages) {
        session.console.print("  " + damage);
    }
}

/// All whose journals are here, or the named one.
ExitCode verify_journals(Session& session, const std::string& run) {
    std::vector<std::string> runs{run};
    if (run.empty()) {
        runs.clear();
        for (const HistoryRow& row : session.migrator().history()) {
            if (!row.journal.empty() && row.journal_purged_at.empty()) {
                runs.push_back(row.run);
            }
        }
    }
    std::vector<migrate::JournalCheck> checks;
    bool is_sound = true;
    for (const std::string& each : runs) {
        try {
            checks.push_back(session.migrator().check_journal(each));
        } catch (const Error& error) {
            if (!run.empty() || error.kind() != ErrorKind::failed_precondition) {
                throw;
            }
            session.console.report(error.message());
            continue;
        }
        is_sound = is_sound && checks.back().damages.empty();
    }
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("journals").begin_array();
            for (const migrate::JournalCheck& check : checks) {
                write_check(writer, check);
            }
            writer.end_array();
        });
    } else {
        for (const migrate::JournalCheck& check : checks) {
            print_check(session, check);
        }
        if (checks.empty()) {
            session.console.print("none");
        }
    }
    return is_sound ? ExitCode::done : ExitCode::invalid;
}

std::optional<base::WallTime> age_limit(Session& session) {
    std::optional<std::chrono::hours> age = session.project.settings.journal_retention;
    if (!session.arguments.older_than.empty()) {
        age = authoring::parse_age(session.arguments.older_than);
        if (!age) {
            throw Error(ErrorKind::invalid_argument,
                        "--older-than takes hours, days or weeks, such as 30d, not \"" +
                            session.arguments.older_than + "\"");
        }
    }
    return age ? std::optional(session.wiring().world().clock->now() - *age) : std::nullopt;
}

void print_purged(Session& session, const std::vector<migrate::PurgedJournal>& journals) {
    const bool is_dry = session.arguments.dry;
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("dry").boolean(is_dry).key("removed").begin_array();
            for (const migrate::PurgedJournal& journal : journals) {
                writer.begin_object().key("run").string(journal.row.run);
                writer.key("id").string(journal.row.id);
                writer.key("location").string(journal.row.journal);
                writer.key("bytes").number(journal.bytes).end_object();
            }
            writer.end_array();
        });
    } else {
        session.console.print(fmt::format("{} {} {}", is_dry ? "Would remove" : "Removed",
                                          journals.size(),
                                          journals.size() == 1 ? "journal" : "journals"));
    }
}

ExitCode purge_journals(Session& session, const std::string& run) {
    const std::optional<base::WallTime> before = age_limit(session);
    if (run.empty() && !before) {
        throw Error(ErrorKind::invalid_argument,
                    "say which journals: a run, --older-than 30d, or `journal: {retention: 30d}` "
                    "in the configuration");
    }
    const std::vector<migrate::PurgedJournal> journals =
        session.migrator().purgeable(run, run.empty() ? before : std::nullopt);
    for (const migrate::PurgedJournal& journal : journals) {
        session.console.report(fmt::format("{}  {:>20}  {} bytes  {}", journal.row.run,
                                           journal.row.id, journal.bytes, journal.row.journal));
    }
    const bool may_purge = journals.empty() || session.arguments.dry || session.arguments.yes ||
                           session.arguments.force ||
                           ask_yes(session.console,
                                   "Remove them? What these runs changed can then not be undone "
                                   "from a journal. Enter [y] to confirm: ");
    if (!may_purge) {
        session.console.report("Exiting");
        return ExitCode::refused;
    }
    if (!session.arguments.dry) {
        LinesListener listener([&](const std::string& text) { session.console.say(text); });
        SignalWatch signals([](int) {});
        session.migrator().purge(journals, listener, signals.stop());
    }
    print_purged(session, journals);
    return ExitCode::done;
}

}  // namespace

ExitCode journal(Session& session) {
    const std::vector<std::string>& words = session.arguments.words;
    const std::string what = words.empty() ? "show" : words.front();
    const std::string run = words.size() > 1 ? words[1] : "";
    if (what != "show" && what != "verify" && what != "purge") {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("`journal` takes show, verify or purge, not \"{}\"", what));
    }
    session.open_project();
    session.load_migrations(false);
    session.connect();
    if (what == "show") {
        return show_journal(session, run);
    }
    return what == "verify" ? verify_journals(session, run) : purge_journals(session, run);
}

}  // namespace dynamigrate::cli
