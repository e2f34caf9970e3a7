#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::cli {

/// The Lambda functions that read a stream, each with its mapping's state: "index-orders (Enabled)".
/// The first hundred (Lambda ListEventSourceMappings).
/// Errors: permission_denied, unauthenticated; as the client's otherwise.
std::vector<std::string> stream_functions(const aws::Endpoint& lambda, http::Client& http,
                                          aws::CredentialsProvider& credentials, base::Clock& clock,
                                          std::string_view stream_arn);

}  // namespace dynamigrate::cli
