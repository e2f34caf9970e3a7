#pragma once

#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/fleet.hpp>

#include <stop_token>
#include <string>

namespace dynamigrate::migrate {

/// The execution that the event of a state machine's call names.
/// Errors: invalid_argument for an event of another shape.
std::string execution_of(const json::Value& event);

/// Carries out the call of a state machine (`definition`) and answers it, in JSON.
/// `stop`: shortly before the function's deadline.
/// Errors: as the calls of Fleet; invalid_argument for an event of another shape.
std::string answer_call(Fleet& fleet, const json::Value& event, Listener& listener,
                        std::stop_token stop, std::stop_token stop_now = {});

}  // namespace dynamigrate::migrate
