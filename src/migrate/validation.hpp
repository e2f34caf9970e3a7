#pragma once

#include <dynamigrate/migrate/migration.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What makes every plan impossible: versions of several kinds, missing dependencies, cycles, names
/// that are commands. Codes `mixed_versions`, `missing_dependency`, `dependency_cycle`,
/// `name_is_a_command`, all errors.
std::vector<Finding> check_structure(const Registry& registry);

/// The migration's own checks and its steps'. Codes of its own, all warnings: `no_steps`,
/// `irreversible`, `irreversible_step`. `default_table`: for steps that name none, where the
/// migration names none either.
std::vector<Finding> check_migration(const Migration& migration,
                                     const std::string& default_table = {});

/// The ids along one dependency cycle, the first repeated at the end; empty when there is none.
std::vector<std::string> find_cycle(const Registry& registry);

/// Throws Error invalid_argument for the first finding that is an error.
void throw_first_error(const std::vector<Finding>& findings);

}  // namespace dynamigrate::migrate
