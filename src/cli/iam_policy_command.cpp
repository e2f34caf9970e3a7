#include "commands.hpp"
#include "policy_scope.hpp"

#include <dynamigrate/migrate/iam_policy.hpp>

namespace dynamigrate::cli {

namespace {

/// The document with a line for each member and element.
std::string laid_out(std::string_view json) {
    std::string text;
    std::size_t depth = 0;
    bool is_in_string = false;
    auto new_line = [&] { text += '\n' + std::string(depth * 2, ' '); };
    for (std::size_t i = 0; i < json.size(); ++i) {
        char c = json[i];
        if (c == '"' && (i == 0 || json[i - 1] != '\\')) {
            is_in_string = !is_in_string;
        }
        if (!is_in_string && (c == '}' || c == ']')) {
            --depth;
            new_line();
        }
        text += c;
        if (is_in_string) {
            continue;
        }
        if (c == '{' || c == '[') {
            ++depth;
            new_line();
        } else if (c == ',') {
            new_line();
        } else if (c == ':') {
            text += ' ';
        }
    }
    return text;
}

}  // namespace

ExitCode show_iam_policy(Session& session) {
    session.open_project();
    session.load_migrations(true);
    std::string policy = migrate::iam_policy(migrate::iam_statements(
        session.registry, session.project.settings, policy_scope(session.project)));
    session.console.print(session.arguments.json ? policy : laid_out(policy));
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
