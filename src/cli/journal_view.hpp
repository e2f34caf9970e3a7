#pragma once

#include <filesystem>

namespace dynamigrate::cli {

/// Makes the journals in `journals` readable in `view`, another directory: each run's directory is
/// made anew, and its parts are links. What is written in the view stays there.
void link_journals(const std::filesystem::path& journals, const std::filesystem::path& view);

}  // namespace dynamigrate::cli
