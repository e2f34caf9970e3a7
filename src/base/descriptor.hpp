#pragma once

#include <dynamigrate/base/error.hpp>

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

namespace dynamigrate::base {

/// Owns a file descriptor.
class Descriptor {
public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    int get() const noexcept { return fd_; }
    bool is_open() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void close() noexcept {
        if (fd_ >= 0) {
            ::close(std::exchange(fd_, -1));
        }
    }

private:
    int fd_;
};

/// Calls until the call is no longer interrupted by a signal.
template <class Call>
auto uninterrupted(Call&& call) {
    auto result = call();
    while (result < 0 && errno == EINTR) {
        result = call();
    }
    return result;
}

/// Makes the error of a failed system call: "cannot <action> <path>: <reason>".
inline Error system_error(int code, const std::string& action, const std::filesystem::path& path) {
    ErrorKind kind = ErrorKind::unavailable;
    if (code == ENOENT || code == ENOTDIR) {
        kind = ErrorKind::not_found;
    } else if (code == EACCES || code == EPERM || code == EROFS) {
        kind = ErrorKind::permission_denied;
    }
    return Error(kind, "cannot " + action + " " + path.string() + ": " +
                           std::generic_category().message(code));
}

}  // namespace dynamigrate::base
