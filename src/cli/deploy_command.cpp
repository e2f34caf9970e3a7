#include "commands.hpp"

#include <dynamigrate/base/file.hpp>
#include <dynamigrate/base/hash.hpp>
#include <dynamigrate/cloud/package.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr const char* kDefaultOutput = "dynamigrate-lambda.zip";
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

/// A function's role must do, and a zip file is no place for secrets.
void check_secrets(const Session& session) {
    const bool has_keys = !session.project.config.access_key.empty();
    if (has_keys && !session.arguments.force) {
        throw Error(ErrorKind::failed_precondition,
                    "the configuration holds AWS keys, which would go into the package and be used "
                    "instead of the function's role; take them out (a profile, or the "
                    "environment, has them as well), or give --force")
            .at(session.project.config.path);
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

bool has_javascript(const std::vector<cloud::ZipEntry>& entries) {
    return std::ranges::any_of(entries, [](const cloud::ZipEntry& entry) {
        const fs::path ending = fs::path(entry.name).extension();
        return ending == ".js" || ending == ".mjs" || ending == ".cjs" || ending == ".ts";
    });
}

ExitCode deploy_package(Session& session) {
    session.open_project();
    check_secrets(session);
    session.load_migrations(false);
    std::vector<cloud::ZipEntry> entries = cloud::package_entries(package_parts(session));
    const std::size_t files = entries.size();
    std::uint64_t unzipped = 0;
    for (const cloud::ZipEntry& entry : entries) {
        unzipped += entry.bytes.size();
    }
    check_size(unzipped);
    const bool needs_node = has_javascript(entries);
    const std::string zip = cloud::make_zip(std::move(entries));
    const std::string output =
        session.arguments.output.empty() ? kDefaultOutput : session.arguments.output;
    base::write_file_atomically(output, zip);
    const std::string digest = base::sha256_hex(zip);
    if (session.arguments.json) {
        session.print_json([&](json::Writer& writer) {
            writer.key("package").string(output).key("bytes").number(zip.size());
            writer.key("unzipped_bytes").number(unzipped).key("files").number(files);
            writer.key("sha256").string(digest).key("needs_node").boolean(needs_node);
        });
    } else {
        session.console.print(
            fmt::format("Generated {}: {:.1f} MB, unzipped {:.1f} MB of 250, {} files, sha256 {}",
                        output, static_cast<double>(zip.size()) / kMegabyte,
                        static_cast<double>(unzipped) / kMegabyte, files, digest));
    }
    if (zip.size() > cloud::kMaxUploaded) {
        session.console.say("over 50 MB a package must be uploaded by way of S3");
    }
    if (needs_node) {
        session.console.say(
            "it holds migrations in JavaScript, for which the function needs Node: docs/lambda.md");
    }
    return ExitCode::done;
}

}  // namespace

ExitCode deploy(Session& session) {
    const std::vector<std::string>& words = session.arguments.words;
    if (words.empty() || words.front() != "package") {
        throw Error(ErrorKind::invalid_argument,
                    words.empty() ? "say what to deploy: `deploy package`"
                                  : fmt::format("`deploy {}` is not known; there is `deploy "
                                                "package`",
                                                words.front()));
    }
    return deploy_package(session);
}

}  // namespace dynamigrate::cli
