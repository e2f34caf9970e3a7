#pragma once

#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/json/value.hpp>

namespace dynamigrate::cloud {

/// The environment with what the event's `environment` says instead: texts whose names begin with
/// `DYNAMIGRATE_`, all others are left out. A state machine brings its stack's tables and limits so,
/// since a published version of the function keeps the variables that it was published with.
base::Environment with_settings(const base::Environment& environment, const json::Value& event);

}  // namespace dynamigrate::cloud
