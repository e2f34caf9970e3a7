#include "dated_name.hpp"

#include <dynamigrate/migrate/version.hpp>

#include <algorithm>
#include <chrono>
#include <string>

namespace dynamigrate::authoring {

namespace {

constexpr std::size_t kYear = 4, kTwo = 2;
constexpr int kHours = 24, kSixty = 60;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Reads a date's parts from the begin of a text.
class DateReader {
public:
    explicit DateReader(std::string_view text) : rest_(text) {}

    /// So many digits, and below the limit.
    std::optional<int> number(std::size_t digits, int limit) {
        if (rest_.size() < digits ||
            !std::all_of(rest_.begin(), rest_.begin() + digits, is_digit)) {
            return std::nullopt;
        }
        const int value = std::stoi(std::string(rest_.substr(0, digits)));
        if (value >= limit) {
            return std::nullopt;
        }
        rest_.remove_prefix(digits);
        return value;
    }
    bool skip(std::string_view any) {
        if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    /// What follows, with its separator; nothing unless there is one, or it is the end.
    std::optional<std::string> slug() {
        const bool is_separated = rest_.empty() || skip("-_ .");
        return is_separated ? std::optional(std::string(rest_)) : std::nullopt;
    }
    void skip_digits() {
        while (!rest_.empty() && is_digit(rest_.front())) {
            rest_.remove_prefix(1);
        }
    }
    std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

struct Date {
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    bool has_dashes = false;
};

bool read_day(DateReader& reader, Date& date) {
    constexpr int kMostYear = 10000, kMostMonth = 13, kMostDay = 32;
    const auto year = reader.number(kYear, kMostYear);
    const bool has_dashes = reader.skip("-");
    const auto month = year ? reader.number(kTwo, kMostMonth) : std::nullopt;
    if (!month || reader.skip("-") != has_dashes) {
        return false;
    }
    const auto day = reader.number(kTwo, kMostDay);
    if (!day) {
        return false;
    }
    date.year = *year;
    date.month = *month;
    date.day = *day;
    date.has_dashes = has_dashes;
    const std::chrono::year_month_day calendar{std::chrono::year(*year), std::chrono::month(*month),
                                               std::chrono::day(*day)};
    return calendar.ok();
}

/// What stands after the T, as far as it is a time.
bool read_time(DateReader& reader, Date& date) {
    const auto hour = reader.number(kTwo, kHours);
    if (!hour) {
        return false;
    }
    date.hour = *hour;
    for (int* part : {&date.minute, &date.second}) {
        DateReader after = reader;
        after.skip(":-");
        if (const auto number = after.number(kTwo, kSixty)) {
            *part = *number;
            reader = after;
        } else {
            break;
        }
    }
    DateReader fraction = reader;
    if (fraction.skip(".") && fraction.number(1, kSixty)) {
        fraction.skip_digits();
        reader = fraction;
    }
    reader.skip("Z");
    return true;
}

std::string padded(int number, std::size_t width) {
    std::string digits = std::to_string(number);
    return std::string(width - std::min(width, digits.size()), '0') + digits;
}

}  // namespace

std::optional<MigrationFileName> parse_dated_name(std::string_view stem) {
    DateReader reader(stem);
    Date date;
    if (!read_day(reader, date)) {
        return std::nullopt;
    }
    const bool has_time = reader.skip("T");
    // Digits alone are a number.
    if (has_time ? !read_time(reader, date) : !date.has_dashes) {
        return std::nullopt;
    }
    const auto slug = reader.slug();
    if (!slug) {
        return std::nullopt;
    }
    MigrationFileName name;
    name.id = padded(date.year, kYear);
    for (const int part : {date.month, date.day, date.hour, date.minute, date.second}) {
        name.id += padded(part, kTwo);
    }
    name.slug = *slug;
    return name;
}

}  // namespace dynamigrate::authoring
