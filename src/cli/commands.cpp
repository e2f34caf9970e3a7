#include "commands.hpp"

#include "program_version.hpp"
#include "serve_command.hpp"
#include "usage.hpp"

#include <fmt/format.h>

#include <array>

namespace dynamigrate::cli {

namespace {

using Command = ExitCode (*)(Session&);

ExitCode show_version(Session& session) {
    if (session.arguments.json) {
        session.print_json(
            [](json::Writer& writer) { writer.key("version").string(kProgramVersion); });
    } else {
        const char* name = session.arguments.as_onetable ? "" : "dynamigrate ";
        session.console.print(fmt::format("{}{}", name, kProgramVersion));
    }
    return ExitCode::done;
}

ExitCode show_help(Session& session) {
    const Arguments& arguments = session.arguments;
    const std::string asked = arguments.words.empty() ? "" : arguments.words.front();
    session.console.print_text(usage(arguments.verb == "help" ? asked : arguments.verb));
    return ExitCode::done;
}

Command find_command(const std::string& verb) {
    static constexpr auto kCommands = std::to_array<std::pair<std::string_view, Command>>({
        {"status", show_status},
        {"list", list_applied},
        {"outstanding", list_outstanding},
        {"named", list_named},
        {"runs", show_runs},
        {"history", show_history},
        {"quarantine", show_quarantine},
        {"retry-failed", retry_failed},
        {"baseline", enter_baseline},
        {"mark", mark},
        {"repair", repair},
        {"adopt", adopt},
        {"indexes", show_indexes},
        {"restore", show_restore},
        {"plan", show_plan},
        {"validate", validate},
        {"doctor", doctor},
        {"iam-policy", show_iam_policy},
        {"init", init},
        {"generate", generate},
        {"resume", resume},
        {"unlock", unlock},
        {"undo", undo},
        {"journal", journal},
        {"pause", pause},
        {"rate", set_rate},
        {"abort", abort_run},
        {"scan", run_script},
        {"stream", run_script},
        {"filter", filter_lines},
        {"serve", serve},
        {"lambda", serve_lambda},
        {"deploy", deploy},
        {"version", show_version},
    });
    for (const auto& [name, command] : kCommands) {
        if (name == verb) {
            return command;
        }
    }
    return migrate_database;
}

}  // namespace

ExitCode run_command(Session& session) {
    const Arguments& arguments = session.arguments;
    if (arguments.help || arguments.verb == "help") {
        return show_help(session);
    }
    if (arguments.version) {
        return show_version(session);
    }
    if (arguments.verb.empty() && arguments.words.empty()) {
        session.console.report(usage());
        return ExitCode::usage;
    }
    return is_for_lambda(session) ? ask_lambda(session) : find_command(arguments.verb)(session);
}

}  // namespace dynamigrate::cli
