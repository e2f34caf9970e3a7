#pragma once

#include "step_reader.hpp"

namespace dynamigrate::authoring {

/// Reads a step `run`: a list (program and arguments), the path of a script, or a map with
/// `program` as either of them and options.
///
/// A script's path is relative to the migration's directory, where programs work, too. A script is
/// started by itself where it may be executed, else by what its extension stands for.
/// Errors: invalid_argument at file:line:column; a script that is not there.
migrate::StepPtr read_run(const json::Value& value, const StepPlace& place);

}  // namespace dynamigrate::authoring
