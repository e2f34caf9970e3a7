#pragma once

#include "far_session.hpp"

#include <dynamigrate/cloud/onetable_request.hpp>

#include <string>

namespace dynamigrate::cli {

/// Answers what OneTable's command line or controller asks, in its words: what its own functions
/// answer, and where those disagree what is of use to the user. Errors are part of the answer.
std::string answer_onetable(const cloud::OneTableRequest& request,
                            const FarSurroundings& surroundings);

}  // namespace dynamigrate::cli
