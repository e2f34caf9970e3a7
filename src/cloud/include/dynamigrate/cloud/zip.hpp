#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::cloud {

/// A file for a zip archive.
struct ZipEntry {
    std::string name;  ///< relative, '/'-separated
    std::string bytes;
    bool is_executable = false;
};

/// A zip archive of the entries, sorted by name: deflated, readable for all, without times or
/// owners, so that the same files always make the same bytes.
/// Errors: invalid_argument for two entries of one name, a name that is absolute or leads out of the
/// archive, and beyond 4 GB or 65,535 files.
std::string make_zip(std::vector<ZipEntry> entries);

}  // namespace dynamigrate::cloud
