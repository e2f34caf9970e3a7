#include "commands.hpp"
#include "project_survey.hpp"

#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <array>
#include <cctype>
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

std::string quoted(const std::string& text) {
    std::string out;
    json::Writer::append_quoted(out, text);
    return out;
}

/// Plain where YAML reads it as a text all the same.
std::string yaml_text(const std::string& text) {
    const bool is_plain =
        !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
        text.find_first_not_of(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./") ==
            std::string::npos;
    return is_plain ? text : quoted(text);
}

std::string configuration(const std::string& table, const ProjectSurvey& survey) {
    const std::string migrations =
        survey.migrations.empty() ? "./migrations" : "./" + survey.migrations.string();
    std::string text = fmt::format("table: {}\nmigrations: {}\n", yaml_text(table), migrations);
    if (!survey.schema.empty()) {
        text += fmt::format("schema: {}\n", yaml_text("./" + survey.schema.string()));
    }
    if (!survey.history_layout.empty()) {
        text += fmt::format("history: {{ layout: {} }}\n", survey.history_layout);
    }
    if (!survey.tables_owner.empty()) {
        text += fmt::format(
            "# {} creates the tables and indexes: migrations check them.\n"
            "manage: verify\n",
            survey.tables_owner);
    }
    const std::string region = survey.region.empty() ? "eu-west-1" : survey.region;
    return text + fmt::format(R"(profile: dev
profiles:
  # A DynamoDB of this project's own, in this directory: nothing to install or to start.
  dev: {{ endpoint: "embedded:./.dynamigrate/store"{} }}
  # prod: {{ region: {}, max_wcu: 500 }}
)",
                              survey.tables_owner.empty() ? "" : ", manage: apply", region);
}

std::string table_name(const Arguments& arguments, const ProjectSurvey& survey) {
    if (!arguments.words.empty()) {
        return arguments.words.front();
    }
    if (!arguments.table.empty()) {
        return arguments.table;
    }
    return survey.tables.size() == 1 ? *survey.tables.begin() : "app";
}

void tell(Session& session, const ProjectSurvey& survey) {
    for (const std::string& line : survey.found) {
        session.console.print("Found " + line);
    }
    for (const std::string& line : survey.advice) {
        session.console.print("  " + line);
    }
    session.console.print(fmt::format(
        "Wrote {} and the directory {}. Next: "
        "dynamigrate generate \"what it changes\"",
        kConfigFile, survey.migrations.empty() ? "migrations" : survey.migrations.string()));
}

void tell_json(Session& session, const ProjectSurvey& survey) {
    session.print_json([&](json::Writer& writer) {
        writer.key("configuration").string(kConfigFile);
        for (const auto& [name, lines] :
             {std::pair{"found", &survey.found}, std::pair{"advice", &survey.advice}}) {
            writer.key(name).begin_array();
            for (const std::string& line : *lines) {
                writer.string(line);
            }
            writer.end_array();
        }
    });
}

}  // namespace

ExitCode init(Session& session) {
    if (!session.arguments.name.empty()) {
        return init_migration(session);
    }
    session.phase = Phase::deciding;
    refuse_second_configuration();
    const ProjectSurvey survey = survey_project(".");
    session.phase = Phase::running;
    if (survey.migrations.empty()) {
        base::create_directories("migrations");
    }
    base::create_directories(".dynamigrate");
    base::write_file_atomically(".dynamigrate/.gitignore", "*\n");
    base::write_file_atomically(kConfigFile,
                                configuration(table_name(session.arguments, survey), survey));
    if (session.arguments.json) {
        tell_json(session, survey);
    } else {
        tell(session, survey);
    }
    return ExitCode::done;
}

}  // namespace dynamigrate::cli
