#pragma once

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/http/client.hpp>

#include <chrono>
#include <string_view>

namespace dynamigrate::cli {

/// One signed request to a service that takes forms and answers in XML (STS, CloudFormation), and
/// its answer of whatever status.
/// `form`: "Action=...&Version=...".
/// Errors: as the credentials' provider and the client.
http::Response send_query(const aws::Endpoint& endpoint, std::string_view service,
                          std::string_view form, http::Client& http,
                          aws::CredentialsProvider& credentials, const base::Clock& clock,
                          std::chrono::milliseconds timeout = std::chrono::minutes(1));

}  // namespace dynamigrate::cli
