#pragma once

#include <string>

namespace dynamigrate::base {

/// How a child ended, by its exit code as ChildProcesses and LiveChild give it: "was killed by
/// signal 9", "ended with exit code 3".
std::string describe_ending(int exit_code);

}  // namespace dynamigrate::base
