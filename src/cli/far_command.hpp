#pragma once

#include "far_session.hpp"

#include <dynamigrate/cloud/command_request.hpp>

namespace dynamigrate::cli {

/// Answers our own command line's requests.
cloud::CommandAnswer answer_command(const cloud::CommandRequest& request,
                                    const FarSurroundings& surroundings);

}  // namespace dynamigrate::cli
