#include "far_onetable.hpp"

#include "commands.hpp"

#include <dynamigrate/cloud/answer.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using cloud::OneTableCommand;
using cloud::OneTableRequest;
using migrate::HistoryRow;

const std::string& date_of(const HistoryRow& row) {
    return row.finished_at.empty() ? row.started_at : row.finished_at;
}

std::vector<HistoryRow> applied_by_date(Session& session) {
    std::vector<HistoryRow> rows = session.migrator().applied();
    std::ranges::stable_sort(rows, {}, date_of);
    return rows;
}

template <class Elements, class Write>
std::string list_of(const Elements& elements, std::size_t limit, Write&& write) {
    std::string body;
    json::Writer writer(body);
    writer.begin_array();
    std::size_t count = 0;
    for (const auto& element : elements) {
        if (limit == 0 || count++ < limit) {
            write(writer, element);
        }
    }
    writer.end_array();
    return body;
}

std::string past_migrations(Session& session, std::size_t limit) {
    return list_of(applied_by_date(session), limit,
                   [](json::Writer& writer, const HistoryRow& row) {
                       writer.begin_object().key("version").string(row.id);
                       writer.key("description").string(row.description);
                       writer.key("date").string(date_of(row));
                       writer.key("path").string(row.path);
                       writer.key("status").string("success").end_object();
                   });
}

std::string past_versions(Session& session, std::size_t limit) {
    std::vector<HistoryRow> rows = session.migrator().applied();  // by version, then name
    std::erase_if(rows, [](const HistoryRow& row) { return !migrate::Version::parse(row.id); });
    return list_of(rows, limit,
                   [](json::Writer& writer, const HistoryRow& row) { writer.string(row.id); });
}

void write_migration(json::Writer& writer, const migrate::Migration& migration) {
    writer.begin_object().key("version").string(migration.id());
    writer.key("description").string(migration.description());
    writer.key("path").string(migration.path()).end_object();
}

std::string outstanding(Session& session, std::size_t limit, bool is_whole) {
    return list_of(session.migrator().outstanding(), limit,
                   [&](json::Writer& writer, const migrate::Migration* migration) {
                       if (is_whole) {
                           write_migration(writer, *migration);
                       } else {
                           writer.string(migration->id());
                       }
                   });
}

std::string named_versions(Session& session, std::size_t limit) {
    std::vector<std::string> names;
    for (const migrate::Migration& migration : session.registry.all()) {
        if (migration.is_named()) {
            names.push_back(migration.id());
        }
    }
    return list_of(names, limit,
                   [](json::Writer& writer, const std::string& name) { writer.string(name); });
}

std::string answer_question(const OneTableRequest& request, Session& session) {
    switch (request.command) {
        case OneTableCommand::past_migrations:
            return past_migrations(session, request.limit);
        case OneTableCommand::past_versions:
            return past_versions(session, request.limit);
        case OneTableCommand::outstanding_migrations:
            return outstanding(session, request.limit, true);
        case OneTableCommand::outstanding_versions:
            return outstanding(session, request.limit, false);
        case OneTableCommand::named_versions:
            return named_versions(session, request.limit);
        default:
            break;
    }
    std::string body;
    json::Writer(body).string(session.migrator().current_version());
    return body;
}

/// The request's table must be one that this function's project knows.
void check_table(const OneTableRequest& request, const Project& project) {
    const migrate::Settings& settings = project.settings;
    const bool is_known = request.table.empty() || settings.default_table == request.table ||
                          settings.tables.contains(request.table) ||
                          std::ranges::any_of(settings.tables, [&](const auto& table) {
                              return table.second == request.table;
                          });
    if (!is_known) {
        throw Error(ErrorKind::not_found,
                    fmt::format("No migrations defined for {}", request.table));
    }
}

Arguments arguments_of(const OneTableRequest& request) {
    Arguments arguments;
    arguments.yes = true;
    arguments.quiet = true;
    arguments.dry = request.dry;
    if (!request.cipher.empty() && !request.password.empty()) {
        arguments.crypto = request.cipher + ":" + request.password;
    }
    return arguments;
}

/// The highest version that stands below this one; "0.0.0" when there is none.
std::string version_below(Session& session, const std::string& version) {
    const std::optional<migrate::Version> limit = migrate::Version::parse(version);
    std::string below = "0.0.0";
    for (const HistoryRow& row : session.migrator().applied()) {
        const std::optional<migrate::Version> known = migrate::Version::parse(row.id);
        if (known && limit && *known < *limit) {
            below = row.id;
        }
    }
    return below;
}

