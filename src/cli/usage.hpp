#pragma once

#include <string>

namespace dynamigrate::cli {

/// What `help` prints. `verb`: "" for all.
std::string usage(const std::string& verb = {});

}  // namespace dynamigrate::cli
