#pragma once

#include <dynamigrate/migrate/migration_class.hpp>
#include <dynamigrate/migrate/runner.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace dynamigrate::cli {

/// What a program says about where its tables are. What is left out comes from the project's
/// configuration, where there is one, else from AWS's own variables and files.
struct OpenOptions {
    /// Where the configuration is looked for and relative paths begin.
    std::filesystem::path directory = ".";
    /// A configuration of another name; relative to `directory`.
    std::string config = {};
    std::string profile = {};
    /// `http://localhost:8000`, `embedded:PATH`; "" : AWS.
    std::string endpoint = {};
    std::string region = {};
    std::string access_key = {}, secret_key = {};
    /// The table that migrations mean when they name none.
    std::string table = {};
    /// The table with the history, where it is not the configuration's.
    std::string history_table = {};
    /// Whether the files of the configured directory join the program's own migrations, where there
    /// is such a directory.
    bool has_files = true;
    /// Told what may interest a person; nullptr: nobody. Must outlive what is opened.
    base::Log* log = nullptr;
};

/// A project's database and migrations, joined. Owns all of it.
class OpenProject {
public:
    virtual ~OpenProject() = default;
    virtual migrate::Runner& runner() = 0;
    /// The database: retried, paced, metered.
    virtual dynamodb::Service& service() = 0;
    virtual const migrate::Registry& registry() const = 0;
    virtual const migrate::Settings& settings() const = 0;
    /// Where the database is, for people: a URL or "embedded:PATH".
    virtual const std::string& location() = 0;
};

/// Opens a project's database; asks nothing of the network.
///
///     auto project = dynamigrate::cli::open({.endpoint = "embedded:./store", .table = "app"});
///     project->runner().migrate();
///
/// `registry`: the program's own migrations; by default those that registered themselves.
/// Errors: invalid_argument for a wrong configuration or migration file, failed_precondition when
///         the store of an embedded database is in use.
std::unique_ptr<OpenProject> open(const OpenOptions& options = {},
                                  migrate::Registry registry = migrate::global_registry());

}  // namespace dynamigrate::cli
