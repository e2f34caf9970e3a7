#pragma once

#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// How to get a table back as it was before a run: guidance, never done by itself.
namespace dynamigrate::migrate {

/// What a table can be restored from, and what a restored table does not bring along.
struct RestoreFacts {
    std::string migration;  ///< that the run applied
    std::string table;
    std::string arn;
    std::optional<TableBackup> backup;  ///< made before the run
    std::vector<TableBackup> others;    ///< other backups of the table, as the service lists them
    bool has_pitr = false;
    std::string before;  ///< the last whole second before the run began, ISO 8601
    std::string ttl_attribute;
    std::string stream_view;
    bool has_deletion_protection = false;
    std::map<std::string, std::string> tags;
    std::vector<std::string> unknown;  ///< what the endpoint could not tell
};

/// A command to type, and what it is for.
struct RestoreCommand {
    std::string purpose;
    std::string command;
};

struct RestoreGuide {
    std::string table;
    std::string target;  ///< the new table
    bool is_possible = false;
    std::vector<RestoreCommand> commands;
    std::vector<std::string> remarks;  ///< what is to be done by hand, what is not carried over
};

/// Reads of the service; what it does not know goes to `unknown`. The table's description must
/// exist. Errors: not_found otherwise.
RestoreFacts restore_facts(dynamodb::Service& service, const std::string& table,
                           const HistoryRow& row, const std::vector<TableBackup>& backups,
                           std::stop_token stop = {});

/// The commands of the AWS CLI, in order. `options`: what each of them needs besides
/// ("--region eu-west-1").
RestoreGuide restore_guide(const RestoreFacts& facts, const std::string& options);

/// The text as one word of a POSIX shell.
std::string shell_word(const std::string& text);

}  // namespace dynamigrate::migrate
