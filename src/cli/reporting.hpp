#pragma once

#include "console.hpp"
#include "session.hpp"

namespace dynamigrate::cli {

/// Tells a failure as the command line does; returns its exit code.
ExitCode report_error(Console& console, const base::Error& error, Phase phase, bool as_json);

/// Runs the session's command and reports its failure.
ExitCode run_reporting(Session& session);

}  // namespace dynamigrate::cli
