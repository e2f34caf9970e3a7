#pragma once

#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/step.hpp>

#include <optional>
#include <string>
#include <string_view>

/// What steps write down before they change a setting, so that it can be put back.
namespace dynamigrate::migrate {

/// Under which a step notes how things were before it changed them.
inline constexpr std::string_view kBefore = "before";

/// Notes it unless an earlier attempt of the step did: what that one changed was not before.
void remember_before(const StepRun& run, const json::Value& state);

/// What the reversed step noted.
/// Errors: failed_precondition, unless forced (then nothing), when it noted nothing although it
///         ended. `what`: "point-in-time recovery of table app".
std::optional<json::Value> recall_before(const StepRun& run, const std::string& what,
                                         bool has_ended);

}  // namespace dynamigrate::migrate
