#pragma once

#include <dynamigrate/authoring/config.hpp>
#include <dynamigrate/base/environment.hpp>

namespace dynamigrate::cli {

/// What the variables of a Lambda function say instead of the configuration:
/// DYNAMIGRATE_HISTORY_TABLE; DYNAMIGRATE_TABLES ("name=real name,..."); DYNAMIGRATE_MAX_RCU and
/// DYNAMIGRATE_MAX_WCU (units per second or "40%"); DYNAMIGRATE_SEGMENTS.
/// Errors: invalid_argument, by the variable's name.
void set_from_variables(authoring::Config& config, const base::Environment& environment);

}  // namespace dynamigrate::cli
