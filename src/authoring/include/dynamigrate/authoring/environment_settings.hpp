#pragma once

#include <dynamigrate/authoring/config.hpp>
#include <dynamigrate/base/environment.hpp>

#include <optional>
#include <string_view>

namespace dynamigrate::authoring {

/// What the environment says instead of the configuration, for a function whose stack decides:
/// `DYNAMIGRATE_TABLES` (`app=prod-app,orders=prod-orders`: real names of tables),
/// `DYNAMIGRATE_HISTORY_TABLE`, `DYNAMIGRATE_MAX_RCU`, `DYNAMIGRATE_MAX_WCU`, `DYNAMIGRATE_SEGMENTS`.
/// Errors: invalid_argument, naming the variable.
void apply_environment(Config& config, const base::Environment& environment);

/// A rate such as 100 or 40%; nothing for what is none.
std::optional<Rate> parse_rate(std::string_view text);

}  // namespace dynamigrate::authoring
