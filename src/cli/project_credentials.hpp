#pragma once

#include "project.hpp"

#include <dynamigrate/aws/credentials.hpp>
#include <dynamigrate/aws/region.hpp>

#include <memory>

namespace dynamigrate::cli {

/// What requests to an AWS service are signed with: the project's keys, else what the usual sources
/// of the project's AWS profile give.
std::unique_ptr<aws::CredentialsProvider> make_credentials(const Project& project,
                                                           const aws::Endpoint& endpoint,
                                                           const aws::Surroundings& surroundings);

}  // namespace dynamigrate::cli
