#include "commands.hpp"

#include <dynamigrate/migrate/generate.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dynamigrate::cli {

namespace {

/// `generate migration ...` is OneTable's spelling of `generate ...`.
std::string description(std::vector<std::string> words) {
    if (!words.empty() && words.front() == "migration") {
        words.erase(words.begin());
    }
    return fmt::format("{}", fmt::join(words, " "));
}

/// A list of migrations is a file; new ones get files beside it.
std::filesystem::path directory_of(const std::filesystem::path& migrations) {
    return std::filesystem::is_regular_file(migrations) ? migrations.parent_path() : migrations;
}

/// Whether who works here writes TypeScript.
bool has_typescript(const std::filesystem::path& project, const std::filesystem::path& migrations) {
    std::error_code ignored;
    if (std::filesystem::exists(project / "tsconfig.json", ignored)) {
        return true;
    }
    for (const auto& entry : std::filesystem::directory_iterator(migrations, ignored)) {
        if (entry.path().extension() == ".ts") {
            return true;
        }
    }
    return false;
}

/// Writes what is asked for, and tells.
ExitCode write(Session& session, const migrate::GenerateRequest& request) {
    const migrate::GeneratedMigration generated =
        migrate::generate_migration(session.registry, request);
    session.phase = Phase::running;
    const std::filesystem::path path = migrate::write_migration(request.directory, generated);
    std::vector<std::string> files{path.string()};
    for (const migrate::GeneratedFile& other : generated.others) {
        files.push_back((path.parent_path() / other.name).string());
    }
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("generated").string(path.string());
            writer.key("version").string(generated.version);
            writer.key("files").begin_array();
            for (const std::string& file : files) {
                writer.string(file);
            }
            writer.end_array();
        });
    } else {
        for (const std::string& file : files) {
            session.console.print("Generated " + file);
        }
    }
    return ExitCode::done;
}

}  // namespace

ExitCode generate(Session& session) {
    if (session.arguments.words == std::vector<std::string>{"types"}) {
        throw base::Error(base::ErrorKind::invalid_argument,
                          "generate types: TypeScript models are made by OneTable itself; "
                          "dynamigrate generates migrations only");
    }
    session.open_project();
    session.load_migrations(false);
    session.phase = Phase::setup;
    base::SystemClock clock;
    migrate::GenerateRequest request;
    request.description = description(session.arguments.words);
    request.table = session.project.settings.default_table;
    request.now = clock.now();
    request.directory = directory_of(session.project.config.migrations);
    if (!session.arguments.language.empty()) {
        request.language = session.arguments.language;
    } else if (session.project.config.is_onetable) {
        request.language = "onetable";
    }
    if (!session.arguments.bump.empty()) {
        request.bump = session.arguments.bump;
    }
    request.is_typescript = has_typescript(session.project.config.directory, request.directory);
    return write(session, request);
}

ExitCode init_migration(Session& session) {
    session.phase = Phase::setup;
    base::SystemClock clock;
    migrate::GenerateRequest request;
    request.description = session.arguments.name;
    request.table = session.arguments.table;
    request.now = clock.now();
    request.language =
        session.arguments.language.empty() ? "functionless" : session.arguments.language;
    request.directory =
        session.arguments.directory.empty() ? "migrations" : session.arguments.directory;
    request.is_typescript = has_typescript(".", request.directory);
    return write(session, request);
}

}  // namespace dynamigrate::cli
