#pragma once

#include <dynamigrate/authoring/migration_file.hpp>

#include <optional>
#include <string_view>

namespace dynamigrate::authoring {

/// The version and the slug of a name that begins with an ISO 8601 date or time:
/// `2017-06-01T12:30:00.000Z-fix`, `2017-06-01T12-30-00_fix`, `20170601T1230Z-fix`, `2017-06-01-fix`. What
/// is not said of the time is zero. Nothing for any other name.
std::optional<MigrationFileName> parse_dated_name(std::string_view stem);

}  // namespace dynamigrate::authoring
