#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>

#include <string>

namespace dynamigrate::cli {

/// The AWS account that the credentials are of (STS GetCallerIdentity).
/// Errors: unauthenticated when STS refuses them; as the client's otherwise.
std::string caller_account(const aws::Endpoint& sts, http::Client& http,
                           aws::CredentialsProvider& credentials, base::Clock& clock);

}  // namespace dynamigrate::cli
