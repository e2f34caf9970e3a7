#include "commands.hpp"

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

using migrate::PlannedReversal;
using migrate::PlannedRollback;
using migrate::RollbackPlan;

void write(json::Writer& writer, const PlannedReversal& reversal) {
    writer.begin_object();
    writer.key("kind").string(migrate::to_string(reversal.kind));
    writer.key("line").string(reversal.line);
    writer.key("run").string(reversal.run);
    writer.key("journal").string(reversal.journal);
    writer.key("reason").string(reversal.reason);
    writer.end_object();
}

void write(json::Writer& writer, const PlannedRollback& planned) {
    writer.begin_object();
    writer.key("id").string(planned.migration->id());
    writer.key("description").string(planned.migration->description());
    writer.key("possible").boolean(planned.is_possible());
    writer.key("resumed_run").string(planned.resumed_run);
    writer.key("actions").begin_array();
    for (const PlannedReversal& reversal : planned.reversals) {
        write(writer, reversal);
    }
    writer.end_array().key("refusals").begin_array();
    for (const std::string& refusal : planned.refusals) {
        writer.string(refusal);
    }
    writer.end_array().end_object();
}

std::string reversal_line(const PlannedReversal& reversal) {
    switch (reversal.kind) {
        case PlannedReversal::Kind::step:
            return reversal.line;
        case PlannedReversal::Kind::inverse:
            return reversal.line + " (inverse)";
        case PlannedReversal::Kind::journal:
            return fmt::format("{} (journal of run {})", reversal.line, reversal.run);
        case PlannedReversal::Kind::impossible:
            return fmt::format("{}{}", reversal.line.empty() ? "" : reversal.line + ": ",
                               reversal.reason);
    }
    return reversal.line;
}

void print(Session& session, const PlannedRollback& planned) {
    const migrate::Migration& migration = *planned.migration;
    session.console.print(
        fmt::format("{} {}{}", planned.resumed_run.empty() ? "down" : "resume down", migration.id(),
                    migration.description().empty() ? "" : " - " + migration.description()));
    for (std::size_t i = 0; i < planned.reversals.size(); ++i) {
        session.console.print(fmt::format("  {}. {}", i + 1, reversal_line(planned.reversals[i])));
    }
    for (const std::string& refusal : planned.refusals) {
        session.console.print("  refused: " + refusal);
    }
}

}  // namespace

ExitCode show_rollback_plan(Session& session, const std::optional<std::string>& target) {
    RollbackPlan plan = session.migrator().explain_down(target);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("possible").boolean(plan.is_possible());
            writer.key("rollback").begin_array();
            for (const PlannedRollback& planned : plan.migrations) {
                write(writer, planned);
            }
            writer.end_array();
        });
    } else if (plan.migrations.empty()) {
        session.console.print("Already at target version: " + session.migrator().current_version());
    } else {
        for (const PlannedRollback& planned : plan.migrations) {
            print(session, planned);
        }
    }
    return plan.is_possible() ? ExitCode::done : ExitCode::refused;
}

}  // namespace dynamigrate::cli
