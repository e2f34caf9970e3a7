#pragma once

#include "diagnosis.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::cli {

/// The step of YAML that would do what a script does which only sets attributes of one item to
/// constants or to others of its attributes, and deletes some; nothing for any other script.
std::optional<std::string> step_instead_of(const std::string& script);

/// A note for each such script in the directory.
std::vector<Diagnosis> advise_on_scripts(const std::filesystem::path& directory);

}  // namespace dynamigrate::cli
