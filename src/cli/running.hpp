#pragma once

#include "session.hpp"
#include "signals.hpp"

#include <functional>

namespace dynamigrate::cli {

using RunFunction = std::function<migrate::RunResult(migrate::Listener&, const SignalWatch&)>;

/// Runs with the listener told what happens and signals watched. From the moment when a migration
/// begins the session's phase is `running`.
migrate::RunResult run_watched(Session& session, migrate::Listener& listener,
                               const RunFunction& run);

}  // namespace dynamigrate::cli
