#pragma once

#include <filesystem>
#include <string>

namespace dynamigrate::cli {

/// What a project's sources tell of its OneTable table.
struct OneTableSurvey {
    std::filesystem::path schema;  ///< a file whose default export it is; empty: none is known
    std::filesystem::path named_schema;  ///< one that exports it by a name only
    std::string table;                   ///< that a `new Table` names literally; "" : none
};

/// Looks into the JavaScript and TypeScript of the directory and its usual places for sources.
/// Paths are relative to it.
OneTableSurvey survey_onetable(const std::filesystem::path& directory);

}  // namespace dynamigrate::cli
