#pragma once

#include <string>
#include <string_view>

namespace dynamigrate::cli {

/// An ISO 8601 time as people here read it: "06:18:40 Nov 21, 2026", in the local time zone.
std::string local_time(std::string_view iso8601);

}  // namespace dynamigrate::cli