bool is_unfinished(Session& session, const std::string& id) {
    const std::vector<migrate::UnfinishedRun> runs = session.migrator().unfinished();
    return std::ranges::any_of(runs, [&](const auto& run) { return run.row.id == id; });
}

bool is_applied(Session& session, const std::string& id) {
    const std::vector<HistoryRow> rows = session.migrator().applied();
    return std::ranges::any_of(rows, [&](const HistoryRow& row) { return row.id == id; });
}

void check_repeat(Session& session, const std::string& id) {
    const std::vector<HistoryRow> rows = applied_by_date(session);
    if (!id.empty() && (rows.empty() || rows.back().id != id)) {
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("only the migration that was applied last can be repeated, which is "
                        "{}, not {}",
                        rows.empty() ? "none" : rows.back().id, id));
    }
}

/// Sets what the command line would be told to do; false when it is done already: a request that was
/// sent twice does not run twice.
bool set_command(const OneTableRequest& request, const std::string& id, Session& session,
                 Arguments& arguments) {
    const bool applied = is_applied(session, id);
    if (request.action == "up") {
        arguments.verb = "up";
        arguments.words = id.empty() ? std::vector<std::string>{} : std::vector{id};
        return id.empty() || !applied;
    }
    if (request.action == "down") {
        arguments.verb = "down";
        if (!id.empty()) {
            arguments.words = {version_below(session, id)};
        }
        return id.empty() || applied || is_unfinished(session, id);
    }
    if (request.action == "repeat") {
        const bool goes_on = is_unfinished(session, id);
        if (!goes_on) {
            check_repeat(session, id);
        }
        arguments.verb = goes_on ? "retry-failed" : "repeat";
    } else if (request.action == "reset") {
        arguments.verb = "reset";
    } else {
        arguments.words = {request.action};
    }
    return true;
}

/// The id as the migration has it; "0.1" or an alias may be asked for.
std::string id_of(const OneTableRequest& request, Session& session) {
    const migrate::Migration* migration = session.registry.find(request.version);
    if (!migration && !request.version.empty() &&
        (request.action == "up" || request.action == "down")) {
        throw Error(ErrorKind::not_found,
                    fmt::format("Cannot find migration \"{}\"", request.version));
    }
    return migration ? migration->id() : request.version;
}

std::string applied_answer(const OneTableRequest& request, const std::string& id,
                           Session& session) {
    const bool is_name = request.action != "up" && request.action != "down" &&
                         request.action != "repeat" && request.action != "reset";
    const migrate::Migration* migration =
        session.registry.find(is_name || id.empty() ? request.action : id);
    std::string body = "null";
    if (migration) {
        body.clear();
        json::Writer writer(body);
        write_migration(writer, *migration);
    }
    return cloud::good_answer(body);
}

std::string apply(const OneTableRequest& request, const FarSurroundings& surroundings,
                  Console& console) {
    Arguments arguments = arguments_of(request);
    std::string id, done;
    {
        FarSession look(Arguments{}, "", console, surroundings);
        Session& session = look.session();
        session.open_project();
        check_table(request, session.project);
        session.load_migrations(true);
        session.connect();
        id = id_of(request, session);
        done = applied_answer(request, id, session);
        if (!set_command(request, id, session, arguments)) {
            return done;
        }
    }
    FarSession far(arguments, "lambda:" + surroundings.invocation.request_id, console,
                   surroundings);
    try {
        if (arguments.verb == "retry-failed"
                ? retry_failed(far.session()) == ExitCode::interrupted
                : migrate_database(far.session()) == ExitCode::interrupted) {
            return cloud::unfinished_answer(
                "the time of the Lambda function is over before the migration is done; its place "
                "is kept: send the same once more and it goes on");
        }
    } catch (const Error&) {
        far.set_failed();
        throw;
    }
    return done;
}

std::string answer(const OneTableRequest& request, const FarSurroundings& surroundings) {
    std::istringstream no_input;
    std::ostringstream unread;
    Console console(no_input, unread, unread, false, false);
    console.be_quiet();
    if (request.command == OneTableCommand::apply) {
        return apply(request, surroundings, console);
    }
    Arguments arguments = arguments_of(request);
    arguments.verb = to_string(request.command);
    FarSession far(arguments, "", console, surroundings);
    Session& session = far.session();
    session.open_project();
    check_table(request, session.project);
    session.load_migrations(true);
    session.connect();
    return cloud::good_answer(answer_question(request, session));
}

}  // namespace

std::string answer_onetable(const OneTableRequest& request, const FarSurroundings& surroundings) {
    try {
        return answer(request, surroundings);
    } catch (const Error& error) {
        surroundings.log.write(base::LogLevel::error, error.what());
        return cloud::bad_answer(error);
    }
}

}  // namespace dynamigrate::cli
