#include "commands.hpp"
#include "output_text.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

using Findings = std::vector<migrate::Finding>;
using Plan = std::vector<migrate::PlannedMigration>;

/// Stands where a database would be for checks that ask none.
class NoDatabase final : public dynamodb::Service {
public:
    void call(const dynamodb::Call& call, dynamodb::Reply&) override {
        throw base::Error(base::ErrorKind::internal,
                          fmt::format("{} was called without a database", call.operation));
    }
    std::string location() const override { return "no database"; }
};

/// Programs and --verbose are told everything.
Findings told(const Session& session, const Findings& findings) {
    return session.arguments.verbose ? findings : migrate::worth_telling(findings);
}

/// "app (about 1200 items, 0.4 MB)", for each existing table that the migration works on.
std::vector<std::string> table_estimates(Session& session, const migrate::Migration& migration) {
    std::vector<std::string> estimates;
    for (const auto& table : session.tables().existing(migration, migration.up_steps())) {
        std::string text =
            fmt::format("{} (about {} items, {:.1f} MB)", table.name, table.item_count,
                        static_cast<double>(table.size_bytes) / 1e6);
        if (std::find(estimates.begin(), estimates.end(), text) == estimates.end()) {
            estimates.push_back(std::move(text));
        }
    }
    return estimates;
}

void print_planned(Session& session, const migrate::PlannedMigration& planned) {
    const migrate::Migration& migration = *planned.migration;
    session.console.print(
        fmt::format("{} {}{}", planned.action, migration.id(),
                    migration.description().empty() ? "" : " - " + migration.description()));
    for (std::size_t i = 0; i < planned.lines.size(); ++i) {
        session.console.print(fmt::format("  {}. {}", i + 1, planned.lines[i]));
    }
    std::vector<std::string> estimates = table_estimates(session, migration);
    if (!estimates.empty()) {
        session.console.print(fmt::format("  on {}", fmt::join(estimates, ", ")));
    }
    for (const migrate::Finding& finding : told(session, planned.findings)) {
        session.console.print("  " + migrate::to_line(finding));
    }
}

void write_tables(json::Writer& writer, Session& session, const migrate::Migration& migration) {
    std::vector<std::string> written;
    for (const auto& table : session.tables().existing(migration, migration.up_steps())) {
        if (std::find(written.begin(), written.end(), table.name) == written.end()) {
            writer.begin_object().key("name").string(table.name);
            writer.key("items").number(table.item_count);
            writer.key("bytes").number(table.size_bytes).end_object();
            written.push_back(table.name);
        }
    }
}

void write_planned(json::Writer& writer, Session& session,
                   const migrate::PlannedMigration& planned) {
    writer.begin_object();
    writer.key("id").string(planned.migration->id());
    writer.key("description").string(planned.migration->description());
    writer.key("action").string(planned.action);
    writer.key("rolls_back").boolean(planned.rolls_back);
    writer.key("steps").begin_array();
    for (const std::string& line : planned.lines) {
        writer.string(line);
    }
    writer.end_array().key("tables").begin_array();
    write_tables(writer, session, *planned.migration);
    writer.end_array().key("findings").begin_array();
    for (const migrate::Finding& finding : planned.findings) {
        write(writer, finding);
    }
    writer.end_array().end_object();
}

void print_findings(Session& session, const Findings& findings) {
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("valid").boolean(!migrate::has_error(findings));
            writer.key("findings").begin_array();
            for (const migrate::Finding& finding : findings) {
                write(writer, finding);
            }
            writer.end_array();
        });
        return;
    }
    session.console.print_text(migrate::to_block(told(session, findings)));
    if (findings.empty() && !session.console.is_quiet()) {
        std::size_t count = session.registry.all().size();
        session.console.print(
            fmt::format("{} {}, nothing found", count, count == 1 ? "migration" : "migrations"));
    }
}

void check_cloud_plan(const Arguments& arguments) {
    const bool goes_down =
        arguments.down || (!arguments.words.empty() && arguments.words.front() == "down");
    if (arguments.cloud && goes_down) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "--cloud tells of what is outstanding; a rollback is worked by one call "
                          "of the function after the other, see docs/cloud.md");
    }
}

}  // namespace

ExitCode show_plan(Session& session) {
    check_cloud_plan(session.arguments);
    session.open_project();
    session.load_migrations(true);
    session.connect();
    std::vector<std::string> words = session.arguments.words;
    bool goes_down = !words.empty() && words.front() == "down";
    if (goes_down) {
        words.erase(words.begin());
    }
    if (goes_down || session.arguments.down) {
        return show_rollback_plan(session,
                                  words.empty() ? std::nullopt : std::optional(words.front()));
    }
    Plan plan = words.empty() ? session.migrator().plan_up(std::nullopt, true)
                              : session.migrator().plan_to(words.front());
    if (session.arguments.cloud) {
        return show_cloud_plan(session, plan);
    }
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("plan").begin_array();
            for (const migrate::PlannedMigration& planned : plan) {
                write_planned(writer, session, planned);
            }
            writer.end_array();
        });
    } else if (plan.empty()) {
        session.console.print(words.empty() ? "All migrations applied"
                                            : "Migration already applied");
    } else {
        for (const migrate::PlannedMigration& planned : plan) {
            print_planned(session, planned);
        }
    }
    bool is_invalid = std::any_of(plan.begin(), plan.end(), [](const auto& planned) {
        return migrate::has_error(planned.findings);
    });
    return is_invalid ? ExitCode::invalid : ExitCode::done;
}

ExitCode validate(Session& session) {
    session.open_project();
    Findings findings = session.try_load_migrations();
    NoDatabase nothing;
    base::SystemClock clock;
    base::SystemRandom random;
    migrate::World world;
    world.service = &nothing;
    world.clock = &clock;
    world.random = &random;
    world.log = &base::null_log();
    for (migrate::Finding& finding :
         migrate::Migrator(session.registry, session.project.settings, world).validate()) {
        findings.push_back(std::move(finding));
    }
    print_findings(session, findings);
    return migrate::has_error(findings) ? ExitCode::invalid : ExitCode::done;
}

}  // namespace dynamigrate::cli
