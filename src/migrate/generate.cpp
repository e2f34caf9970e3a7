#include <dynamigrate/migrate/generate.hpp>

#include "generate_form.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view kNoVersion = "0.0.0", kFunctionless = "functionless";
constexpr std::size_t kDateDigits = 8;

Error exists_error(const std::string& path) {
    return Error(ErrorKind::already_exists, fmt::format("Migration {} already exists", path));
}

/// "2024-01-15T12:00:00.000Z" without what is no digit: 20240115120000.
std::string timestamp_of(base::WallTime now) {
    std::string digits;
    for (char c : base::to_iso8601(now)) {
        if (c >= '0' && c <= '9') {
            digits.push_back(c);
        }
    }
    return digits.substr(0, 14);
}

/// The version that a file's name begins with, whatever the file is.
std::optional<Version> version_of(const std::filesystem::path& file) {
    return Version::parse(version_part(file.stem().string()));
}

std::vector<std::filesystem::path> versioned_files(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failure)) {
        if (version_of(entry.path())) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// The highest of the registered versions, those of files, and the current one.
Version latest_version(const Registry& registry, const GenerateRequest& request) {
    std::optional<Version> latest = Version::parse(request.current);
    const auto see = [&](const std::optional<Version>& version) {
        bool is_other_kind = version && latest && latest->kind() != version->kind();
        if (version && (!latest || is_other_kind || *version > *latest)) {
            latest = version;
        }
    };
    for (const Migration& migration : registry.all()) {
        see(migration.version());
    }
    for (const std::filesystem::path& file : versioned_files(request.directory)) {
        const std::optional<Version> version = version_of(file);
        if (!latest || latest->kind() == version->kind()) {
            see(version);
        }
    }
    return latest ? *latest : *Version::parse(kNoVersion);
}

void refuse_taken(const Version& version, const Registry& registry,
                  const GenerateRequest& request) {
    if (const Migration* other = registry.find(version.text())) {
        throw exists_error(other->path());
    }
    for (const std::filesystem::path& file : versioned_files(request.directory)) {
        if (version_of(file)->text() == version.text()) {
            throw exists_error(file.string());
        }
    }
}

/// The day after a date of 8 digits.
std::string day_after(const std::string& date) {
    using namespace std::chrono;
    const year_month_day day{year(std::stoi(date.substr(0, 4))),
                             month(std::stoul(date.substr(4, 2))),
                             std::chrono::day(std::stoul(date.substr(6, 2)))};
    const year_month_day next = sys_days(day) + days(1);
    return fmt::format("{:04}{:02}{:02}", static_cast<int>(next.year()),
                       static_cast<unsigned>(next.month()), static_cast<unsigned>(next.day()));
}

bool is_day(const Version& version) {
    return version.kind() == Version::Kind::integer && is_date(version.text());
}

Version next_version(const Registry& registry, const GenerateRequest& request) {
    Version latest = latest_version(registry, request);
    if (auto wanted = Version::parse(request.bump)) {
        bool is_first = registry.all().empty();
        if (!is_first && wanted->kind() != latest.kind()) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("version {} is of kind {}, but the project's versions are of "
                                    "kind {} ({})",
                                    request.bump, to_string(wanted->kind()),
                                    to_string(latest.kind()), latest.text()));
        }
        return *wanted;
    }
    if (request.bump != "major" && request.bump != "minor" && request.bump != "patch") {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("cannot bump \"{}\": expected major, minor, patch or a version",
                                request.bump));
    }
    const bool is_first = latest.text() == kNoVersion && request.language == kFunctionless;
    if (is_first || is_day(latest)) {
        const std::string today = timestamp_of(request.now).substr(0, kDateDigits);
        return *Version::parse(is_first || today > latest.text() ? today
                                                                 : day_after(latest.text()));
    }
    if (latest.kind() == Version::Kind::timestamp) {
        Version now = *Version::parse(timestamp_of(request.now));
        return now > latest ? now : latest.bumped("patch");
    }
    return latest.bumped(request.bump);
}

/// A slug is for reading: without runs of dashes, and short.
std::string short_slug(const std::string& description) {
    constexpr std::size_t kLongestSlug = 60;
    std::string slug;
    for (char c : base::to_slug(description)) {
        char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        if (lower != '-' || (!slug.empty() && slug.back() != '-')) {
            slug.push_back(lower);
        }
    }
    slug.resize(std::min(slug.size(), kLongestSlug));
    while (slug.ends_with('-')) {
        slug.pop_back();
    }
    return slug;
}

}  // namespace

GeneratedMigration generate_migration(const Registry& registry, const GenerateRequest& request) {
    Version version = next_version(registry, request);
    refuse_taken(version, registry, request);
    std::string slug = short_slug(request.description);
    const bool is_dashed = request.language == kFunctionless && is_date(version.text());
    std::string stem =
        slug.empty() ? version.text() : version.text() + (is_dashed ? "-" : "_") + slug;
    std::vector<GeneratedFile> files = write_form(
        request.language,
        {version.text(), stem, request.description, request.table, request.is_typescript});
    GeneratedMigration generated{
        version.text(), std::move(files.front().name), std::move(files.front().text), {}};
    generated.others.assign(std::make_move_iterator(files.begin() + 1),
                            std::make_move_iterator(files.end()));
    return generated;
}

std::filesystem::path write_migration(const std::filesystem::path& directory,
                                      const GeneratedMigration& migration) {
    std::filesystem::path path = directory / migration.file_name;
    const auto refuse_existing = [](const std::filesystem::path& file) {
        if (std::filesystem::exists(file)) {
            throw exists_error(file.string());
        }
    };
    refuse_existing(path);
    for (const GeneratedFile& other : migration.others) {
        refuse_existing(directory / other.name);
    }
    base::create_directories(directory);
    for (const GeneratedFile& other : migration.others) {
        base::write_file_atomically(directory / other.name, other.text);
    }
    base::write_file_atomically(path, migration.text);
    return path;
}

}  // namespace dynamigrate::migrate
