#pragma once

#include <dynamigrate/migrate/version.hpp>

#include <string>
#include <string_view>

namespace dynamigrate::migrate {

/// The same text for every spelling of one version ("7" and "007", "1.0.0" and "1.0.0+build");
/// a name stays as it is. Keys maps of migrations and history rows.
std::string canonical_id(std::string_view version_or_name);

/// Versions in their order, then names by name.
bool id_comes_before(std::string_view a, std::string_view b);

}  // namespace dynamigrate::migrate
