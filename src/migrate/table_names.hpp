#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// The real name of a table as a step writes it; "" : the migration's, else the default table.
/// Errors: invalid_argument when none is named.
std::string real_table(const Settings& settings, const Migration& migration,
                       const std::string& name);

/// The real names of a step's tables; those that it does not name are left out.
std::vector<std::string> real_tables(const Settings& settings, const Migration& migration,
                                     const Step& step);

}  // namespace dynamigrate::migrate
