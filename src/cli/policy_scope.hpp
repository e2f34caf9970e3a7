#pragma once

#include "project.hpp"

#include <dynamigrate/migrate/iam_policy.hpp>

namespace dynamigrate::cli {

/// Where the project's resources are, as far as its configuration says.
migrate::PolicyScope policy_scope(const Project& project);

}  // namespace dynamigrate::cli
