#pragma once

#include "arguments.hpp"

namespace dynamigrate::cli {

/// What `scan` and `stream` say by their words: `REGION/TABLE`, where the region `local` is a server
/// on this machine's port 4567, and a script. Without --live they are dry runs.
/// Errors: invalid_argument for a missing word and one that names no table.
void read_script_arguments(Arguments& arguments);

}  // namespace dynamigrate::cli
