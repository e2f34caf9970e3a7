#include "commands.hpp"
#include "confirm.hpp"
#include "local_time.hpp"
#include "output_text.hpp"

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using migrate::HistoryRow;

constexpr std::size_t kRecentRuns = 20;

std::string state(const HistoryRow& row) {
    if (!row.undone.empty() && row.undoes.empty()) {
        return fmt::format("{}, undone {}", migrate::to_string(row.status), row.undone);
    }
    return row.interrupted ? fmt::format("{}, interrupted", migrate::to_string(row.status))
                           : std::string(migrate::to_string(row.status));
}

std::string row_line(const HistoryRow& row) {
    return fmt::format("{}  {:<12} {:<8} {:>20}  {}", row.run, state(row), row.action, row.id,
                       local_time(row.started_at));
}

void print_runs(Session& session, const std::vector<HistoryRow>& rows) {
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("runs").begin_array();
            for (const HistoryRow& row : rows) {
                write(writer, row);
            }
            writer.end_array();
        });
        return;
    }
    for (const HistoryRow& row : rows) {
        session.console.print(row_line(row));
    }
    if (rows.empty()) {
        session.console.print("none");
    }
}

/// All that are unfinished and the most recent others, oldest first.
std::vector<HistoryRow> recent_runs(Session& session) {
    std::vector<HistoryRow> rows = session.migrator().history();
    std::vector<migrate::UnfinishedRun> unfinished = session.migrator().unfinished();
    std::size_t position = 0;
    std::size_t old = rows.size() - std::min(rows.size(), kRecentRuns);
    std::erase_if(rows, [&](const HistoryRow& row) {
        bool is_unfinished = std::any_of(unfinished.begin(), unfinished.end(),
                                         [&](const auto& run) { return run.row.run == row.run; });
        return position++ < old && !is_unfinished;
    });
    return rows;
}

HistoryRow find_run(Session& session, const std::string& run) {
    std::vector<HistoryRow> rows = session.migrator().history();
    auto found = std::find_if(rows.rbegin(), rows.rend(),
                              [&](const HistoryRow& row) { return row.run.starts_with(run); });
    if (found == rows.rend()) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no run {}; `dynamigrate runs` lists them", run));
    }
    return *found;
}

void print_details(Session& session, const HistoryRow& row) {
    auto line = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) {
            session.console.print(fmt::format("{:<12} {}", name, value));
        }
    };
    line("run", row.run);
    line("migration",
         row.description.empty() ? row.id : fmt::format("{} - {}", row.id, row.description));
    line("file", row.path);
    line("action", row.action);
    line("status", state(row));
    line("started", local_time(row.started_at));
    line("finished", local_time(row.finished_at));
    line("by", row.by);
    line("execution", row.execution);
    line("attempt", std::to_string(row.attempt));
    line("steps done", std::to_string(row.steps_done));
    line("items", fmt::format("{} read, {} changed, {} unchanged, {} conflicts, {} quarantined",
                              row.counts.read, row.counts.changed, row.counts.unchanged,
                              row.counts.conflicts, row.counts.quarantined));
    line("capacity", fmt::format("{:.1f} RCU, {:.1f} WCU", row.read_units, row.write_units));
    if (row.turns_used.is_any()) {
        migrate::CloudUsage used = row.turns_used;
        used += row.segments_used;
        line("cloud", fmt::format("{} calls, {} of them for segments; {:.1f} s of the function; {} "
                                  "bytes of journal; about {:.4f} {}",
                                  used.calls, row.segments_used.calls, used.seconds,
                                  used.journal_bytes, row.cost, row.currency));
    }
    line("undoes", row.undoes);
    line("undone", row.undone);
    line("journal", row.journal);
    line("removed", row.journal_purged_at);
    line("error", row.error);
}

/// The key as logs name it.
std::string digest(const std::string& key) {
    base::Arena arena;
    return dynamodb::key_digest(dynamodb::parse_item(key, arena));
}

void print_run(Session& session, const HistoryRow& row) {
    std::vector<backfill::QuarantinedItem> items = session.migrator().quarantined(row.run);
    std::vector<migrate::TableBackup> backups = session.migrator().backups(row.run);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("run");
            write(writer, row);
            writer.key("quarantined").begin_array();
            for (const backfill::QuarantinedItem& item : items) {
                write(writer, item);
            }
            writer.end_array().key("backups").begin_array();
            for (const migrate::TableBackup& backup : backups) {
                writer.begin_object().key("table").string(backup.table);
                writer.key("name").string(backup.name);
                writer.key("arn").string(backup.arn).end_object();
            }
            writer.end_array();
        });
        return;
    }
    print_details(session, row);
    for (const migrate::TableBackup& backup : backups) {
        session.console.print(
            fmt::format("backup       {} {} {}", backup.table, backup.name, backup.arn));
    }
    for (const backfill::QuarantinedItem& item : items) {
        session.console.print(fmt::format("quarantined  {} {}: {}: {}", item.table,
                                          session.arguments.verbose ? item.key : digest(item.key),
                                          item.reason, item.message));
    }
    if (!items.empty() && !session.arguments.verbose) {
        session.console.say("--verbose shows the keys");
    }
}

void print_unlocked(Session& session, const migrate::LockOwner* owner) {
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("unlocked").boolean(owner != nullptr);
            if (owner) {
                writer.key("owner");
                write(writer, *owner);
            }
        });
    } else {
        session.console.print(owner ? "Unlocked" : "Not locked");
    }
}

}  // namespace

ExitCode show_runs(Session& session) {
    session.open_project();
    session.load_migrations(false);
    session.connect();
    if (session.arguments.words.empty()) {
        print_runs(session, recent_runs(session));
    } else {
        print_run(session, find_run(session, session.arguments.words.front()));
    }
    return ExitCode::done;
}

ExitCode unlock(Session& session) {
    session.open_project();
    session.load_migrations(false);
    session.connect();
    std::optional<migrate::LockOwner> owner = session.migrator().lock_owner();
    if (!owner) {
        print_unlocked(session, nullptr);
        return ExitCode::done;
    }
    session.console.report(
        fmt::format("locked by {} since {}{}{}", owner->owner, local_time(owner->since),
                    owner->run.empty() ? "" : ", run " + owner->run,
                    owner->identity.is_dead_here() ? " (that process is gone)" : ""));
    bool may_unlock = session.arguments.yes || session.arguments.force ||
                      ask_yes(session.console, "Remove the lock? Enter [y] to confirm: ");
    if (!may_unlock) {
        session.console.report("Exiting");
        return ExitCode::refused;
    }
    session.migrator().unlock();
    print_unlocked(session, &*owner);
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
