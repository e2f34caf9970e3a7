#pragma once

#include <dynamigrate/aws/verification.hpp>
#include <dynamigrate/base/environment.hpp>

#include <filesystem>
#include <map>
#include <string>

namespace dynamigrate::cli {

/// The only way to DynamoDB that a program of a migration has.
struct ProgramDoor {
    std::string origin;  ///< of the gateway
    aws::AccessKey key;  ///< that it lets in; thrown away with it
    std::string region;
    std::filesystem::path directory;  ///< holds the empty files `config` and `credentials`
};

/// Environment variables of a program that reaches DynamoDB through the door. No AWS settings of
/// this process are among them, so that what goes past the door has no credentials; with
/// `inherits_aws` they stay, and only DynamoDB's endpoint is the door.
std::map<std::string, std::string> program_environment(const base::Environment& own,
                                                       const ProgramDoor& door, bool inherits_aws);

/// Environment variables of a program that has nothing to do with AWS: no settings of this process
/// are among them.
std::map<std::string, std::string> environment_without_aws(const base::Environment& own);

}  // namespace dynamigrate::cli
