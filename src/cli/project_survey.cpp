#include "project_survey.hpp"

#include "onetable_survey.hpp"

#include <dynamigrate/authoring/migration_file.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <sstream>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;
using json::Value;

constexpr std::uintmax_t kMostBytes = std::uintmax_t{16} << 20;

std::optional<std::string> read_text(const fs::path& file) {
    std::error_code failure;
    if (!fs::is_regular_file(file, failure) || fs::file_size(file, failure) > kMostBytes) {
        return std::nullopt;
    }
    try {
        return base::read_file(file);
    } catch (const base::Error&) {
        return std::nullopt;
    }
}

std::optional<Value> read_json(const fs::path& file) {
    const std::optional<std::string> text = read_text(file);
    if (!text) {
        return std::nullopt;
    }
    try {
        return json::parse_json5(*text, file.string());
    } catch (const base::Error&) {
        return std::nullopt;
    }
}

/// The member at the end of the path, or nullptr.
const Value* at(const Value& tree, std::initializer_list<std::string_view> path) {
    const Value* value = &tree;
    for (const std::string_view name : path) {
        value = value->is_object() ? value->find(name) : nullptr;
        if (value == nullptr) {
            return nullptr;
        }
    }
    return value;
}

/// A text without references and variables, or "".
std::string literal(const Value* value) {
    const bool is_literal = value != nullptr && value->is_string() && value->tag.empty() &&
                            value->text().find("${") == std::string::npos;
    return is_literal ? value->text() : "";
}

std::vector<fs::path> files_of(const fs::path& directory) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory, failure)) {
        if (entry.is_regular_file(failure)) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::size_t indent_of(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

/// The resources of a template in YAML: read by lines, since templates hold tags and words of their
/// own that no YAML file of ours may.
struct TemplateTables {
    bool has_table = false;
    std::vector<std::string> names;  ///< without references and variables
};

TemplateTables tables_of_template(const std::string& text) {
    static const std::regex kType(R"re(^\s*Type:\s*["']?AWS::DynamoDB::(Global)?Table["']?\s*$)re");
    static const std::regex kName(R"re(^\s*TableName:\s*["']?([A-Za-z0-9_.-]+)["']?\s*$)re");
    TemplateTables tables;
    std::optional<std::size_t> indent;  // of the table that the line may belong to
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const bool says_something = indent_of(line) < line.size();
        if (indent && says_something && indent_of(line) < *indent) {
            indent.reset();
        }
        std::smatch match;
        if (std::regex_match(line, kType)) {
            tables.has_table = true;
            indent = indent_of(line);
        } else if (indent && std::regex_match(line, match, kName)) {
            tables.names.push_back(match[1]);
        }
    }
    return tables;
}

class Surveyor {
public:
    explicit Surveyor(fs::path directory) : directory_(std::move(directory)) {}

    ProjectSurvey look() {
        look_at_packages();
        look_at_templates();
        look_at_cdk();
        look_at_terraform();
        look_for_migrations();
        if (!survey_.tables_owner.empty()) {
            survey_.advice.push_back(fmt::format(
                "{} owns the tables: `manage: verify` lets migrations check indexes and "
                "leaves their creation to it",
                survey_.tables_owner));
        }
        return std::move(survey_);
    }

private:
    void look_at_packages();
    void look_at_onetable();
    void look_at_templates();
    void look_at_cdk();
    void look_at_terraform();
    void look_for_migrations();
    void look_for_dated_scripts(const fs::path& folder);
    void add_tables(const TemplateTables& tables, const std::string& file,
                    const std::string& owner);
    void find(const std::string& text) { survey_.found.push_back(text); }

    fs::path directory_;
    ProjectSurvey survey_;
};

void Surveyor::look_at_packages() {
    const std::optional<Value> package = read_json(directory_ / "package.json");
    if (!package) {
        return;
    }
    const auto has = [&](std::string_view name) {
        return at(*package, {"dependencies", name}) != nullptr ||
               at(*package, {"devDependencies", name}) != nullptr;
    };
    if (has("onetable-migrate") || has("onetable-cli")) {
        find("package.json: onetable-migrate");
        survey_.history_layout = "onetable";
        survey_.advice.emplace_back(
            "the history is kept as OneTable keeps it, in the application's table; "
            "`dynamigrate adopt` carries it over to a table of its own");
    } else if (has("dynamodb-onetable")) {
        find("package.json: dynamodb-onetable");
    }
    if (has("dynamodb-onetable") || has("onetable-migrate") || has("onetable-cli")) {
        look_at_onetable();
    }
    if (has("@mapbox/dynamodb-migrator") || has("dynamodb-migrator")) {
        find("package.json: dynamodb-migrator");
        survey_.advice.emplace_back(
            "scripts of dynamodb-migrator run as they are: `dynamigrate scan REGION/TABLE SCRIPT`, "
            "or, named by date in the directory of migrations, as versions");
    }
    if (has("@dynobase/dynamodb-migrations")) {
        find("package.json: @dynobase/dynamodb-migrations");
        survey_.history_layout = "functionless";
    }
}

void Surveyor::look_at_onetable() {
    const OneTableSurvey onetable = survey_onetable(directory_);
    survey_.schema = onetable.schema;
    if (!onetable.schema.empty()) {
        find(onetable.schema.string() + ": a OneTable schema, for migrations with `up(db)`");
    } else if (!onetable.named_schema.empty()) {
        find(onetable.named_schema.string() + ": a OneTable schema");
        survey_.advice.emplace_back(
            "export it as the default of a file and name that with `schema:`, or migrations with "
            "`up(db)` bring their own");
    }
    if (!onetable.table.empty()) {
        find("a OneTable Table of the name " + onetable.table);
        survey_.tables.insert(onetable.table);
    }
}

