#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

namespace dynamigrate::remote {

/// What Lambda's API is reached with. The references must outlive it.
struct LambdaOptions {
    aws::Endpoint endpoint;
    http::Client& http;
    aws::CredentialsProvider& credentials;
    base::Clock& clock;
    /// Longer than a function may work (15 minutes).
    std::chrono::milliseconds timeout{std::chrono::minutes(16)};
};

/// What a function answered.
struct LambdaAnswer {
    int status = 0;
    std::string function_error;  ///< "Unhandled": the function failed, the payload tells how
    std::string payload;
};

/// Invokes Lambda functions and waits for what they answer.
///
/// Threads: any number of calls at once.
class LambdaFunctions {
public:
    virtual ~LambdaFunctions() = default;

    /// Sends the payload (JSON) to a function, by name or ARN. One attempt: whoever may ask twice
    /// must know that the function can take it.
    /// Errors: not_found, permission_denied, unauthenticated, throttled, invalid_argument for what
    /// Lambda refuses; unavailable when there is no answer, with `may_have_applied()` when the
    /// function may have begun.
    /// Cancel: cancelled; the function goes on.
    virtual LambdaAnswer invoke(std::string_view function, std::string_view payload,
                                std::stop_token stop) = 0;
};

std::unique_ptr<LambdaFunctions> make_lambda_functions(const LambdaOptions& options);

}  // namespace dynamigrate::remote
