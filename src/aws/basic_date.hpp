#pragma once

#include <dynamigrate/base/clock.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace dynamigrate::aws {

/// Formats as signatures want it: "20150830T123600Z".
std::string basic_date(base::WallTime time);
/// Nothing for any other form.
std::optional<base::WallTime> parse_basic_date(std::string_view text);

}  // namespace dynamigrate::aws
