#pragma once

#include <dynamigrate/base/error.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::cli {

/// The tool whose name the program was called by, through a link.
enum class CalledAs { dynamigrate, onetable, dynamodb_migrate, dynamodb_filter };

/// `program`: as the system gave it, a path too.
CalledAs called_as(std::string_view program);

/// The tool's words as ours. Errors: invalid_argument for a command that the tool has not.
std::vector<std::string> own_words(CalledAs tool, std::vector<std::string> texts);

/// The usage of mapbox's tools.
std::string tool_usage(CalledAs tool);

/// Those tools end with 0 or 1, or by a signal.
int tool_exit_code(int own);

}  // namespace dynamigrate::cli
