#include "basic_date.hpp"

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::aws {

std::string basic_date(base::WallTime time) {
    auto day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day date(day);
    std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - day));
    return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::optional<base::WallTime> parse_basic_date(std::string_view text) {
    if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') {
        return std::nullopt;
    }
    bool is_good = true;
    auto number = [&](std::size_t begin, std::size_t length) {
        int value = 0;
        const char* end = text.data() + begin + length;
        auto [stop, failure] = std::from_chars(text.data() + begin, end, value);
        is_good = is_good && failure == std::errc{} && stop == end && value >= 0;
        return value;
    };
    std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                    std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                    std::chrono::day(static_cast<unsigned>(number(6, 2)))};
    auto time = std::chrono::hours(number(9, 2)) + std::chrono::minutes(number(11, 2)) +
                std::chrono::seconds(number(13, 2));
    if (!is_good || !day.ok() || time >= std::chrono::hours(24)) {
        return std::nullopt;
    }
    return base::WallTime(std::chrono::sys_days(day) + time);
}

}  // namespace dynamigrate::aws
