#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/cloud/deadline.hpp>
#include <dynamigrate/cloud/json_log.hpp>
#include <dynamigrate/cloud/runtime_client.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace dynamigrate::cloud {

/// Answers one invocation with JSON. A `base::Error`, or any exception, becomes the function's
/// error, of the type that the error's kind names.
using Handler = std::function<std::string(const Invocation& invocation, const Deadline& deadline)>;

/// Thrown by a handler that cannot work at all: the caller sees it as one of initialisation.
class CannotBegin final : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What a function needs of the world; all must outlive it.
struct FunctionOptions {
    base::Clock& clock;
    base::Log& log;
    /// Called before each invocation, with its request id.
    std::function<void(const std::string& request_id)> on_invocation = {};
};

/// Serves invocations, one after the other, until the Runtime API is gone. `_X_AMZN_TRACE_ID` is set
/// for each in this process's environment.
/// Errors: as RuntimeClient's; never those of the handler.
void serve(RuntimeClient& runtime, const Handler& handler, const FunctionOptions& options);

/// A whole function, for a program of one's own named `bootstrap`:
///
///     int main() {
///         return dynamigrate::cloud::run_function([](auto&) {
///             return [](const auto& invocation, const auto& deadline) { return std::string("{}"); };
///         });
///     }
///
/// `begin` makes what invocations share; what it throws is told to Lambda as an error of
/// initialisation. Logs JSON lines on standard output. Returns the exit code.
int run_function(const std::function<Handler(JsonLog& log)>& begin);

}  // namespace dynamigrate::cloud
