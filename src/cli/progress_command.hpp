#pragma once

#include "session.hpp"

#include <dynamigrate/migrate/run_progress.hpp>

namespace dynamigrate::cli {

/// `status --watch`: a line (with --json an object) whenever the run went on, until it ends or the
/// user stops it.
ExitCode watch_run(Session& session);

/// The run as it is, as one value.
void write(json::Writer& writer, const migrate::RunProgress& progress);

}  // namespace dynamigrate::cli
