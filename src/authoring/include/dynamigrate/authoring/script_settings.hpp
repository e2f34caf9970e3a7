#pragma once

#include <dynamigrate/migrate/program_step.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>

namespace dynamigrate::authoring {

/// What a OneTable migration may take unless it or the configuration says otherwise.
inline constexpr migrate::ProgramLimits kScriptLimits{std::chrono::milliseconds::max(),
                                                      std::chrono::minutes(10), 4096};

/// How migrations in JavaScript are run.
struct ScriptSettings {
    std::string node = "node";  ///< a program on PATH, or its path
    /// Of the Node processes; without credentials.
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> tables;  ///< logical -> physical
    std::filesystem::path directory = ".";      ///< that OneTable's migrations work in
    std::string onetable;  ///< settings for OneTable's Table, JSON; holds secrets; "" : none
    migrate::ProgramLimits limits = kScriptLimits;  ///< of a OneTable migration
};

}  // namespace dynamigrate::authoring
