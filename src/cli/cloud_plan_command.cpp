#include "cloud_plan_text.hpp"
#include "commands.hpp"

#include <dynamigrate/migrate/cloud_plan.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

constexpr double kHoursOfAMonth = 730;

std::vector<const migrate::Migration*> migrations_of(
    const std::vector<migrate::PlannedMigration>& plan) {
    std::vector<const migrate::Migration*> migrations;
    for (const migrate::PlannedMigration& planned : plan) {
        migrations.push_back(planned.migration);
    }
    return migrations;
}

migrate::CloudTerms terms_of(Session& session) {
    const Project& project = session.project;
    const migrate::CloudSettings& cloud = project.settings.cloud;
    migrate::CloudTerms terms;
    terms.machine.concurrency = session.arguments.concurrency.value_or(cloud.concurrency);
    terms.machine.call_timeout = cloud.call_timeout;
    terms.machine.function_arn = project.arn.empty() ? "the function" : project.arn;
    terms.memory_mb = cloud.memory_mb;
    terms.prices = cloud.prices;
    terms.has_journal = project.settings.journal;
    terms.journal_in_table = !project.journal_store.starts_with("s3:");
    if (project.settings.journal_retention) {
        terms.journal_months =
            static_cast<double>(project.settings.journal_retention->count()) / kHoursOfAMonth;
    }
    terms.reads_per_second = project.settings.backfill.max_rcu.value_or(0);
    terms.writes_per_second = project.settings.backfill.max_wcu.value_or(0);
    return terms;
}

/// The function takes a table where nothing is said, and refuses a directory that is named.
void check_journal(const Session& session, std::vector<migrate::CloudMigration>& migrations) {
    const Project& project = session.project;
    const std::string& named =
        session.arguments.journal.empty() ? project.config.journal : session.arguments.journal;
    if (migrations.empty() || !project.settings.journal || !project.journal_store.empty()) {
        return;
    }
    migrate::Finding finding;
    finding.code = "journal_out_of_reach";
    finding.place = migrations.front().id;
    if (named.empty()) {
        finding.severity = migrate::Finding::Severity::note;
        finding.message =
            fmt::format("the journal is priced as the function keeps it: table {}-journal",
                        project.settings.history_table);
        finding.remedy = "say where with `journal: s3://BUCKET/PREFIX` or `journal: table:NAME`";
    } else {
        finding.message = fmt::format(
            "functions do not share the journal's directory {}; priced as a table", named);
        finding.remedy = "write `journal: s3://BUCKET/PREFIX` or `journal: table:NAME`";
    }
    migrations.front().findings.push_back(std::move(finding));
}

}  // namespace

ExitCode show_cloud_plan(Session& session, const std::vector<migrate::PlannedMigration>& plan) {
    session.paced_migrator(migrations_of(plan));
    const migrate::CloudTerms terms = terms_of(session);
    std::vector<migrate::CloudMigration> migrations;
    for (const migrate::PlannedMigration& planned : plan) {
        migrations.push_back(migrate::plan_cloud(planned, session.project.settings,
                                                 session.wiring().world(), terms));
        auto& findings = migrations.back().findings;
        for (const migrate::Finding& finding : planned.findings) {
            if (finding.severity == migrate::Finding::Severity::error) {
                findings.push_back(finding);
            }
        }
    }
    check_deployment(migrations);
    check_journal(session, migrations);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) { write(writer, migrations, terms); });
    } else if (migrations.empty()) {
        session.console.print(session.arguments.words.empty() ? "All migrations applied"
                                                              : "Migration already applied");
    } else {
        for (const std::string& line : cloud_plan_lines(migrations, terms)) {
            session.console.print(line);
        }
    }
    const bool is_invalid = std::any_of(
        migrations.begin(), migrations.end(),
        [](const migrate::CloudMigration& one) { return migrate::has_error(one.findings); });
    return is_invalid ? ExitCode::invalid : ExitCode::done;
}

}  // namespace dynamigrate::cli
