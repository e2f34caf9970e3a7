#include "function_package.hpp"

#include <dynamigrate/cloud/package.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr double kMegabyte = 1024.0 * 1024.0;

fs::path own_program() {
    fs::path program = fs::read_symlink("/proc/self/exe");
    if (program.filename().string().starts_with("ld-linux")) {
        throw Error(ErrorKind::failed_precondition,
                    "this program was started by a loader of its own; package the one it was "
                    "packaged from");
    }
    return program;
}

fs::path certificates(const base::Environment& environment) {
    for (const fs::path& file :
         {fs::path(environment.get("AWS_CA_BUNDLE").value_or("")),
          fs::path("/etc/ssl/certs/ca-certificates.crt"), fs::path("/etc/ssl/cert.pem"),
          fs::path("/etc/pki/tls/certs/ca-bundle.crt")}) {
        if (!file.empty() && fs::exists(file)) {
            return file;
        }
    }
    return {};
}

/// The configuration's own file and those that it blends in.
std::vector<fs::path> config_files(const authoring::Config& config) {
    std::vector<fs::path> files;
    if (!config.path.empty()) {
        files.emplace_back(config.path);
    }
    const json::Value* more = config.raw.find("config");
    if (more && more->is_array()) {
        for (const json::Value& file : more->elements()) {
            files.push_back(config.directory / file.text());
        }
    }
    return files;
}

bool is_default_name(const std::string& name) {
    return name.empty() || name == "migrate.json5" || name == "migrate.json" ||
           name.starts_with("dynamigrate.");
}

bool is_below(const fs::path& file, const fs::path& directory) {
    const fs::path name = file.lexically_normal().lexically_relative(directory.lexically_normal());
    return !name.empty() && *name.begin() != "..";
}

cloud::PackageParts package_parts(const Session& session) {
    const authoring::Config& config = session.project.config;
    cloud::PackageParts parts;
    parts.program = own_program();
    parts.libraries = cloud::loaded_libraries();
    parts.certificates = certificates(session.environment);
    parts.project = config.directory;
    parts.files = config_files(config);
    if (fs::is_directory(config.migrations)) {
        parts.migrations = config.migrations;
        const fs::path all = fs::absolute(config.migrations);
        std::erase_if(parts.libraries,  // plug-ins are there already
                      [&](const fs::path& library) { return is_below(library, all); });
    }
    const std::string name = fs::path(config.path).filename().string();
    parts.config = is_default_name(name) ? "" : name;
    return parts;
}

bool is_said(const json::Value* value) {
    return value != nullptr && value->is_string() && !value->text().empty();
}

bool holds_keys(const json::Value& tree) {
    const json::Value* aws = tree.find("aws");
    return (aws != nullptr &&
            (is_said(aws->find("accessKeyId")) || is_said(aws->find("secretAccessKey")))) ||
           std::ranges::any_of(tree.members(),
                               [](const auto& member) { return holds_keys(member.value); });
}

bool holds_password(const json::Value& tree, bool is_crypto = false) {
    return (is_crypto && is_said(tree.find("password"))) ||
           std::ranges::any_of(tree.members(), [&](const auto& member) {
               return holds_password(member.value, is_crypto || member.key == "crypto");
           });
}

/// A function's role must do, and a zip file is no place for secrets: those of other profiles go
/// into it as well.
void check_secrets(const Session& session) {
    const authoring::Config& config = session.project.config;
    if (session.arguments.force) {
        return;
    }
    if (holds_keys(config.raw)) {
        throw Error(ErrorKind::failed_precondition,
                    "the configuration holds AWS keys, which would go into the package and be used "
                    "instead of the function's role; take them out (a profile, or the "
                    "environment, has them as well), or give --force")
            .at(config.path);
    }
    if (holds_password(config.raw)) {
        throw Error(ErrorKind::failed_precondition,
                    "the configuration holds a password of `crypto`, which would go into the "
                    "package, for everybody to read who may read the function's code; take it out, "
                    "or give --force where that may be")
            .at(config.path);
    }
}

void check_size(std::uint64_t unzipped) {
    if (unzipped > cloud::kMaxUnzipped) {
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("the package has {:.1f} MB unzipped, Lambda takes 250 MB at most; a "
                        "release build of the program is a tenth of a debug one, and large "
                        "data belongs into S3",
                        static_cast<double>(unzipped) / kMegabyte));
    }
}

}  // namespace

std::vector<cloud::ZipEntry> function_package(Session& session) {
    session.open_project();
    check_secrets(session);
    session.load_migrations(false);
    std::vector<cloud::ZipEntry> entries = cloud::package_entries(package_parts(session));
    check_size(unzipped_size(entries));
    return entries;
}

bool needs_node(const std::vector<cloud::ZipEntry>& entries) {
    return std::ranges::any_of(entries, [](const cloud::ZipEntry& entry) {
        const fs::path ending = fs::path(entry.name).extension();
        return ending == ".js" || ending == ".mjs" || ending == ".cjs" || ending == ".ts";
    });
}

std::uint64_t unzipped_size(const std::vector<cloud::ZipEntry>& entries) {
    std::uint64_t bytes = 0;
    for (const cloud::ZipEntry& entry : entries) {
        bytes += entry.bytes.size();
    }
    return bytes;
}

}  // namespace dynamigrate::cli
