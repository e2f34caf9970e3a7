#pragma once

#include "fields.hpp"

#include <dynamigrate/migrate/step.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace dynamigrate::authoring {

/// Where a step stands.
struct StepPlace {
    std::string table;  ///< the migration's default
    std::string file;
    std::filesystem::path directory;  ///< that files named in steps are relative to
};

/// Reads one entry of `up` or `down`: a map with the step's kind as its one key.
/// Errors: invalid_argument at file:line:column.
migrate::StepPtr read_step(const json::Value& entry, const StepPlace& place);
/// The same; an entry that means several steps gives all of them.
std::vector<migrate::StepPtr> read_steps(const json::Value& entry, const StepPlace& place);

}  // namespace dynamigrate::authoring
