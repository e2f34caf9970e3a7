#pragma once

#include "function_caller.hpp"

namespace dynamigrate::cli {

/// Lets our own function run the command and prints what it prints; asks again until it is done.
ExitCode run_by_own_function(Session& session, FunctionCaller& function);

/// The same by a function that knows OneTable's requests only.
ExitCode run_by_onetable_function(Session& session, FunctionCaller& function);

}  // namespace dynamigrate::cli
