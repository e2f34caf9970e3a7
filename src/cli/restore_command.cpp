#include "commands.hpp"
#include "database.hpp"
#include "local_time.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/restore.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using migrate::HistoryRow;
using migrate::RestoreGuide;

/// The run whose beginning of the id was given, else the last one that applied something.
HistoryRow chosen_run(Session& session) {
    std::vector<HistoryRow> rows = session.migrator().history();
    const std::vector<std::string>& words = session.arguments.words;
    auto found = std::find_if(rows.rbegin(), rows.rend(), [&](const HistoryRow& row) {
        return words.empty() ? row.action != "down" : row.run.starts_with(words.front());
    });
    if (found == rows.rend()) {
        throw Error(ErrorKind::not_found,
                    words.empty() ? std::string("there is no run yet to go back before")
                                  : fmt::format("there is no run {}; `dynamigrate runs` lists them",
                                                words.front()));
    }
    return *found;
}

/// Those that the migration works on, and those that were backed up for it.
std::set<std::string> tables_of(Session& session, const HistoryRow& row,
                                const std::vector<migrate::TableBackup>& backups) {
    std::set<std::string> tables;
    for (const migrate::TableBackup& backup : backups) {
        tables.insert(backup.table);
    }
    if (const migrate::Migration* migration = session.registry.find(row.id)) {
        for (const migrate::StepPtr& step : migration->up_steps()) {
            for (const std::string& table : session.tables().names_of(*migration, *step)) {
                tables.insert(table);
            }
        }
    }
    tables.erase("");
    return tables;
}

/// What the AWS CLI must be told to reach the same database.
std::string cli_options(Session& session, std::vector<std::string>& remarks) {
    const Project& project = session.project;
    std::string options;
    if (project.is_embedded()) {
        remarks.push_back(fmt::format(
            "the embedded store answers the AWS CLI while `dynamigrate serve --store {}` runs",
            migrate::shell_word(embedded_directory(project).string())));
        options = "--endpoint-url http://127.0.0.1:8000";
    } else if (!project.endpoint.empty()) {
        options = "--endpoint-url " + migrate::shell_word(project.endpoint);
    }
    if (!project.region.empty()) {
        options += (options.empty() ? "--region " : " --region ") + project.region;
    }
    if (!project.config.aws_profile.empty()) {
        options += (options.empty() ? "--profile " : " --profile ") +
                   migrate::shell_word(project.config.aws_profile);
    }
    return options;
}

void print(Session& session, const HistoryRow& row, const std::vector<RestoreGuide>& guides) {
    session.console.print(fmt::format("Before run {} of {} ({}, {})", row.run, row.id, row.action,
                                      local_time(row.started_at)));
    for (const RestoreGuide& guide : guides) {
        session.console.print("");
        session.console.print(
            guide.is_possible ? fmt::format("table {} to a new table {}", guide.table, guide.target)
                              : fmt::format("table {}", guide.table));
        for (const migrate::RestoreCommand& command : guide.commands) {
            session.console.print(fmt::format("  # {}\n  {}", command.purpose, command.command));
        }
        for (const std::string& remark : guide.remarks) {
            session.console.print(fmt::format("  - {}", remark));
        }
    }
}

void print_json(Session& session, const HistoryRow& row, const std::vector<RestoreGuide>& guides) {
    session.print_json([&](json::Writer& writer) {
        writer.key("run").string(row.run).key("migration").string(row.id);
        writer.key("started_at").string(row.started_at).key("tables").begin_array();
        for (const RestoreGuide& guide : guides) {
            writer.begin_object().key("table").string(guide.table);
            writer.key("target").string(guide.target);
            writer.key("possible").boolean(guide.is_possible).key("commands").begin_array();
            for (const migrate::RestoreCommand& command : guide.commands) {
                writer.begin_object().key("purpose").string(command.purpose);
                writer.key("command").string(command.command).end_object();
            }
            writer.end_array().key("remarks").begin_array();
            for (const std::string& remark : guide.remarks) {
                writer.string(remark);
            }
            writer.end_array().end_object();
        }
        writer.end_array();
    });
}

}  // namespace

ExitCode show_restore(Session& session) {
    session.open_project();
    session.load_migrations(false);
    session.connect();
    HistoryRow row = chosen_run(session);
    std::vector<migrate::TableBackup> backups = session.migrator().backups(row.run);
    std::vector<std::string> remarks;
    std::string options = cli_options(session, remarks);
    std::vector<RestoreGuide> guides;
    for (const std::string& table : tables_of(session, row, backups)) {
        RestoreGuide guide;
        guide.table = table;
        if (session.tables().find(table) == nullptr) {
            guide.remarks.push_back("there is no such table now");
        } else {
            guide = migrate::restore_guide(
                migrate::restore_facts(session.wiring().service(), table, row, backups), options);
            guide.remarks.insert(guide.remarks.end(), remarks.begin(), remarks.end());
        }
        guides.push_back(std::move(guide));
    }
    session.arguments.json ? print_json(session, row, guides) : print(session, row, guides);
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
