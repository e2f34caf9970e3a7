#include "local_time.hpp"

#include <dynamigrate/base/clock.hpp>

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <ctime>

namespace dynamigrate::cli {

std::string local_time(std::string_view iso8601) {
    static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (iso8601.empty()) {
        return {};
    }
    base::WallTime time = base::parse_iso8601(iso8601);
    std::time_t seconds =
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    std::tm parts{};
    localtime_r(&seconds, &parts);
    return fmt::format("{:02}:{:02}:{:02} {} {}, {}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                       kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_mday,
                       parts.tm_year + 1900);
}

}  // namespace dynamigrate::cli
