#include "commands.hpp"

#include <dynamigrate/migrate/iam_policy.hpp>

namespace dynamigrate::cli {

namespace {

constexpr std::string_view kBucketScheme = "s3://";
constexpr std::string_view kTableScheme = "table:";

/// "aws-cn" for a Region in China.
std::string partition_of(const std::string& region) {
    return region.starts_with("cn-")       ? "aws-cn"
           : region.starts_with("us-gov-") ? "aws-us-gov"
                                           : "aws";
}

migrate::PolicyScope policy_scope(const Project& project) {
    migrate::PolicyScope scope;
    scope.region = project.region;
    scope.account = project.config.account;
    scope.partition = partition_of(scope.region);
    const std::string& journal = project.config.journal;
    if (journal.starts_with(kBucketScheme)) {
        std::string place = journal.substr(kBucketScheme.size());
        std::size_t slash = place.find('/');
        scope.journal_bucket = place.substr(0, slash);
        scope.journal_prefix = slash == std::string::npos ? "" : place.substr(slash + 1);
        if (!scope.journal_prefix.empty() && !scope.journal_prefix.ends_with('/')) {
            scope.journal_prefix += '/';
        }
        scope.journal_key = project.config.journal_kms_key;
    } else if (journal.starts_with(kTableScheme)) {
        scope.journal_table = journal.substr(kTableScheme.size());
    }
    return scope;
}

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
