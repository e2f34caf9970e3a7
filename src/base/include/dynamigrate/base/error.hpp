#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dynamigrate::base {

/// Says what the caller of a failed operation may do.
enum class ErrorKind {
    invalid_argument,     ///< decide; the same request can never succeed
    not_found,            ///< decide
    already_exists,       ///< decide
    throttled,            ///< retry this call with backoff
    unavailable,          ///< retry this call with backoff
    aborted,              ///< re-read and restart from a higher level (conflict, lock lost)
    failed_precondition,  ///< stop; a person must act, the message says how
    outcome_unknown,      ///< read back before anything else
    cancelled,            ///< unwind, release, report
    unauthenticated,      ///< stop; credentials are missing, wrong or expired
    permission_denied,    ///< stop; the message names action and resource
    corrupted,            ///< stop; stored or received bytes are not what they must be
    unimplemented,        ///< decide; the server or this program does not know the operation
    internal,             ///< stop; a defect, ask for a report
};

/// Returns the kind's name as written in logs and JSON output, such as "failed_precondition".
std::string_view to_string(ErrorKind kind) noexcept;

/// Returns whether a retry of the very same call can help (throttled, unavailable).
bool is_retryable(ErrorKind kind) noexcept;

/// A failure with its reason, place and what may be done about it.
///
/// `what()` is `where: message` (or the message alone), followed by the causes' texts.
/// Setters return *this, so that an error is written in one expression:
/// `throw Error(ErrorKind::not_found, "no such table").at("table app").service_code("ResourceNotFoundException");`
class Error : public std::exception {
public:
    Error(ErrorKind kind, std::string message);

    Error& at(std::string where) &;
    Error&& at(std::string where) &&;
    /// Names the service's own code, such as "ValidationException".
    Error&& service_code(std::string code) &&;
    /// The service's raw answer, kept for callers that need more than its message.
    Error&& service_body(std::string body) &&;
    /// Throttling reasons as the service gives them, comma-separated, such as
    /// "TableWriteProvisionedThroughputExceeded"; empty when none are known.
    Error&& throttling_reasons(std::string reasons) &&;
    Error&& retry_after(std::chrono::milliseconds delay) &&;
    /// States that the call may have taken effect although it failed.
    Error&& may_have_applied(bool value) &&;
    void set_may_have_applied(bool value) noexcept { may_have_applied_ = value; }
    /// Appends ": text of cause" to the message.
    Error&& because(const std::exception& cause) &&;

    ErrorKind kind() const noexcept { return kind_; }
    const std::string& message() const noexcept { return message_; }
    const std::string& where() const noexcept { return where_; }
    const std::string& service_code() const noexcept { return service_code_; }
    const std::string& service_body() const noexcept { return service_body_; }
    const std::string& throttling_reasons() const noexcept { return throttling_reasons_; }
    std::optional<std::chrono::milliseconds> retry_after() const noexcept { return retry_after_; }
    bool may_have_applied() const noexcept { return may_have_applied_; }
    const char* what() const noexcept override { return text_.c_str(); }

private:
    void compose();

    ErrorKind kind_;
    bool may_have_applied_ = false;
    std::optional<std::chrono::milliseconds> retry_after_;
    std::string message_;
    std::string where_;
    std::string service_code_;
    std::string service_body_;
    std::string throttling_reasons_;
    std::string text_;
};

/// A place in a text file; line and column count from 1, columns in bytes. Line 0: unknown.
struct TextPosition {
    std::string file;
    int line = 0;
    int column = 0;

    /// "file:line:column", or "file" when the line is unknown.
    std::string to_string() const;
};

}  // namespace dynamigrate::base
