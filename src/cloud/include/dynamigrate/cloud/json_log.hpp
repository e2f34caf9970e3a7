#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>

#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace dynamigrate::cloud {

/// Log lines as JSON, each with the id of the request under way, as Lambda's log format has them:
/// `timestamp`, `level`, `requestId`, `message`.
///
/// Threads: any.
class JsonLog final : public base::Log {
public:
    /// `write_line`: takes a line without its end; called by one thread at a time. The clock must
    /// outlive it.
    JsonLog(base::LogLevel level, const base::Clock& clock,
            std::function<void(std::string_view line)> write_line);

    void write(base::LogLevel level, std::string_view text) override;
    bool is_enabled(base::LogLevel level) const override { return level >= level_; }
    /// A line that is JSON already.
    void write_document(std::string_view json);
    void set_request(std::string request_id);

private:
    base::LogLevel level_;
    const base::Clock& clock_;
    std::mutex mutex_;
    std::string request_id_;
    std::function<void(std::string_view)> write_line_;
};

/// The level that AWS_LAMBDA_LOG_LEVEL or a person names, such as "DEBUG"; `otherwise` for others.
base::LogLevel log_level_of(std::string_view name, base::LogLevel otherwise);

}  // namespace dynamigrate::cloud
