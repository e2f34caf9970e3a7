#pragma once

#include <fmt/format.h>

#include <memory>
#include <string_view>

namespace dynamigrate::base {

enum class LogLevel { trace, debug, info, warning, error, off };

/// Takes log lines. Never given secrets or items; keys only as digests. Threads: any.
class Log {
public:
    virtual ~Log() = default;
    virtual void write(LogLevel level, std::string_view text) = 0;
    virtual bool is_enabled(LogLevel level) const = 0;

    template <class... Args>
    void debug(fmt::format_string<Args...> format, Args&&... args) {
        line(LogLevel::debug, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void info(fmt::format_string<Args...> format, Args&&... args) {
        line(LogLevel::info, format, std::forward<Args>(args)...);
    }
    template <class... Args>
    void warning(fmt::format_string<Args...> format, Args&&... args) {
        line(LogLevel::warning, format, std::forward<Args>(args)...);
    }

private:
    template <class... Args>
    void line(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
        if (is_enabled(level)) {
            write(level, fmt::format(format, std::forward<Args>(args)...));
        }
    }
};

/// Lines on standard error, at or above the level.
std::unique_ptr<Log> make_stderr_log(LogLevel level);
/// Swallows everything.
Log& null_log();

}  // namespace dynamigrate::base
