#pragma once

#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/dry_fleet.hpp>

#include <stop_token>
#include <string>

namespace dynamigrate::migrate {

/// Whether the call of a state machine belongs to a dry run.
bool is_dry_call(const json::Value& work);

/// Answers it, in JSON. Errors: as DryFleet; invalid_argument for a call of another shape.
std::string answer_dry_call(const DryFleet& fleet, const json::Value& work, Listener& listener,
                            std::stop_token stop, std::stop_token stop_now);

}  // namespace dynamigrate::migrate
