#include "commands.hpp"
#include "dry_report_text.hpp"
#include "json_listener.hpp"
#include "lines_listener.hpp"
#include "output_text.hpp"
#include "running.hpp"

#include <dynamigrate/authoring/record_script.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <unistd.h>

namespace dynamigrate::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

namespace {

constexpr std::size_t kNameLength = 8;

bool has_changes(const migrate::DryReport& report) {
    for (const migrate::DryMigration& migration : report.migrations) {
        for (const migrate::DryStep& step : migration.steps) {
            if (step.counts.changed > 0) {
                return true;
            }
        }
    }
    return false;
}

/// One `scan` or `stream`.
class ScriptCommand {
public:
    explicit ScriptCommand(Session& session) : session_(session) {}
    ExitCode run();

private:
    bool is_json() const { return session_.arguments.json; }
    void open_project();
    authoring::RecordScript script();
    std::string migration_id() const;
    std::unique_ptr<migrate::Listener> make_listener();
    migrate::RunResult run_migration(migrate::Listener& listener);
    ExitCode conclude(const migrate::RunResult& result);
    ExitCode fail(const Error& error);
    void tell_dry_run();
    void tell_counts(const migrate::HistoryRow& row);
    void tell_places(const std::optional<migrate::HistoryRow>& row);
    std::optional<migrate::HistoryRow> failed_row();
    std::string undo_command(const migrate::HistoryRow& row) const;

