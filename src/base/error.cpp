#include <dynamigrate/base/error.hpp>

#include <array>
#include <utility>

namespace dynamigrate::base {

std::string_view to_string(ErrorKind kind) noexcept {
    static constexpr std::array<std::string_view, 14> kNames = {
        "invalid_argument", "not_found",       "already_exists",      "throttled",
        "unavailable",      "aborted",         "failed_precondition", "outcome_unknown",
        "cancelled",        "unauthenticated", "permission_denied",   "corrupted",
        "unimplemented",    "internal",
    };
    return kNames[static_cast<std::size_t>(kind)];
}

bool is_retryable(ErrorKind kind) noexcept {
    return kind == ErrorKind::throttled || kind == ErrorKind::unavailable;
}

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {
    compose();
}

Error& Error::at(std::string where) & {
    where_ = std::move(where);
    compose();
    return *this;
}

Error&& Error::at(std::string where) && {
    where_ = std::move(where);
    compose();
    return std::move(*this);
}

Error&& Error::service_code(std::string code) && {
    service_code_ = std::move(code);
    return std::move(*this);
}

Error&& Error::service_body(std::string body) && {
    service_body_ = std::move(body);
    return std::move(*this);
}

Error&& Error::throttling_reasons(std::string reasons) && {
    throttling_reasons_ = std::move(reasons);
    return std::move(*this);
}

Error&& Error::retry_after(std::chrono::milliseconds delay) && {
    retry_after_ = delay;
    return std::move(*this);
}

Error&& Error::may_have_applied(bool value) && {
    may_have_applied_ = value;
    return std::move(*this);
}

Error&& Error::because(const std::exception& cause) && {
    message_ += ": ";
    message_ += cause.what();
    compose();
    return std::move(*this);
}

void Error::compose() { text_ = where_.empty() ? message_ : where_ + ": " + message_; }

std::string TextPosition::to_string() const {
    if (line == 0) {
        return file;
    }
    return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

}  // namespace dynamigrate::base
