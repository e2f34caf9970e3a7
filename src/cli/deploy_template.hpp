#pragma once

#include "exit_code.hpp"
#include "session.hpp"

namespace dynamigrate::cli {

/// `deploy template`: writes CloudFormation's template of the project.
ExitCode deploy_template(Session& session);

}  // namespace dynamigrate::cli
