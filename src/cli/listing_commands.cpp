#include "commands.hpp"
#include "local_time.hpp"
#include "output_text.hpp"
#include "progress_command.hpp"

#include <dynamigrate/migrate/owed_capacity.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

constexpr std::string_view kListHeader =
    "Date                                Version   Description";

std::string what_then(const migrate::UnfinishedRun& run) {
    return run.owner_is_dead
               ? fmt::format("; `dynamigrate resume {}`", run.row.run)
               : fmt::format(", its runner lives; `dynamigrate status --watch {}`", run.row.run);
}

void say_unfinished(Session& session) {
    for (const migrate::UnfinishedRun& run : session.migrator().unfinished()) {
        session.console.say(fmt::format("unfinished: {} of {} is {}{}", run.row.action, run.row.id,
                                        run.state(), what_then(run)));
    }
}

std::vector<migrate::OwedCapacity> raised_capacities(Session& session) {
    return migrate::owed_capacities(session.wiring().world(), session.project.settings);
}

void say_raised(Session& session, const std::vector<migrate::OwedCapacity>& all) {
    for (const migrate::OwedCapacity& owed : all) {
        session.console.say(fmt::format(
            "raised: the capacity of table {}, by run {}; it had {}; the next run gives it back, "
            "or set it yourself",
            owed.table, owed.run, owed.before));
    }
}

/// Versions that came late: what the policy makes of them.
void say_late(Session& session, const std::vector<migrate::LateVersion>& late) {
    migrate::OutOfOrder policy = session.project.settings.out_of_order;
    for (const migrate::LateVersion& version : late) {
        if (policy != migrate::OutOfOrder::allow) {
            session.console.say(fmt::format(
                "out of order: {} is outstanding, but the later version {} is applied; {}",
                version.migration->id(), version.later,
                policy == migrate::OutOfOrder::ignore
                    ? "\"out_of_order: ignore\" skips it"
                    : "`up` refuses it unless \"out_of_order\" is allow or ignore"));
        }
    }
}

void write_late(json::Writer& writer, Session& session,
                const std::vector<migrate::LateVersion>& late) {
    writer.key("out_of_order").begin_object();
    writer.key("policy").string(to_string(session.project.settings.out_of_order));
    writer.key("versions").begin_array();
    for (const migrate::LateVersion& version : late) {
        writer.string(version.migration->id());
    }
    writer.end_array().end_object();
}

void write_raised(json::Writer& writer, const std::vector<migrate::OwedCapacity>& raised) {
    if (raised.empty()) {
        return;
    }
    writer.key("raised").begin_array();
    for (const migrate::OwedCapacity& owed : raised) {
        writer.begin_object().key("table").string(owed.table).key("run").string(owed.run);
        writer.key("before").string(owed.before).end_object();
    }
    writer.end_array();
}

/// The run that is at work, if any.
void write_run(json::Writer& writer, Session& session) {
    try {
        const migrate::RunProgress progress = migrate::read_progress(
            session.wiring().world(), session.project.settings, session.registry);
        if (progress.is_at_work) {
            writer.key("run");
            write(writer, progress);
        }
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::not_found) {
            throw;
        }
    }
}

const std::string& date_of(const migrate::HistoryRow& row) {
    return row.finished_at.empty() ? row.started_at : row.finished_at;
}

std::vector<migrate::HistoryRow> applied_by_date(Session& session) {
    std::vector<migrate::HistoryRow> rows = session.migrator().applied();
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return date_of(a) < date_of(b); });
    return rows;
}

void print_ids(Session& session, std::string_view member, const std::vector<std::string>& ids) {
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key(member).begin_array();
            for (const std::string& id : ids) {
                writer.string(id);
            }
            writer.end_array();
        });
        return;
    }
    for (const std::string& id : ids) {
        session.console.print(id);
    }
    if (ids.empty()) {
        session.console.print("none");
    }
}

}  // namespace

ExitCode show_status(Session& session) {
    if (session.arguments.watch) {
        return watch_run(session);
    }
    if (!session.arguments.words.empty()) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "status takes a run with --watch only; `dynamigrate runs RUN` shows one");
    }
    session.open_project();
    session.load_migrations(session.arguments.exit_code);
    session.connect();
    std::string version = session.migrator().current_version();
    std::size_t outstanding = 0;
    if (session.arguments.exit_code || session.arguments.json) {
        outstanding = session.migrator().outstanding().size();
    }
    std::vector<migrate::LateVersion> late = session.migrator().late();
    const std::vector<migrate::OwedCapacity> raised = raised_capacities(session);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("version").string(version);
            writer.key("outstanding").number(outstanding);
            writer.key("table").string(session.project.settings.default_table);
            writer.key("endpoint").string(session.wiring().database().location());
            writer.key("profile").string(session.project.config.profile);
            write_late(writer, session, late);
            write_run(writer, session);
            write_raised(writer, raised);
        });
    } else {
        session.console.print(version);
    }
    say_unfinished(session);
    say_raised(session, raised);
    say_late(session, late);
    return session.arguments.exit_code && outstanding > 0 ? ExitCode::outstanding : ExitCode::done;
}

ExitCode list_applied(Session& session) {
    session.open_project();
    session.load_migrations(false);
    session.connect();
    std::vector<migrate::HistoryRow> rows = applied_by_date(session);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("applied").begin_array();
            for (const migrate::HistoryRow& row : rows) {
                write(writer, row);
            }
            writer.end_array();
        });
        return ExitCode::done;
    }
    if (rows.empty()) {
        session.console.print("No migrations applied");
        return ExitCode::done;
    }
    if (!session.console.is_quiet()) {
        session.console.print(kListHeader);
    }
    for (const migrate::HistoryRow& row : rows) {
        session.console.print(session.console.is_quiet()
                                  ? row.id
                                  : fmt::format("{}  {:>20}   {}", local_time(date_of(row)), row.id,
                                                row.description));
    }
    return ExitCode::done;
}

ExitCode list_outstanding(Session& session) {
    session.open_project();
    session.load_migrations(true);
    session.connect();
    std::vector<std::string> ids;
    for (const migrate::Migration* migration : session.migrator().outstanding()) {
        ids.push_back(migration->id());
    }
    print_ids(session, "outstanding", ids);
    return ExitCode::done;
}

ExitCode list_named(Session& session) {
    session.open_project();
    session.load_migrations(true);
    std::vector<std::string> ids;
    for (const migrate::Migration& migration : session.registry.all()) {
        if (migration.is_named()) {
            ids.push_back(migration.id());
        }
    }
    print_ids(session, "named", ids);
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
