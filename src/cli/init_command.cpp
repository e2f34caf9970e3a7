#include "commands.hpp"

#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <array>
#include <filesystem>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigFile = "dynamigrate.yaml";
constexpr std::array kOtherConfigFiles = {"dynamigrate.yml", "dynamigrate.json5",
                                          "dynamigrate.json", "migrate.json5", "migrate.json"};

void refuse_second_configuration() {
    if (fs::exists(kConfigFile)) {
        throw base::Error(base::ErrorKind::failed_precondition,
                          "there is a configuration already; edit it, or run init elsewhere")
            .at(kConfigFile);
    }
    for (const char* other : kOtherConfigFiles) {
        if (fs::exists(other)) {
            throw base::Error(base::ErrorKind::failed_precondition,
                              "there is a configuration already, and dynamigrate reads it as it is")
                .at(other);
        }
    }
}

std::string configuration(const std::string& table) {
    return fmt::format(R"(table: {}
migrations: ./migrations
profile: dev
profiles:
  # A DynamoDB of this project's own, in this directory: nothing to install or to start.
  dev: {{ endpoint: "embedded:./.dynamigrate/store" }}
  # prod: {{ region: eu-west-1, max_wcu: 500 }}
)",
                       table);
}

std::string table_name(const Arguments& arguments) {
    if (!arguments.words.empty()) {
        return arguments.words.front();
    }
    return arguments.table.empty() ? "app" : arguments.table;
}

}  // namespace

ExitCode init(Session& session) {
    session.phase = Phase::deciding;
    refuse_second_configuration();
    session.phase = Phase::running;
    base::create_directories("migrations");
    base::create_directories(".dynamigrate");
    base::write_file_atomically(".dynamigrate/.gitignore", "*\n");
    base::write_file_atomically(kConfigFile, configuration(table_name(session.arguments)));
    if (session.arguments.json) {
        session.print_json(
            [](json::Writer& writer) { writer.key("configuration").string(kConfigFile); });
    } else {
        session.console.print(
            fmt::format("Wrote {} and the directory migrations. Next: "
                        "dynamigrate generate \"what it changes\"",
                        kConfigFile));
    }
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
