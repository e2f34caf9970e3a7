#pragma once

#include "backups.hpp"
#include "request.hpp"

#include <string_view>

namespace dynamigrate::engine {

/// The ARN of the backup that a request names. Errors: ValidationException.
std::string_view backup_arn(object body);
/// Errors: BackupNotFoundException.
Backup existing_backup(Database& database, std::string_view arn);

}  // namespace dynamigrate::engine
