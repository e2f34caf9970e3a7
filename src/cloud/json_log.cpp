#include <dynamigrate/cloud/json_log.hpp>

#include <dynamigrate/json/writer.hpp>

#include <array>
#include <utility>

namespace dynamigrate::cloud {

namespace {

using base::LogLevel;

constexpr std::array<std::pair<std::string_view, LogLevel>, 6> kLevels = {{
    {"TRACE", LogLevel::trace},
    {"DEBUG", LogLevel::debug},
    {"INFO", LogLevel::info},
    {"WARN", LogLevel::warning},
    {"ERROR", LogLevel::error},
    {"FATAL", LogLevel::off},
}};

std::string_view name_of(LogLevel level) {
    for (const auto& [name, known] : kLevels) {
        if (known == level) {
            return name;
        }
    }
    return "INFO";
}

}  // namespace

base::LogLevel log_level_of(std::string_view name, base::LogLevel otherwise) {
    for (const auto& [known, level] : kLevels) {
        if (known == name) {
            return level;
        }
    }
    return otherwise;
}

JsonLog::JsonLog(base::LogLevel level, const base::Clock& clock,
                 std::function<void(std::string_view)> write_line)
    : level_(level),
      clock_(clock),
      write_line_(std::move(write_line)) {}

void JsonLog::write(base::LogLevel level, std::string_view text) {
    if (!is_enabled(level)) {
        return;
    }
    const std::lock_guard lock(mutex_);
    std::string line;
    json::Writer writer(line);
    writer.begin_object().key("timestamp").string(base::to_iso8601(clock_.now()));
    writer.key("level").string(name_of(level)).key("requestId").string(request_id_);
    writer.key("message").string(text).end_object();
    write_line_(line);
}

void JsonLog::write_document(std::string_view json) {
    const std::lock_guard lock(mutex_);
    write_line_(json);
}

void JsonLog::set_request(std::string request_id) {
    const std::lock_guard lock(mutex_);
    request_id_ = std::move(request_id);
}

}  // namespace dynamigrate::cloud
