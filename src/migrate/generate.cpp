#include <dynamigrate/migrate/generate.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

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

/// The highest of the registered versions and the current one.
Version latest_version(const Registry& registry, const std::string& current) {
    std::optional<Version> latest = Version::parse(current);
    for (const Migration& migration : registry.all()) {
        const std::optional<Version>& version = migration.version();
        bool is_other_kind = version && latest && latest->kind() != version->kind();
        if (version && (!latest || is_other_kind || *version > *latest)) {
            latest = version;
        }
    }
    return latest ? *latest : *Version::parse("0.0.0");
}

Version next_version(const Registry& registry, const GenerateRequest& request) {
    Version latest = latest_version(registry, request.current);
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
    if (latest.kind() == Version::Kind::timestamp) {
        Version now = *Version::parse(timestamp_of(request.now));
        return now > latest ? now : latest.bumped("patch");
    }
    return latest.bumped(request.bump);
}

std::string in_quotes(std::string_view text) {
    std::string out;
    json::Writer::append_quoted(out, text);
    return out;
}

std::string template_text(const Version& version, const GenerateRequest& request) {
    std::string table =
        request.table.empty() ? "# table: app" : "table: " + in_quotes(request.table);
    return fmt::format(
        "version: {}\n"
        "description: {}\n"
        "{}\n"
        "up: []\n"
        "#  - transform:\n"
        "#      where: attribute_exists(email)\n"
        "#      set: {{ emailLower: \"${{email | lower}}\" }}\n"
        "down: auto\n",
        version.text(), in_quotes(request.description), table);
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
    if (const Migration* other = registry.find(version.text())) {
        throw exists_error(other->path());
    }
    std::string slug = short_slug(request.description);
    std::string stem = slug.empty() ? version.text() : version.text() + "_" + slug;
    return {version.text(), stem + ".yaml", template_text(version, request)};
}

std::filesystem::path write_migration(const std::filesystem::path& directory,
                                      const GeneratedMigration& migration) {
    std::filesystem::path path = directory / migration.file_name;
    if (std::filesystem::exists(path)) {
        throw exists_error(path.string());
    }
    base::create_directories(directory);
    base::write_file_atomically(path, migration.text);
    return path;
}

}  // namespace dynamigrate::migrate
