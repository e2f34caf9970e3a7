#pragma once

#include "node_process.hpp"

#include <dynamigrate/migrate/migration.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::authoring {

/// A migration's file that is for Node.
struct ScriptFile {
    std::filesystem::path path;  ///< of the file itself, also where it stands in a directory
    std::string id;              ///< as its name says
    bool is_version = true;
    std::string checksum;
    bool is_of_list = false;  ///< one of many; files of their own come first
};

/// Gets each file and what makes its migration; that gives nothing for a helper beside them.
using ScriptReceiver = std::function<void(
    const ScriptFile& file, const std::function<std::optional<migrate::Migration>()>& read)>;

/// Lets Node tell what the files say, so that migrations can be made of it. `default_table`: for
/// those that name none.
/// Errors: `read` fails with invalid_argument at the file (at file:line where Node tells it): what
///         does not load, an unknown key with the nearest known one, no function `transform`.
void read_scripts(const std::vector<ScriptFile>& files,
                  const std::shared_ptr<const NodeInstallation>& installation,
                  const std::string& default_table, const ScriptReceiver& receiver);

}  // namespace dynamigrate::authoring
