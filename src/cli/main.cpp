#include <dynamigrate/cli/main.hpp>

#include "called_as.hpp"
#include "reporting.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <iostream>

namespace dynamigrate::cli {

namespace {

base::LogLevel log_level(const Arguments& arguments) {
    return arguments.debug     ? base::LogLevel::debug
           : arguments.verbose ? base::LogLevel::info
           : arguments.quiet   ? base::LogLevel::error
                               : base::LogLevel::warning;
}

/// The name by which Lambda starts a function.
bool is_bootstrap(const std::filesystem::path& program) {
    return program.filename() == "bootstrap";
}

void enter_directory(const std::string& directory) {
    if (directory.empty()) {
        return;
    }
    std::error_code failure;
    std::filesystem::current_path(directory, failure);
    if (failure) {
        throw base::Error(
            base::ErrorKind::invalid_argument,
            fmt::format("cannot change to the directory {}: {}", directory, failure.message()));
    }
}

ExitCode run(const Arguments& arguments, Console& console, migrate::Registry registry) {
    if (arguments.quiet) {
        console.be_quiet();
    }
    base::Environment environment = base::Environment::of_process();
    std::unique_ptr<base::Log> log = base::make_stderr_log(log_level(arguments));
    Session session(arguments, console, environment, *log, std::move(registry));
    try {
        if (arguments.name.empty()) {
            enter_directory(arguments.directory);
        }
    } catch (const base::Error& error) {
        return report_error(console, error, session.phase, arguments.json);
    }
    return run_reporting(session);
}

/// As another tool, whose usage and exit codes these are.
int run_as(CalledAs tool, std::vector<std::string> texts, Console& console) {
    Arguments arguments;
    try {
        arguments = parse_arguments(own_words(tool, std::move(texts)));
    } catch (const base::Error& error) {
        console.report(fmt::format("Error: {}", error.what()));
        console.report(tool_usage(tool));
        return tool_exit_code(static_cast<int>(ExitCode::usage));
    }
    if (arguments.help) {
        console.report(tool_usage(tool));
        return 0;
    }
    return tool_exit_code(static_cast<int>(run(arguments, console, {})));
}

}  // namespace

int main(int argc, char** argv, migrate::Registry registry) {
    std::signal(SIGPIPE, SIG_IGN);
    std::vector<std::string> texts(argv + std::min(argc, 1), argv + argc);
    bool is_typed = isatty(STDIN_FILENO) == 1;
    bool is_watched = isatty(STDERR_FILENO) == 1;
    Arguments arguments;
    Console plain(std::cin, std::cout, std::cerr, is_typed, false);
    const CalledAs tool = called_as(argc > 0 ? argv[0] : "");
    if (tool != CalledAs::dynamigrate && tool != CalledAs::onetable) {
        return run_as(tool, std::move(texts), plain);
    }
    try {
        if (texts.empty() && argc > 0 && is_bootstrap(argv[0])) {
            texts.emplace_back("lambda");
        }
        arguments = parse_arguments(texts);
        arguments.as_onetable = tool == CalledAs::onetable;
        Console console(std::cin, std::cout, std::cerr, is_typed,
                        is_watched && !arguments.no_color && !arguments.json,
                        isatty(STDOUT_FILENO) == 1 && !arguments.no_color);
        return static_cast<int>(run(arguments, console, std::move(registry)));
    } catch (const base::Error& error) {
        return static_cast<int>(report_error(plain, error, Phase::setup, arguments.json));
    } catch (const std::exception& error) {
        plain.report(fmt::format("dynamigrate: {} (a defect; please report it)", error.what()));
        return static_cast<int>(ExitCode::failed);
    }
}

}  // namespace dynamigrate::cli
