#include <dynamigrate/base/clock.hpp>

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace dynamigrate::base {

WallTime SystemClock::now() const {
    return std::chrono::time_point_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now());
}

SteadyTime SystemClock::steady_now() const { return std::chrono::steady_clock::now(); }

bool SystemClock::wait(std::chrono::nanoseconds duration, std::stop_token stop) {
    constexpr std::chrono::nanoseconds kLongest = std::chrono::hours{24 * 365};
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, std::min(duration, kLongest), [] { return false; });
    return !stop.stop_requested();
}

FakeClock::FakeClock(WallTime start) : start_(start) {}

WallTime FakeClock::now() const {
    std::lock_guard lock(mutex_);
    return start_ + std::chrono::duration_cast<std::chrono::milliseconds>(elapsed_);
}

SteadyTime FakeClock::steady_now() const {
    std::lock_guard lock(mutex_);
    return SteadyTime{elapsed_};
}

bool FakeClock::wait(std::chrono::nanoseconds duration, std::stop_token stop) {
    if (stop.stop_requested()) {
        return false;
    }
    duration = std::max(duration, std::chrono::nanoseconds{0});
    std::lock_guard lock(mutex_);
    elapsed_ += duration;
    waited_ += duration;
    return true;
}

void FakeClock::advance(std::chrono::nanoseconds duration) {
    std::lock_guard lock(mutex_);
    elapsed_ += duration;
}

std::chrono::nanoseconds FakeClock::waited() const {
    std::lock_guard lock(mutex_);
    return waited_;
}

std::string to_iso8601(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

namespace {

/// Takes an ISO 8601 time apart from left to right; any misfit makes the whole text wrong.
class TimeText {
public:
    explicit TimeText(std::string_view rest) : rest_(rest) {}

    int digits(std::size_t count) {
        int value = 0;
        for (std::size_t i = 0; i < count; ++i) {
            value = value * 10 + digit();
        }
        return value;
    }

    bool accept(char wanted) {
        if (rest_.empty() || rest_.front() != wanted) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }

    void expect(char wanted) { fits_ = accept(wanted) && fits_; }

    std::chrono::milliseconds fraction() {
        if (!accept('.')) {
            return {};
        }
        int milliseconds = digit() * 100;
        for (int scale = 10; !rest_.empty() && is_digit(rest_.front()); scale /= 10) {
            milliseconds += digit() * scale;
        }
        return std::chrono::milliseconds{milliseconds};
    }

    std::chrono::minutes offset() {
        if (accept('Z')) {
            return {};
        }
        const int sign = accept('-') ? -1 : 1;
        if (sign > 0) {
            expect('+');
        }
        const int hours = digits(2);
        expect(':');
        const int minutes = digits(2);
        fits_ = fits_ && hours < 24 && minutes < 60;
        return std::chrono::minutes{sign * (hours * 60 + minutes)};
    }

    bool fits_whole() const { return fits_ && rest_.empty(); }

private:
    static bool is_digit(char c) { return c >= '0' && c <= '9'; }

    int digit() {
        if (rest_.empty() || !is_digit(rest_.front())) {
            fits_ = false;
            return 0;
        }
        const int value = rest_.front() - '0';
        rest_.remove_prefix(1);
        return value;
    }

    std::string_view rest_;
    bool fits_ = true;
};

std::optional<WallTime> read_iso8601(std::string_view text) {
    TimeText parts(text);
    const std::chrono::year year{parts.digits(4)};
    parts.expect('-');
    const std::chrono::month month{static_cast<unsigned>(parts.digits(2))};
    parts.expect('-');
    const std::chrono::year_month_day date{
        year, month, std::chrono::day{static_cast<unsigned>(parts.digits(2))}};
    parts.expect('T');
    const int hours = parts.digits(2);
    parts.expect(':');
    const int minutes = parts.digits(2);
    parts.expect(':');
    const int seconds = parts.digits(2);
    const auto fraction = parts.fraction();
    const auto offset = parts.offset();
    if (!parts.fits_whole() || !date.ok() || hours > 23 || minutes > 59 || seconds > 59) {
        return std::nullopt;
    }
    return WallTime{std::chrono::sys_days{date}} + std::chrono::hours{hours} +
           std::chrono::minutes{minutes} + std::chrono::seconds{seconds} + fraction - offset;
}

}  // namespace

WallTime parse_iso8601(std::string_view text) {
    if (const auto time = read_iso8601(text)) {
        return *time;
    }
    throw Error(ErrorKind::invalid_argument,
                fmt::format("\"{}\" is not a time; write it like 2026-01-31T23:59:59Z", text));
}

void throw_if_stopped(const std::stop_token& stop) {
    if (stop.stop_requested()) {
        throw Error(ErrorKind::cancelled, "stopped");
    }
}

}  // namespace dynamigrate::base
