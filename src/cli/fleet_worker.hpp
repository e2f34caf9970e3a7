#pragma once

#include "far_session.hpp"

#include <dynamigrate/json/value.hpp>

#include <string>

namespace dynamigrate::cli {

/// Carries out what a migration's state machine calls the function for: a turn, a segment, the record
/// of a failure; tells the log and CloudWatch what it took. The event's `environment` stands for
/// variables of the function.
/// Errors: as migrate::answer_call; aborted when the time of the call is over before there is an
/// answer.
std::string answer_work(const json::Value& event, const FarSurroundings& surroundings);

/// Writes into the history that an execution was stopped, or its time was over, while it held a run;
/// lets its lock go. Answers whether there was something to write.
std::string answer_ended_execution(const json::Value& event, const FarSurroundings& surroundings);

}  // namespace dynamigrate::cli
