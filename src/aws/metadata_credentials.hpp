#pragma once

#include "fetching.hpp"

#include <optional>

namespace dynamigrate::aws {

/// From the endpoint that ECS and EKS name in AWS_CONTAINER_CREDENTIALS_*; nothing without it.
std::optional<Credentials> container_credentials(const Surroundings& surroundings,
                                                 std::stop_token stop);

/// From the EC2 instance metadata service, version 2; nothing where there is none or no role.
std::optional<Credentials> instance_credentials(const Surroundings& surroundings,
                                                std::stop_token stop);

}  // namespace dynamigrate::aws
