#include "backup_request.hpp"

#include "shape.hpp"

namespace dynamigrate::engine {

std::string_view backup_arn(object body) {
    Constraints constraints;
    Shape request(constraints, body);
    request.required_text("BackupArn");
    request.text_length("BackupArn", 37, 1024);
    constraints.check();
    return text(body, "BackupArn").value();
}

Backup existing_backup(Database& database, std::string_view arn) {
    std::optional<Backup> backup = database.backups.find(arn);
    if (!backup) {
        refuse("BackupNotFoundException", "Backup not found: " + std::string(arn));
    }
    return *std::move(backup);
}

}  // namespace dynamigrate::engine
