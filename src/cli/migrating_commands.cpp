#include "commands.hpp"
#include "confirm.hpp"
#include "control_commands.hpp"
#include "dry_report_text.hpp"
#include "json_listener.hpp"
#include "output_text.hpp"
#include "people_listener.hpp"
#include "running.hpp"
#include "undo_selection.hpp"

#include <dynamigrate/json/value.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;
using Plan = std::vector<migrate::PlannedMigration>;

/// Passes everything on, notes that a migration has begun, since errors then mean something else,
/// and tells whoever asked from afar.
class PhaseListener final : public migrate::Listener {
public:
    PhaseListener(Session& session, migrate::Listener& inner)
        : phase_(session.phase),
          far_(session.far),
          inner_(inner) {}

    void migration_begins(const migrate::PlannedMigration& planned) override {
        phase_ = Phase::running;
        if (far_.on_begin) {
            far_.on_begin(planned);
        }
        inner_.migration_begins(planned);
    }
    void step_begins(const migrate::Migration& migration, std::uint32_t index, std::size_t count,
                     const migrate::Step& step) override {
        inner_.step_begins(migration, index, count, step);
    }
    void undo_begins(const migrate::Migration& migration, std::uint32_t index, std::size_t count,
                     const std::string& line) override {
        inner_.undo_begins(migration, index, count, line);
    }
    void step_ends(const migrate::Migration& migration, std::uint32_t index,
                   const migrate::StepResult& result) override {
        inner_.step_ends(migration, index, result);
    }
    void progress(const backfill::Progress& progress, const layers::MeterReading& meter) override {
        inner_.progress(progress, meter);
    }
    void line(const std::string& text) override { inner_.line(text); }
    void undo_conflict(const backfill::UndoConflict& conflict) override {
        inner_.undo_conflict(conflict);
    }
    void migration_ends(const migrate::PlannedMigration& planned,
                        const migrate::HistoryRow& row) override {
        inner_.migration_ends(planned, row);
    }

private:
    Phase& phase_;
    const FarCall& far_;
    migrate::Listener& inner_;
};

std::unique_ptr<migrate::Listener> make_listener(Session& session) {
    base::Clock& clock = *session.wiring().world().clock;
    if (session.arguments.json) {
        return std::make_unique<JsonListener>(session.console, session.tables(), clock);
    }
    return std::make_unique<PeopleListener>(session.console, session.tables(), clock,
                                            session.arguments.dry, session.arguments.verbose);
}

/// A dry run's recorder listens first.
migrate::RunResult run_or_try(Session& session, migrate::Listener& listener,
                              const SignalWatch& signals, const RunFunction& run) {
    DryRun* dry = session.dry_run();
    if (dry == nullptr) {
        return run(listener, signals);
    }
    std::stop_callback stop_reading(signals.stop_now(), [dry] { dry->stop_now(); });
    dry->recorder().pass_on_to(&listener);
    migrate::RunResult result = run(dry->recorder(), signals);
    dry->recorder().pass_on_to(nullptr);
    return result;
}

}  // namespace

migrate::RunResult run_watched(Session& session, migrate::Listener& inner, const RunFunction& run) {
    PhaseListener listener(session, inner);
    SignalWatch signals([&](int count) {
        session.console.report(count == 1 ? "stopping: finishing the pages at hand (interrupt "
                                            "again to stop at once)"
                                          : "stopping at once");
    });
    std::stop_callback soon(session.far.stop, [&signals] { signals.end(false); });
    std::stop_callback now(session.far.stop_now, [&signals] { signals.end(true); });
    migrate::RunResult result = run_or_try(session, listener, signals, run);
    session.console.show_bar("");
    return result;
}

namespace {

migrate::RunResult run_watched(Session& session, const RunFunction& run) {
    return run_watched(session, *make_listener(session), run);
}

void report_dry_run(Session& session) {
    migrate::DryReport report = session.dry_run()->report();
    if (report.migrations.empty()) {
        return;
    }
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("event").string("dry_run");
            write(writer.key("report"), report);
        });
        return;
    }
    for (const std::string& line : dry_report_lines(report, session.console.has_colour())) {
        session.console.print(line);
    }
}

/// What a dry run found before it failed counts, too.
ExitCode with_dry_report(Session& session, ExitCode (*command)(Session&)) {
    try {
        return command(session);
    } catch (const Error&) {
        if (session.dry_run()) {
            session.console.show_bar("");
            report_dry_run(session);
        }
        throw;
    }
}

