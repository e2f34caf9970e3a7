#pragma once

#include <string_view>

namespace dynamigrate::cli {

/// The project's version, as CMakeLists.txt states it.
inline constexpr std::string_view kProgramVersion = "0.1.0";

}  // namespace dynamigrate::cli
