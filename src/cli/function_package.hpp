#pragma once

#include "session.hpp"

#include <dynamigrate/cloud/zip.hpp>

#include <cstdint>
#include <vector>

namespace dynamigrate::cli {

/// The files of the function's package for the session's project, which it opens and whose
/// migrations it loads.
/// Errors: failed_precondition for a configuration that holds secrets, unless forced, and for more
/// than Lambda takes.
std::vector<cloud::ZipEntry> function_package(Session& session);

/// Whether migrations in JavaScript are among them.
bool needs_node(const std::vector<cloud::ZipEntry>& entries);

std::uint64_t unzipped_size(const std::vector<cloud::ZipEntry>& entries);

}  // namespace dynamigrate::cli
