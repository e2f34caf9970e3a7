#pragma once

#include "executions.hpp"

#include <optional>
#include <string>

namespace dynamigrate::cli {

/// How CloudFormation says that a stack stands ("UPDATE_ROLLBACK_IN_PROGRESS"). Nothing where it
/// cannot be asked: the log says why.
/// `is_local`: the database is on this machine, where only an endpoint that was named is asked.
std::optional<std::string> stack_status(const Project& project,
                                        const StateMachineSurroundings& surroundings,
                                        const std::string& stack_id, bool is_local);

/// The status in an answer of DescribeStacks; nothing where there is none.
std::optional<std::string> stack_status_in(const std::string& answer);

}  // namespace dynamigrate::cli
