#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>

#include <stop_token>
#include <string>
#include <string_view>

namespace dynamigrate::cloud {

/// One call of the function.
struct Invocation {
    std::string request_id;
    std::string event;  ///< JSON
    std::string function_arn;
    std::string trace_id;     ///< "" : not traced
    base::WallTime deadline;  ///< when Lambda kills the function
};

/// Speaks Lambda's Runtime API: takes invocations, hands back what came of them.
///
/// Threads: one at a time.
/// Errors: unavailable when the API does not answer or refuses with a 5xx, after which the function
///         should end; failed_precondition when it refuses an answer (the invocation is over).
class RuntimeClient {
public:
    /// `api`: host and port, as AWS_LAMBDA_RUNTIME_API says. `http` must outlive it and go there
    /// directly, without a proxy.
    RuntimeClient(http::Client& http, std::string_view api);

    /// Waits, as long as it takes, for the next invocation. Errors: cancelled on stop.
    Invocation next(std::stop_token stop = {});
    /// Errors: also invalid_argument for an answer that is too large for Lambda; then call `fail`.
    void respond(const std::string& request_id, std::string_view answer);
    /// Answers with an error, which the caller sees as `FunctionError`.
    void fail(const std::string& request_id, std::string_view type, std::string_view message);
    /// Tells that the function cannot begin to work.
    void fail_to_begin(std::string_view type, std::string_view message);

private:
    void post(const std::string& path, std::string_view body, std::string_view error_type);

    http::Client& http_;
    std::string root_;
};

/// What Lambda takes of an answer at most.
inline constexpr std::size_t kMaxAnswer = 6 * 1024 * 1024;

}  // namespace dynamigrate::cloud
