#pragma once

#include <dynamigrate/cloud/zip.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace dynamigrate::cloud {

/// What a function's package is made of.
struct PackageParts {
    std::filesystem::path program;
    /// The shared objects that it needs, its dynamic loader (ld-linux...) among them.
    std::vector<std::filesystem::path> libraries;
    std::filesystem::path certificates;  ///< a PEM file of authorities; "" : none
    std::filesystem::path project;       ///< the directory that `files` and `migrations` are in
    std::vector<std::filesystem::path> files;
    std::filesystem::path migrations;  ///< a directory, with all below it; "" : none
    std::string config;                ///< the configuration's name in the package, "" : none
};

/// A package for Lambda: the program with its own loader and libraries, so that it runs on a system
/// with an older C library; the configuration and the migrations; and `bootstrap`, which starts it.
/// Errors: not_found; invalid_argument for files that are not below the project's directory.
std::vector<ZipEntry> package_entries(const PackageParts& parts);

/// The shared objects that this process has loaded, with its dynamic loader.
std::vector<std::filesystem::path> loaded_libraries();

/// What Lambda takes: of a package unzipped, and of a zip file that is uploaded with the request.
inline constexpr std::uint64_t kMaxUnzipped = 250ULL * 1024 * 1024;
inline constexpr std::uint64_t kMaxUploaded = 50ULL * 1024 * 1024;

}  // namespace dynamigrate::cloud
