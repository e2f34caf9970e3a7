#pragma once

#include <dynamigrate/authoring/script_settings.hpp>
#include <dynamigrate/base/live_child.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

namespace dynamigrate::authoring {

/// A script of mapbox's form, `module.exports = function(record, dyno, callback)`, and how it is run.
struct RecordScript {
    std::filesystem::path file;
    std::string table;
    bool is_live = true;            ///< it gets a `dyno`, else null
    std::uint32_t concurrency = 1;  ///< calls under way at once
    std::uint32_t segments = 1;     ///< parts in which the table is read
    bool shows_rate = false;
    std::optional<int> lines = std::nullopt;  ///< a descriptor with records, one a line, instead
    bool has_plain_lines = false;             ///< JSON as it is, instead of DynamoDB's
    std::filesystem::path log;                ///< gets what it prints, too; "" : none
    std::optional<base::ChildOutput> output = std::nullopt;  ///< nothing: lines are told
};

/// One step that runs the script in one process of Node, which reads and writes tables through the
/// run's service only. Records come in the order of the table's segments or of the lines.
///
/// `id`: of the migration. Everything that the script writes can be taken back from the journal.
/// Errors: failed_precondition when there is no Node or it is too old; while it runs: invalid_argument
///         for a line that is no JSON, naming it, after the records before it are done; and
///         failed_precondition when the script fails.
migrate::Migration record_migration(const std::string& id, RecordScript script,
                                    const ScriptSettings& settings);

/// A run of mapbox's filter: keeps the lines for which the script's function says so.
struct LineFilter {
    std::filesystem::path input;  ///< compressed by gzip
    std::filesystem::path script;
    std::filesystem::path output;  ///< compressed by gzip, new; "" : standard output
};
/// The output has its name only when it is whole.
/// Errors: failed_precondition when it fails (its own words are on standard error); cancelled.
void run_filter(const LineFilter& filter, const ScriptSettings& settings, std::stop_token stop);

}  // namespace dynamigrate::authoring
