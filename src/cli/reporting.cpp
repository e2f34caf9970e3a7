#include "reporting.hpp"

#include "commands.hpp"
#include "output_text.hpp"

#include <fmt/format.h>

namespace dynamigrate::cli {

namespace {

std::string hint(ExitCode code, Phase phase) {
    if (code == ExitCode::failed && phase == Phase::running) {
        return "`dynamigrate runs` shows what was done; `dynamigrate resume` goes on, `dynamigrate "
               "down` goes back";
    }
    return {};
}

}  // namespace

ExitCode report_error(Console& console, const base::Error& error, Phase phase, bool as_json) {
    ExitCode code = exit_code(error, phase);
    bool failed = phase == Phase::running && code == ExitCode::failed;
    console.show_bar("");
    console.report(
        fmt::format("dynamigrate: {}{}", failed ? "Migration failed: " : "", error.what()));
    if (std::string text = hint(code, phase); !text.empty()) {
        console.report(text);
    }
    if (as_json) {
        std::string text;
        json::Writer writer(text);
        writer.begin_object().key("error");
        write(writer, error, static_cast<int>(code));
        writer.end_object();
        console.print(text);
    }
    return code;
}

ExitCode run_reporting(Session& session) {
    try {
        return run_command(session);
    } catch (const base::Error& error) {
        return report_error(session.console, error, session.phase, session.arguments.json);
    }
}

}  // namespace dynamigrate::cli
