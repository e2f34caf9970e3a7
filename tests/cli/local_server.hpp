#pragma once

#include <string>

#include <sys/types.h>

namespace dynamigrate::cases {

/// DynamoDB Local on a free port, in memory, while it lives.
class LocalServer {
public:
    /// Errors: std::runtime_error when it does not listen within a minute.
    LocalServer();
    ~LocalServer();
    LocalServer(const LocalServer&) = delete;
    LocalServer& operator=(const LocalServer&) = delete;

    const std::string& endpoint() const noexcept { return endpoint_; }

private:
    pid_t pid_ = 0;
    std::string endpoint_;
};

}  // namespace dynamigrate::cases
