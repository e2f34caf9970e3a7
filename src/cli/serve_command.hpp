#pragma once

#include "session.hpp"

namespace dynamigrate::cli {

/// `serve`: a DynamoDB for development, until it is told to stop.
ExitCode serve(Session& session);

}  // namespace dynamigrate::cli