    Session& session_;
    std::string name_;
    fs::path log_;
    bool is_elsewhere_ = false;  ///< than the configuration would work
};

/// The table is where the words say, whatever a configuration says of others.
void ScriptCommand::open_project() {
    session_.open_project();
    is_elsewhere_ = session_.project.endpoint != session_.arguments.endpoint;
    session_.project.endpoint = session_.arguments.endpoint;
    session_.project.settings.history_layout = "native";
    session_.project.settings.layout_table.clear();
}

authoring::RecordScript ScriptCommand::script() {
    const Arguments& arguments = session_.arguments;
    authoring::RecordScript script;
    script.file = arguments.words.at(1);
    if (!fs::is_regular_file(script.file)) {
        throw Error(ErrorKind::invalid_argument,
                    "invalid migration script path: there is no file " + script.file.string());
    }
    script.table = arguments.table;
    script.is_live = arguments.live;
    script.concurrency = arguments.concurrency.value_or(script.concurrency);
    script.shows_rate = arguments.shows_rate && !is_json();
    if (arguments.verb == "stream") {
        script.lines = STDIN_FILENO;
        script.has_plain_lines = arguments.has_plain_lines;
    }
    log_ = base::temporary_parent() /
           fmt::format("migration-{}.log", base::SystemRandom().uuid().substr(0, kNameLength));
    script.log = log_;
    script.output =
        is_json() ? base::ChildOutput{STDERR_FILENO, STDERR_FILENO} : base::ChildOutput{};
    return script;
}

/// Each run is one of its own: it is never resumed, and an earlier one never hinders it.
std::string ScriptCommand::migration_id() const {
    return fmt::format("{} at {}", name_, base::to_iso8601(base::SystemClock().now()));
}

std::unique_ptr<migrate::Listener> ScriptCommand::make_listener() {
    if (is_json()) {
        return std::make_unique<JsonListener>(session_.console, session_.tables(),
                                              *session_.wiring().world().clock);
    }
    return std::make_unique<LinesListener>(
        [this](const std::string& text) { session_.console.say("  " + text); });
}

migrate::RunResult ScriptCommand::run_migration(migrate::Listener& listener) {
    const std::vector<migrate::PlannedMigration> plan =
        session_.migrator().plan_named(session_.registry.all().front().id());
    for (const migrate::Finding& finding : plan.front().findings) {
        if (finding.severity == migrate::Finding::Severity::warning) {
            session_.console.say(migrate::to_line(finding));
        }
    }
    migrate::Migrator& migrator = session_.paced_migrator({plan.front().migration});
    return run_watched(session_, listener,
                       [&](migrate::Listener& told, const SignalWatch& signals) {
                           return migrator.run(plan, told, signals.stop(), signals.stop_now());
                       });
}

void ScriptCommand::tell_dry_run() {
    const migrate::DryReport report = session_.dry_run()->report();
    if (is_json()) {
        session_.print_json([&](json::Writer& writer) {
            writer.key("event").string("dry_run");
            write(writer.key("report"), report);
        });
        return;
    }
    if (!has_changes(report)) {
        return;
    }
    for (const std::string& line : dry_report_lines(report, false)) {
        session_.console.say(line);
    }
}

void ScriptCommand::tell_counts(const migrate::HistoryRow& row) {
    session_.console.say(
        fmt::format("{}{} {} given to {}, {} {}; {:.0f} RCU, {:.0f} WCU",
                    session_.arguments.dry ? "Dry run: " : "", row.counts.read,
                    row.counts.read == 1 ? "record" : "records", name_, row.counts.changed,
                    row.counts.changed == 1 ? "write" : "writes", row.read_units, row.write_units));
}

std::string ScriptCommand::undo_command(const migrate::HistoryRow& row) const {
    const Arguments& arguments = session_.arguments;
    std::string command = fmt::format("dynamigrate undo {} --table {} --aws-region {}", row.run,
                                      arguments.table, arguments.region);
    if (!arguments.endpoint.empty()) {
        command += " --endpoint " + arguments.endpoint;
    } else if (is_elsewhere_) {
        command += fmt::format(" --endpoint https://dynamodb.{}.amazonaws.com", arguments.region);
    }
    return command;
}

/// Where it is written what was printed and what was changed.
void ScriptCommand::tell_places(const std::optional<migrate::HistoryRow>& row) {
    const bool has_log = fs::exists(log_);
    if (is_json()) {
        return;
    }
    if (has_log) {
        session_.console.say("Log written to " + log_.string());
    }
    const bool may_have_written =
        row && (row->counts.changed > 0 || row->status != migrate::Status::applied);
    if (may_have_written && !session_.arguments.dry && !row->journal.empty()) {
        session_.console.say(
            fmt::format("Journal written to {}; what was changed is put back by\n  {}",
                        row->journal, undo_command(*row)));
    }
}

ExitCode ScriptCommand::conclude(const migrate::RunResult& result) {
    if (result.rows.empty()) {
        return ExitCode::interrupted;  // before it began
    }
    const migrate::HistoryRow& row = result.rows.front();
    if (session_.dry_run()) {
        tell_dry_run();
    }
    if (is_json()) {
        session_.print_json([&](json::Writer& writer) {
            writer.key("event").string("result");
            writer.key("interrupted").boolean(result.interrupted);
            writer.key("dry").boolean(session_.arguments.dry);
            writer.key("live").boolean(session_.arguments.live);
            writer.key("log").string(log_.string());
            writer.key("run").string(row.run);
            writer.key("records").number(row.counts.read);
            writer.key("writes").number(row.counts.changed);
            writer.key("journal").string(session_.arguments.dry ? "" : row.journal);
        });
    } else {
        tell_counts(row);
    }
    tell_places(row);
    return result.interrupted ? ExitCode::interrupted : ExitCode::done;
}

/// Nothing where the history cannot be asked.
std::optional<migrate::HistoryRow> ScriptCommand::failed_row() {
    try {
        for (const migrate::HistoryRow& row : session_.migrator().history()) {
            if (row.id == session_.registry.all().front().id()) {
                return row;
            }
        }
    } catch (const Error&) {
        session_.console.report(
            "the history does not answer: `dynamigrate runs` tells what was done");
    }
    return std::nullopt;
}

/// The script's own words, its stack among them, were printed when it failed.
ExitCode ScriptCommand::fail(const Error& error) {
    const ExitCode code = exit_code(error, session_.phase);
    session_.console.report(fmt::format("dynamigrate: {}", error.what()));
    if (session_.dry_run()) {
        tell_dry_run();
    }
    tell_places(failed_row());
    if (is_json()) {
        session_.print_json([&](json::Writer& writer) {
            writer.key("error");
            write(writer, error, static_cast<int>(code));
        });
    }
    return code;
}

ExitCode ScriptCommand::run() {
    open_project();
    authoring::RecordScript script = this->script();
    name_ = script.file.stem().string();
    authoring::ScriptSettings settings = script_settings(session_.project, session_.environment);
    settings.directory = fs::current_path();
    session_.registry = migrate::Registry();
    session_.registry.add(authoring::record_migration(migration_id(), std::move(script), settings));
    session_.connect();
    const std::unique_ptr<migrate::Listener> listener = make_listener();
    try {
        return conclude(run_migration(*listener));
    } catch (const Error& error) {
        if (session_.phase != Phase::running) {
            throw;
        }
        return fail(error);
    }
}

Error usage_error(const std::string& message) {
    return Error(ErrorKind::invalid_argument, message);
}

authoring::LineFilter line_filter(const Arguments& arguments) {
    authoring::LineFilter filter;
    if (arguments.words.empty()) {
        throw usage_error("You must provide an input filepath");
    }
    filter.input = fs::absolute(arguments.words[0]).lexically_normal();
    if (!fs::exists(filter.input)) {
        throw usage_error(fmt::format("Input file {} does not exist", filter.input.string()));
    }
    if (arguments.words.size() < 2) {
        throw usage_error("You must provide the path to a filter function");
    }
    filter.script = arguments.words[1];
    if (!fs::is_regular_file(filter.script)) {
        throw usage_error(
            fmt::format("The filter function's file {} does not exist", filter.script.string()));
    }
    if (!arguments.output.empty()) {
        filter.output = fs::absolute(arguments.output).lexically_normal();
        if (fs::exists(filter.output)) {
            throw usage_error(fmt::format("Output file {} already exists", filter.output.string()));
        }
    }
    return filter;
}

}  // namespace

ExitCode run_script(Session& session) { return ScriptCommand(session).run(); }

ExitCode filter_lines(Session& session) {
    session.open_project();
    const authoring::LineFilter filter = line_filter(session.arguments);
    SignalWatch signals([](int) {});
    const authoring::ScriptSettings settings =
        script_settings(session.project, session.environment);
    try {
        authoring::run_filter(filter, settings, signals.stop());
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::cancelled) {
            throw;
        }
        session.console.report(fmt::format("dynamigrate: {}", error.what()));
        return ExitCode::failed;
    }
    if (!filter.output.empty()) {
        session.console.print(fmt::format("Finished writing to {}", filter.output.string()));
    }
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
