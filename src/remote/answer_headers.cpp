#include "answer_headers.hpp"

#include <dynamigrate/base/hash.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace dynamigrate::remote {

namespace {

template <class T>
std::optional<T> number(std::string_view text) {
    T value{};
    auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

std::optional<unsigned> month_number(std::string_view name) {
    constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
    std::size_t at = kMonths.find(name);
    if (name.size() != 3 || at == kMonths.npos || at % 3 != 0) {
        return std::nullopt;
    }
    return static_cast<unsigned>(at / 3 + 1);
}

}  // namespace

std::optional<base::WallTime> parse_http_date(std::string_view text) {
    if (text.size() != 29 || text.substr(25) != " GMT") {
        return std::nullopt;
    }
    auto day = number<unsigned>(text.substr(5, 2));
    auto month = month_number(text.substr(8, 3));
    auto year = number<int>(text.substr(12, 4));
    auto hour = number<int>(text.substr(17, 2));
    auto minute = number<int>(text.substr(20, 2));
    auto second = number<int>(text.substr(23, 2));
    if (!day || !month || !year || !hour || !minute || !second) {
        return std::nullopt;
    }
    std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                     std::chrono::day(*day)};
    if (!date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

std::optional<std::chrono::milliseconds> retry_after(const http::Response& response) {
    constexpr int kMostSeconds = 3600;
    auto seconds = number<int>(response.header("retry-after").value_or(""));
    if (!seconds || *seconds < 0) {
        return std::nullopt;
    }
    return std::chrono::seconds(std::min(*seconds, kMostSeconds));
}

bool matches_checksum(const http::Response& response, std::string_view body) {
    auto stated = number<std::uint32_t>(response.header("x-amz-crc32").value_or(""));
    return !stated || *stated == base::crc32(body);
}

}  // namespace dynamigrate::remote