void print_result(Session& session, const migrate::RunResult& result) {
    std::string version = session.current_version();
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("event").string("result");
            writer.key("migrations").number(result.rows.size());
            writer.key("interrupted").boolean(result.interrupted);
            writer.key("dry").boolean(session.arguments.dry);
            writer.key("version").string(version);
        });
    } else if (!session.console.is_quiet()) {
        session.console.print("\nCurrent database version: " + version);
    }
}

ExitCode conclude(Session& session, const migrate::RunResult& result) {
    if (session.dry_run()) {
        report_dry_run(session);
    }
    if (result.interrupted && session.far.is_out_of_time() && !session.dry_run()) {
        return ExitCode::interrupted;  // asked again it goes on
    }
    if (result.interrupted) {
        session.console.report(
            session.dry_run() ? "Interrupted: the report tells of what was read until then"
                              : fmt::format("Interrupted; go on with `{}`", result.resume_command));
    }
    print_result(session, result);
    return result.interrupted ? ExitCode::interrupted : ExitCode::done;
}

std::vector<const migrate::Migration*> migrations_of(const Plan& plan) {
    std::vector<const migrate::Migration*> migrations;
    for (const migrate::PlannedMigration& planned : plan) {
        migrations.push_back(planned.migration);
    }
    return migrations;
}

/// Errors end the command with their own message, unless they are passed over.
void say_findings(Session& session, const Plan& plan) {
    for (const migrate::PlannedMigration& planned : plan) {
        for (const migrate::Finding& finding : planned.findings) {
            using Severity = migrate::Finding::Severity;
            bool is_said = finding.severity == Severity::warning ||
                           (finding.severity == Severity::note && session.arguments.verbose) ||
                           (finding.severity == Severity::error && session.arguments.force);
            if (is_said) {
                session.console.say(migrate::to_line(finding));
            }
        }
    }
}

/// The exit code, or nothing to go on.
std::optional<ExitCode> run_plan(Session& session, const Plan& plan, migrate::RunResult& result) {
    say_findings(session, plan);
    if (!confirm(session, plan)) {
        return session.arguments.as_onetable ? ExitCode::done : ExitCode::refused;
    }
    migrate::Migrator& migrator = session.paced_migrator(migrations_of(plan));
    result = run_watched(session, [&](migrate::Listener& listener, const SignalWatch& signals) {
        return migrator.run(plan, listener, signals.stop(), signals.stop_now());
    });
    session.phase = Phase::deciding;
    if (result.interrupted) {
        return conclude(session, result);
    }
    return std::nullopt;
}

Plan plan_of_word(Session& session, const std::string& word) {
    if (migrate::Version::parse(word)) {
        return session.migrator().plan_to(word);
    }
    return session.migrator().plan_named(word);
}

Plan make_plan(Session& session) {
    migrate::Migrator& migrator = session.migrator();
    const Arguments& arguments = session.arguments;
    std::optional<std::string> target;
    if (!arguments.words.empty()) {
        const migrate::Migration* known = session.registry.find(arguments.words.front());
        target = known ? known->id() : arguments.words.front();
    }
    if (arguments.verb == "up") {
        return migrator.plan_up(target, false);
    }
    if (arguments.verb == "all") {
        return migrator.plan_up(std::nullopt, true);
    }
    if (arguments.verb == "down") {
        return migrator.plan_down(target);
    }
    if (arguments.verb == "repeat") {
        return migrator.plan_repeat();
    }
    return arguments.verb == "reset" ? migrator.plan_reset() : plan_of_word(session, *target);
}

std::string nothing_to_do(Session& session) {
    const std::string& verb = session.arguments.verb;
    if (verb == "up" || verb == "all") {
        return "All migrations applied";
    }
    if (verb == "down") {
        return "Already at target version: " + session.migrator().current_version();
    }
    return verb == "repeat" ? "No migrations applied" : "Migration already applied";
}

ExitCode do_nothing(Session& session) {
    if (session.arguments.json) {
        print_result(session, {});
    } else if (!session.console.is_quiet()) {
        session.console.print(nothing_to_do(session));
    }
    return ExitCode::done;
}

