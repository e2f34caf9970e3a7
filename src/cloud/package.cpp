#include <dynamigrate/cloud/package.hpp>

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <link.h>

#include <algorithm>

namespace dynamigrate::cloud {

namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr std::string_view kBootstrap = R"sh(#!/bin/sh
# Starts the program with the loader and the libraries that came with it.
here=${{LAMBDA_TASK_ROOT:-$(cd "$(dirname "$0")" && pwd)}}
cd "$here" || exit 1
{}exec "$here/lib/{}" --library-path "$here/lib" "$here/dynamigrate" lambda{}
)sh";
constexpr std::string_view kTrust =
    R"sh(export AWS_CA_BUNDLE="${AWS_CA_BUNDLE:-$here/ca-certificates.crt}"
)sh";
constexpr const char* kCertificates = "ca-certificates.crt";

bool is_loader(const fs::path& library) {
    return library.filename().string().starts_with("ld-linux");
}

std::string loader_of(const PackageParts& parts) {
    const auto loader = std::ranges::find_if(parts.libraries, is_loader);
    if (loader == parts.libraries.end()) {
        throw Error(ErrorKind::failed_precondition,
                    "the program's dynamic loader is not known; a program without one cannot be "
                    "packaged");
    }
    return loader->filename().string();
}

/// In single quotes for a shell.
std::string quoted(const std::string& text) {
    std::string out = "'";
    for (char c : text) {
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return out + "'";
}

std::string bootstrap(const PackageParts& parts) {
    const std::string config = parts.config.empty() ? "" : " --config " + quoted(parts.config);
    return fmt::format(kBootstrap, parts.certificates.empty() ? "" : kTrust, loader_of(parts),
                       config);
}

std::string name_below(const fs::path& file, const fs::path& directory) {
    const fs::path name =
        fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(directory));
    if (name.empty() || *name.begin() == "..") {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("{} is not below {}, so it has no place in the package",
                                file.string(), directory.string()));
    }
    return name.generic_string();
}

bool is_executable(const fs::path& file) {
    return (fs::status(file).permissions() & fs::perms::owner_exec) != fs::perms::none;
}

/// Hidden files and what package managers put there stay out.
bool is_left_out(const fs::path& file) {
    const std::string name = file.filename().string();
    return name.starts_with('.') || name == "node_modules";
}

void add_directory(const fs::path& directory, const fs::path& project,
                   std::vector<ZipEntry>& entries) {
    for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
        if (is_left_out(entry.path())) {
            continue;
        }
        if (entry.is_directory()) {
            add_directory(entry.path(), project, entries);
        } else {
            const fs::path name =
                fs::weakly_canonical(directory).lexically_relative(fs::weakly_canonical(project)) /
                entry.path().filename();
            entries.push_back({name.lexically_normal().generic_string(),
                               base::read_file(entry.path()), is_executable(entry.path())});
        }
    }
}

}  // namespace

std::vector<ZipEntry> package_entries(const PackageParts& parts) {
    std::vector<ZipEntry> entries;
    entries.push_back({"bootstrap", bootstrap(parts), true});
    entries.push_back({"dynamigrate", base::read_file(parts.program), true});
    for (const fs::path& library : parts.libraries) {
        entries.push_back(
            {"lib/" + library.filename().string(), base::read_file(library), is_loader(library)});
    }
    if (!parts.certificates.empty()) {
        entries.push_back({kCertificates, base::read_file(parts.certificates), false});
    }
    for (const fs::path& file : parts.files) {
        entries.push_back({name_below(file, parts.project), base::read_file(file), false});
    }
    if (!parts.migrations.empty()) {
        name_below(parts.migrations, parts.project);
        add_directory(parts.migrations, parts.project, entries);
    }
    return entries;
}

std::vector<fs::path> loaded_libraries() {
    std::vector<fs::path> libraries;
    dl_iterate_phdr(
        [](dl_phdr_info* info, std::size_t, void* found) {
            const fs::path path = info->dlpi_name;
            if (path.is_absolute()) {
                static_cast<std::vector<fs::path>*>(found)->push_back(path);
            }
            return 0;
        },
        &libraries);
    return libraries;
}

}  // namespace dynamigrate::cloud
