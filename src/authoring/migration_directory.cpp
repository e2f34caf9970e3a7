#include "migration_directory.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

namespace dynamigrate::authoring {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 4> kForNode{".js", ".mjs", ".cjs", ".ts"};
constexpr std::array<std::string_view, 8> kIndexes{"index.js",    "index.mjs",  "index.cjs",
                                                   "index.ts",    "index.yaml", "index.yml",
                                                   "index.json5", "index.json"};

/// `1.3.0_names/index.js`; nothing for a directory beside the migrations.
std::optional<FoundFile> index_in(const fs::path& directory) {
    const auto name = parse_file_name(directory.filename().string() + ".js");
    if (!name || !name->is_version) {
        return std::nullopt;
    }
    for (const std::string_view index : kIndexes) {
        if (fs::is_regular_file(directory / index)) {
            return FoundFile{directory / index, *name, true};
        }
    }
    return std::nullopt;
}

bool has_word(std::string_view text, std::string_view word) {
    const auto is_part = [&](std::size_t at) {
        return at < text.size() &&
               (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
    };
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        if (!(at > 0 && is_part(at - 1)) && !is_part(at + word.size())) {
            return true;
        }
    }
    return false;
}

/// Whether a script without a version looks like a named migration: it is not loaded otherwise, as
/// that would run it.
bool looks_like_migration(const fs::path& path) {
    const std::string text = base::read_file(path);
    const auto holds = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    if (holds("dynamodb-migrations") &&
        (holds("export const up") || holds("export const migration"))) {
        return true;  // functionless
    }
    return (holds("export default") || holds("module.exports") || holds("exports.default")) &&
           (has_word(text, "transform") || has_word(text, "up"));
}

/// Whether an index looks as if it exported a list of migrations.
bool looks_like_list(const fs::path& path) {
    const std::string text = base::read_file(path);
    const auto holds = [&](std::string_view part) { return text.find(part) != std::string::npos; };
    return (holds("export default") || holds("module.exports")) && holds("[");
}

std::optional<FoundFile> migration_of(const fs::directory_entry& entry) {
    if (entry.is_directory()) {
        return index_in(entry.path());
    }
    if (!entry.is_regular_file()) {
        return std::nullopt;
    }
    const auto name = parse_file_name(entry.path().filename().string());
    if (!name) {
        return std::nullopt;
    }
    FoundFile found{entry.path(), *name, false};
    if (found.is_for_node() && !name->is_version && !looks_like_migration(found.path)) {
        return std::nullopt;
    }
    return found;
}

}  // namespace

bool FoundFile::is_for_node() const {
    return std::find(kForNode.begin(), kForNode.end(), path.extension().string()) != kForNode.end();
}

std::string FoundFile::checksum() const {
    if (!is_index) {
        return file_checksum(base::read_file(path));
    }
    std::vector<fs::path> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(path.parent_path())) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    std::string all;
    for (const fs::path& file : files) {
        all += file.filename().string() + " " + file_checksum(base::read_file(file)) + "\n";
    }
    return file_checksum(all);
}

std::optional<FoundFile> find_list(const fs::path& directory) {
    if (fs::is_regular_file(directory)) {
        FoundFile list{directory, {directory.stem().string(), "", false}, false};
        if (!list.is_for_node()) {
            throw base::Error(base::ErrorKind::invalid_argument,
                              "migrations are in a directory, or a list that a file in JavaScript "
                              "exports; correct `migrations:` in the configuration")
                .at(directory.string());
        }
        return list;
    }
    for (const std::string_view index : kIndexes) {
        const fs::path path = directory / index;
        FoundFile found{path, {"index", "", false}, false};
        if (found.is_for_node() && fs::is_regular_file(path) && looks_like_list(path)) {
            return found;
        }
    }
    return std::nullopt;
}

std::vector<FoundFile> find_migrations(const fs::path& directory) {
    std::vector<FoundFile> files;
    if (fs::is_regular_file(directory)) {
        return files;
    }
    std::error_code failure;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, failure)) {
        if (auto found = migration_of(entry)) {
            files.push_back(std::move(*found));
        }
    }
    if (failure) {
        throw base::Error(base::ErrorKind::not_found,
                          "the migrations' directory cannot be read: " + failure.message() +
                              "; set `migrations:` in the configuration")
            .at(directory.string());
    }
    std::sort(files.begin(), files.end(),
              [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; });
    return files;
}

}  // namespace dynamigrate::authoring