/// A word that is neither a command nor a version must be the name of a migration.
void check_word(const Session& session) {
    if (!session.arguments.verb.empty()) {
        return;
    }
    const std::string& word = session.arguments.words.front();
    const migrate::Migration* named = session.registry.find(word);
    if (migrate::Version::parse(word) || named) {
        return;
    }
    std::vector<std::string> known;
    for (const VerbText& verb : verb_texts()) {
        known.emplace_back(verb.name);
    }
    for (const migrate::Migration& migration : session.registry.all()) {
        known.push_back(migration.id());
    }
    std::string near = json::nearest(word, known);
    throw Error(ErrorKind::not_found,
                fmt::format("\"{}\" is neither a command nor a named migration; {}", word,
                            near.empty() ? "`dynamigrate help` lists the commands"
                                         : fmt::format("did you mean {}?", near)));
}

migrate::RunResult resume_run(Session& session, const std::string& run) {
    std::vector<const migrate::Migration*> migrations;
    for (const migrate::UnfinishedRun& unfinished : session.migrator().unfinished()) {
        const migrate::Migration* migration = session.registry.find(unfinished.row.id);
        if (migration && (run.empty() || unfinished.row.run == run)) {
            migrations.push_back(migration);
        }
    }
    migrate::Migrator& migrator = session.paced_migrator(migrations);
    migrate::RunResult result =
        run_watched(session, [&](migrate::Listener& listener, const SignalWatch& signals) {
            return migrator.resume(run, listener, signals.stop(), signals.stop_now());
        });
    session.phase = Phase::deciding;
    return result;
}

/// Whether the command means another migration when it is given once more.
bool does_next_thing(const Arguments& arguments) {
    const std::string& verb = arguments.verb;
    const bool is_name = verb.empty() && !migrate::Version::parse(arguments.words.front());
    return ((verb == "up" || verb == "down") && arguments.words.empty()) || verb == "repeat" ||
           verb == "reset" || verb == "resume" || is_name;
}

/// What a request from afar did in its earlier calls; what it began is gone on with.
/// Errors: failed_precondition when it failed.
migrate::RunResult go_on_with_runs_of_request(Session& session) {
    migrate::RunResult result;
    if (session.dry_run()) {
        return result;
    }
    for (const migrate::HistoryRow& row : session.rows_of_request()) {
        if (row.status == migrate::Status::failed) {
            session.phase = Phase::running;
            throw Error(ErrorKind::failed_precondition, row.error);
        }
        if (row.status == migrate::Status::running || row.status == migrate::Status::rolling_back) {
            const std::vector<migrate::HistoryRow> before = std::move(result.rows);
            result = resume_run(session, row.run);
            result.rows.insert(result.rows.begin(), before.begin(), before.end());
        } else {
            result.rows.push_back(row);
        }
    }
    return result;
}

/// A request from afar may be sent again: what it began is gone on with, and what it did is not done
/// twice. Nothing when there is more to do.
std::optional<ExitCode> go_on_with_request(Session& session) {
    const migrate::RunResult result = go_on_with_runs_of_request(session);
    const bool is_over = result.interrupted || does_next_thing(session.arguments);
    return result.rows.empty() || !is_over ? std::nullopt
                                           : std::optional(conclude(session, result));
}

ExitCode migrate_connected(Session& session) {
    if (std::optional<ExitCode> end = go_on_with_request(session)) {
        return *end;
    }
    migrate::RunResult result;
    if (session.arguments.retry_failed) {
        Plan failed = session.migrator().plan_retry_failed();
        if (!failed.empty()) {
            if (std::optional<ExitCode> end = run_plan(session, failed, result)) {
                return *end;
            }
        }
    }
    Plan plan = make_plan(session);
    if (plan.empty()) {
        return do_nothing(session);
    }
    // Between the look above and the plan the same request may have been at work; from the plan on,
    // the plan's basis tells.
    if (std::optional<ExitCode> end = go_on_with_request(session)) {
        return *end;
    }
    if (std::optional<ExitCode> end = run_plan(session, plan, result)) {
        return *end;
    }
    return conclude(session, result);
}

/// The run may be named by the beginning of its id.
std::string run_of_word(Session& session) {
    if (session.arguments.words.empty()) {
        return {};
    }
    const std::string& word = session.arguments.words.front();
    for (const migrate::HistoryRow& row : session.migrator().history()) {
        if (row.run.starts_with(word)) {
            return row.run;
        }
    }
    return word;
}

