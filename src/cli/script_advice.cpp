#include "script_advice.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <regex>

namespace dynamigrate::cli {

namespace {

constexpr std::size_t kLongestScript = 4000;

std::string without_comments(const std::string& script) {
    static const std::regex kComments(R"re(/\*[^]*?\*/|//[^\n]*)re");
    return std::regex_replace(script, kComments, "");
}

/// What the function for each item calls the item; "" where there is none that we know.
std::string item_name(const std::string& script) {
    static const std::regex kFunction(
        R"re((?:module\.exports\s*=\s*(?:async\s+)?(?:function\s*\w*\s*)?\(\s*(\w+)\s*,)re"
        R"re(|\btransform\s*(?::\s*)?\(\s*(\w+)\s*\)))re");
    std::smatch match;
    if (!std::regex_search(script, match, kFunction)) {
        return {};
    }
    return match[1].matched ? match[1] : match[2];
}

std::size_t count_of(const std::string& script, const std::regex& pattern) {
    return static_cast<std::size_t>(std::distance(
        std::sregex_iterator(script.begin(), script.end(), pattern), std::sregex_iterator()));
}

/// Whether it decides, repeats, or uses other code.
bool does_more(const std::string& script) {
    static const std::regex kMore(
        R"re(\b(if|for|while|switch|require|import|query|scan|batch\w*|deleteItem|map|reduce)\b|\?|`)re");
    return std::regex_search(script, kMore);
}

/// The template of what an attribute is set to: `item.email.toLowerCase()` is "${email | lower}".
std::string value_text(const std::smatch& assignment) {
    if (assignment[2].matched) {
        const std::string filter =
            assignment[3].matched ? (assignment[3] == "Lower" ? " | lower" : " | upper") : "";
        return fmt::format("\"${{{}{}}}\"", assignment[2].str(), filter);
    }
    return assignment[4].str();
}

}  // namespace

std::optional<std::string> step_instead_of(const std::string& source) {
    if (source.size() > kLongestScript) {
        return std::nullopt;
    }
    const std::string script = without_comments(source);
    const std::string item = item_name(script);
    if (item.empty() || does_more(script)) {
        return std::nullopt;
    }
    const std::regex any_write(
        fmt::format(R"re(\b{}(\.\w+|\[[^\]]*\])+\s*[-+*/|&?]*=[^=])re", item));
    const std::regex simple_write(fmt::format(
        R"re(\b{0}\.(\w+)\s*=\s*(?:{0}\.(\w+)(?:\.to(Lower|Upper)Case\(\))?|('[^'\n]*'|"[^"\n]*"|\d+|true|false|null))\s*(?=[;\n}}]))re",
        item));
    const std::regex removal(fmt::format(R"re(\bdelete\s+{}\.(\w+)\s*(?=[;\n}}]))re", item));
    std::vector<std::string> set;
    for (std::sregex_iterator it(script.begin(), script.end(), simple_write), end; it != end;
         ++it) {
        set.push_back(fmt::format("{}: {}", (*it)[1].str(), value_text(*it)));
    }
    std::vector<std::string> removed;
    for (std::sregex_iterator it(script.begin(), script.end(), removal), end; it != end; ++it) {
        removed.push_back((*it)[1]);
    }
    if (count_of(script, any_write) != set.size() || (set.empty() && removed.empty())) {
        return std::nullopt;
    }
    std::vector<std::string> parts;
    if (!set.empty()) {
        parts.push_back(fmt::format("set: {{ {} }}", fmt::join(set, ", ")));
    }
    if (!removed.empty()) {
        parts.push_back(fmt::format("remove: [{}]", fmt::join(removed, ", ")));
    }
    return fmt::format("transform: {{ {} }}", fmt::join(parts, ", "));
}

std::vector<Diagnosis> advise_on_scripts(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failure)) {
        const std::string extension = entry.path().extension().string();
        if (extension == ".js" || extension == ".mjs" || extension == ".cjs") {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::vector<Diagnosis> notes;
    for (const std::filesystem::path& file : files) {
        try {
            if (const auto step = step_instead_of(base::read_file(file))) {
                notes.push_back({Diagnosis::State::note, file.filename().string(),
                                 "a YAML step may do the same: " + *step, "step_would_do",
                                 "only a suggestion: for migrations to come, or before it is "
                                 "applied"});
            }
        } catch (const base::Error&) {
            continue;  // loading the migrations says what is wrong with it
        }
    }
    return notes;
}

}  // namespace dynamigrate::cli
