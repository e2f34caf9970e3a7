#pragma once

#include "node_process.hpp"

#include <dynamigrate/migrate/steps.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace dynamigrate::authoring {

/// A function of a migration in JavaScript that is called for each item.
struct ScriptFunction {
    std::shared_ptr<const NodeInstallation> installation;
    std::filesystem::path file;
    std::string name;  ///< "transform" or "transformDown"
    bool changes_key = false;
    NodeLimits limits;  ///< of each process, and for a page of items
};

/// Calls the function in Node processes, at most one per core, a page of items at once.
std::shared_ptr<const migrate::ForeignTransform> make_script_transform(ScriptFunction function);

}  // namespace dynamigrate::authoring
