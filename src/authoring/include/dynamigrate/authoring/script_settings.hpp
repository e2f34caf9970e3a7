#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace dynamigrate::authoring {

/// How migrations in JavaScript are run.
struct ScriptSettings {
    std::string node = "node";  ///< a program on PATH, or its path
    /// Of the Node processes; without credentials.
    std::map<std::string, std::string> environment;
    std::map<std::string, std::string> tables;  ///< logical -> physical
    std::filesystem::path directory = ".";  ///< that OneTable's migrations work in
    std::string onetable;  ///< settings for OneTable's Table, JSON; holds secrets; "" : none
};

}  // namespace dynamigrate::authoring
