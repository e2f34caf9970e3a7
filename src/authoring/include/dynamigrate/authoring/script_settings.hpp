#pragma once

#include <map>
#include <string>

namespace dynamigrate::authoring {

/// How migrations in JavaScript are run.
struct ScriptSettings {
    std::string node = "node";  ///< a program on PATH, or its path
    /// Of the Node processes; without credentials.
    std::map<std::string, std::string> environment;
};

}  // namespace dynamigrate::authoring
