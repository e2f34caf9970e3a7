#include "onetable_survey.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <vector>

namespace dynamigrate::cli {

namespace fs = std::filesystem;

namespace {

constexpr std::uintmax_t kMostBytes = std::uintmax_t{1} << 20;
constexpr std::array kPlaces{"",           "src",     "lib",       "db",     "app",
                             "schema",     "models",  "src/lib",   "src/db", "src/schema",
                             "src/models", "src/app", "migrations"};

std::vector<fs::path> scripts_of(const fs::path& directory) {
    static const std::set<std::string> kExtensions{".js", ".mjs", ".cjs", ".ts"};
    std::vector<fs::path> files;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory, failure)) {
        if (entry.is_regular_file(failure) && entry.file_size(failure) <= kMostBytes &&
            kExtensions.contains(entry.path().extension().string())) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// An object with `indexes` and `models`, or its format's name; not a migration that brings one.
bool holds_schema(const std::string& text) {
    static const std::regex kIndexes(R"re(\bindexes\s*:)re"), kModels(R"re(\bmodels\s*:)re"),
        kUp(R"re(\bup\s*[(:])re");
    return (text.find("onetable:1.") != std::string::npos ||
            (std::regex_search(text, kIndexes) && std::regex_search(text, kModels))) &&
           !std::regex_search(text, kUp);
}

bool exports_default(const std::string& text) {
    return text.find("export default") != std::string::npos ||
           text.find("module.exports =") != std::string::npos;
}

std::string table_in(const std::string& text) {
    static const std::regex kTable(
        R"re(new\s+Table\s*\(\s*\{[^}]*?\bname\s*:\s*['"]([A-Za-z0-9_.-]+)['"])re");
    std::smatch match;
    return std::regex_search(text, match, kTable) ? match[1].str() : "";
}

}  // namespace

OneTableSurvey survey_onetable(const fs::path& directory) {
    OneTableSurvey survey;
    for (const char* place : kPlaces) {
        for (const fs::path& file : scripts_of(directory / place)) {
            std::string text;
            try {
                text = base::read_file(file);
            } catch (const base::Error&) {
                continue;
            }
            if (holds_schema(text)) {
                fs::path& found = exports_default(text) ? survey.schema : survey.named_schema;
                found = found.empty() ? place / file.filename() : found;
            }
            if (survey.table.empty()) {
                survey.table = table_in(text);
            }
        }
    }
    return survey;
}

}  // namespace dynamigrate::cli