/// What is to be retried and was not yet by this request from afar, whatever came of it.
Plan plan_of_retry(Session& session) {
    Plan plan = session.migrator().plan_retry(run_of_word(session));
    const std::vector<migrate::HistoryRow> rows = session.rows_of_request();
    std::erase_if(plan, [&](const migrate::PlannedMigration& planned) {
        return std::ranges::any_of(rows,
                                   [&](const auto& row) { return row.run == planned.resumed_run; });
    });
    return plan;
}

ExitCode retry_connected(Session& session) {
    migrate::RunResult result = go_on_with_runs_of_request(session);
    if (result.interrupted) {
        return conclude(session, result);
    }
    const Plan plan = plan_of_retry(session);
    if (plan.empty() && !result.rows.empty()) {
        return conclude(session, result);
    }
    if (plan.empty()) {
        if (session.arguments.json) {
            print_result(session, {});
        } else if (!session.console.is_quiet()) {
            session.console.print("Nothing to retry");
        }
        return ExitCode::done;
    }
    if (std::optional<ExitCode> end = run_plan(session, plan, result)) {
        return *end;
    }
    return conclude(session, result);
}

bool confirm_undo(Session& session, const migrate::PlannedMigration& planned) {
    const Arguments& arguments = session.arguments;
    bool may_undo = arguments.dry || arguments.yes || arguments.force ||
                    ask_yes(session.console,
                            fmt::format("Confirm {} for database \"{}\".\nEnter [y] to confirm: ",
                                        planned.lines.front(), session.project.database()));
    if (!may_undo) {
        session.console.report("Exiting");
    }
    return may_undo;
}

/// What was left as it is makes the command one that a guard refused in part.
ExitCode conclude_undo(Session& session, const migrate::RunResult& result,
                       const migrate::UndoneRun& undone) {
    ExitCode code = conclude(session, result);
    if (code != ExitCode::done || session.dry_run()) {
        return code;
    }
    if (undone.result.selected == 0 && undone.of.undone != "wholly") {
        session.console.report("nothing in the journal is of that key or time");
        return ExitCode::failed;
    }
    return undone.result.conflicts + undone.result.unsettled > 0 ? ExitCode::refused : code;
}

ExitCode undo_connected(Session& session) {
    const std::string run = session.arguments.words.front();
    const backfill::UndoSelection selection = undo_selection(session.arguments);
    const migrate::PlannedMigration planned = session.migrator().plan_undo(run, selection);
    if (!confirm_undo(session, planned)) {
        return ExitCode::refused;
    }
    migrate::Migrator& migrator = session.paced_migrator({planned.migration});
    migrate::UndoneRun undone;
    migrate::RunResult result =
        run_watched(session, [&](migrate::Listener& listener, const SignalWatch& signals) {
            undone = migrator.undo(run, selection, listener, signals.stop(), signals.stop_now());
            migrate::RunResult told;
            told.rows = {undone.row};
            told.interrupted = undone.interrupted;
            told.resume_command = "dynamigrate undo " + run;
            return told;
        });
    session.phase = Phase::deciding;
    return conclude_undo(session, result, undone);
}

ExitCode resume_connected(Session& session) {
    if (std::optional<ExitCode> end = go_on_with_request(session)) {
        return *end;
    }
    if (!session.dry_run()) {
        if (std::optional<ExitCode> end = resume_paused(session)) {
            return *end;
        }
    }
    return conclude(session, resume_run(session, session.arguments.words.empty()
                                                     ? ""
                                                     : session.arguments.words.front()));
}

}  // namespace

ExitCode migrate_database(Session& session) {
    session.open_project();
    session.load_migrations(!session.arguments.verb.empty());
    check_word(session);
    session.connect();
    return with_dry_report(session, migrate_connected);
}

ExitCode retry_failed(Session& session) {
    session.open_project();
    session.load_migrations(true);
    session.connect();
    return with_dry_report(session, retry_connected);
}

ExitCode undo(Session& session) {
    if (session.arguments.words.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "say which run to undo; `dynamigrate runs` lists them");
    }
    session.open_project();
    session.load_migrations(false);
    session.connect();
    return with_dry_report(session, undo_connected);
}

ExitCode resume(Session& session) {
    session.open_project();
    session.load_migrations(true);
    session.connect();
    return with_dry_report(session, resume_connected);
}

}  // namespace dynamigrate::cli
