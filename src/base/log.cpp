#include <dynamigrate/base/log.hpp>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace dynamigrate::base {

namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::trace:
            return spdlog::level::trace;
        case LogLevel::debug:
            return spdlog::level::debug;
        case LogLevel::info:
            return spdlog::level::info;
        case LogLevel::warning:
            return spdlog::level::warn;
        case LogLevel::error:
            return spdlog::level::err;
        case LogLevel::off:
            break;
    }
    return spdlog::level::off;
}

class StderrLog final : public Log {
public:
    explicit StderrLog(LogLevel level)
        : logger_("dynamigrate", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
        logger_.set_level(to_spdlog(level));
        logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
            "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
    }

    void write(LogLevel level, std::string_view text) override {
        logger_.log(to_spdlog(level), spdlog::string_view_t(text.data(), text.size()));
    }

    bool is_enabled(LogLevel level) const override {
        return level != LogLevel::off && logger_.should_log(to_spdlog(level));
    }

private:
    spdlog::logger logger_;
};

class NullLog final : public Log {
public:
    void write(LogLevel, std::string_view) override {}
    bool is_enabled(LogLevel) const override { return false; }
};

}  // namespace

std::unique_ptr<Log> make_stderr_log(LogLevel level) { return std::make_unique<StderrLog>(level); }

Log& null_log() {
    static NullLog log;
    return log;
}

}  // namespace dynamigrate::base
