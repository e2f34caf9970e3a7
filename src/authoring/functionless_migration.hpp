#pragma once

#include "node_process.hpp"
#include "script_migration.hpp"

#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <memory>
#include <string>

namespace dynamigrate::authoring {

/// A migration of functionless form.
///
/// `said`: what Node says of it, `{up: fields, down: fields}`; `default_table`: where it names none.
/// Errors: invalid_argument at the file.
migrate::Migration read_functionless(const ScriptFile& file, const json::Value& said,
                                     const std::shared_ptr<const NodeInstallation>& installation,
                                     const std::string& default_table);

}  // namespace dynamigrate::authoring