void Surveyor::add_tables(const TemplateTables& tables, const std::string& file,
                          const std::string& owner) {
    if (!tables.has_table) {
        return;
    }
    survey_.tables_owner = owner;
    survey_.tables.insert(tables.names.begin(), tables.names.end());
    find(tables.names.empty() ? fmt::format("{}: tables without fixed names", file)
                              : fmt::format("{}: table {}", file, fmt::join(tables.names, ", ")));
}

void Surveyor::look_at_templates() {
    static const std::regex kRegion(
        R"re((?:^|\n)\s+region:\s*["']?([a-z]+-[a-z-]+-\d)["']?\s*\n)re");
    for (const char* name : {"serverless.yml", "serverless.yaml"}) {
        const std::optional<std::string> text = read_text(directory_ / name);
        std::smatch match;
        if (text && std::regex_search(*text, match, kRegion)) {
            survey_.region = match[1];
            find(fmt::format("{}: region {}", name, survey_.region));
        }
        add_tables(tables_of_template(text.value_or("")), name, "the Serverless Framework");
    }
    for (const char* name : {"template.yaml", "template.yml"}) {
        add_tables(tables_of_template(read_text(directory_ / name).value_or("")), name,
                   "CloudFormation");
    }
}

TemplateTables tables_of_json(const Value& tree) {
    TemplateTables tables;
    const Value* resources = at(tree, {"Resources"});
    if (resources == nullptr || !resources->is_object()) {
        return tables;
    }
    for (const Value::Member& resource : resources->members()) {
        const std::string type = literal(at(resource.value, {"Type"}));
        if (type == "AWS::DynamoDB::Table" || type == "AWS::DynamoDB::GlobalTable") {
            tables.has_table = true;
            const std::string name = literal(at(resource.value, {"Properties", "TableName"}));
            if (!name.empty()) {
                tables.names.push_back(name);
            }
        }
    }
    return tables;
}

void Surveyor::look_at_cdk() {
    if (!fs::exists(directory_ / "cdk.json")) {
        return;
    }
    find("cdk.json: an AWS CDK project");
    survey_.tables_owner = "CDK";
    for (const fs::path& file : files_of(directory_ / "cdk.out")) {
        if (!file.filename().string().ends_with(".template.json")) {
            continue;
        }
        if (const std::optional<Value> tree = read_json(file)) {
            add_tables(tables_of_json(*tree), "cdk.out/" + file.filename().string(), "CDK");
        }
    }
}

void Surveyor::look_at_terraform() {
    static const std::regex kTable(
        R"re(resource\s+"aws_dynamodb_table"\s+"[^"]*"\s*\{[^{}]*?\bname\s*=\s*"([^"]*)")re");
    for (const fs::path& file : files_of(directory_)) {
        const std::optional<std::string> text =
            file.extension() == ".tf" ? read_text(file) : std::nullopt;
        if (!text || text->find("\"aws_dynamodb_table\"") == std::string::npos) {
            continue;
        }
        survey_.tables_owner = "Terraform";
        std::smatch match;
        const bool is_named = std::regex_search(*text, match, kTable) &&
                              match[1].str().find("${") == std::string::npos;
        if (is_named) {
            survey_.tables.insert(match[1]);
        }
        find(fmt::format("{}: table{}", file.filename().string(),
                         is_named ? " " + match[1].str() : "s without fixed names"));
    }
}

void Surveyor::look_for_migrations() {
    for (const char* folder :
         {"migrations", "db/migrations", "src/migrations", "database/migrations",
          "dynamodb/migrations", "scripts/migrations"}) {
        const std::vector<fs::path> files = files_of(directory_ / folder);
        const auto count = std::count_if(files.begin(), files.end(), [](const fs::path& file) {
            const auto name = authoring::parse_file_name(file.filename().string());
            return name && name->is_version;
        });
        if (count > 0 && survey_.migrations.empty()) {
            survey_.migrations = folder;
            find(fmt::format("{}: {} migration{}", folder, count, count == 1 ? "" : "s"));
        }
    }
    look_for_dated_scripts("scripts");
}

/// Scripts such as 2023-05-01-fix-emails.js, as dynamodb-migrator's users name them.
void Surveyor::look_for_dated_scripts(const fs::path& folder) {
    static const std::regex kDated(R"re(\d{4}-?\d{2}-?\d{2}.+\.(js|mjs|cjs|ts))re");
    std::size_t count = 0;
    std::string first;
    for (const fs::path& file : files_of(directory_ / folder)) {
        const std::string name = file.filename().string();
        const auto migration = authoring::parse_file_name(name);
        const bool is_numbered =
            migration && migration->is_version && name.starts_with(migration->id);
        if (std::regex_match(name, kDated) && !is_numbered) {
            first = count++ == 0 ? name : first;
        }
    }
    if (count > 0) {
        find(fmt::format("{}: {} script{} named by date, such as {}", folder.string(), count,
                         count == 1 ? "" : "s", first));
    }
}

}  // namespace

ProjectSurvey survey_project(const fs::path& directory) { return Surveyor(directory).look(); }

}  // namespace dynamigrate::cli
