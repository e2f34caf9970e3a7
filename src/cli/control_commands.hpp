#pragma once

#include "session.hpp"

#include <optional>

namespace dynamigrate::cli {

/// Lets the run go on that waits in another process because it was paused; nothing when none does.
std::optional<ExitCode> resume_paused(Session& session);

}  // namespace dynamigrate::cli
