#pragma once

#include "arguments.hpp"
#include "capacity.hpp"

#include <dynamigrate/authoring/script_settings.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <filesystem>
#include <string>
#include <string_view>

namespace dynamigrate::cli {

/// Lambda's variable with the name of the function that this process is.
inline constexpr const char* kLambdaFunction = "AWS_LAMBDA_FUNCTION_NAME";

/// What an endpoint of the embedded engine begins with; its directory follows.
inline constexpr std::string_view kEmbeddedEndpoint = "embedded:";

/// What arguments and configuration together say; arguments win.
struct Project {
    authoring::Config config;
    std::string endpoint;  ///< "": AWS's, or as AWS's own variables say
    std::string region;
    std::string access_key, secret_key;
    std::string arn;          ///< of the Lambda function that does the work; "" : this program does
    std::string request;      ///< of whom this process works for, far away; "" : nobody
    CapacityWishes capacity;  ///< without the default
    migrate::Settings settings;
    json::Value onetable;  ///< what OneTable's Table gets; holds secrets
    std::string
        journal_store;  ///< "s3://bucket/prefix" or "table:NAME"; "" : the settings' directory

    /// What the confirmation calls the database.
    const std::string& database() const;
    /// `table app · http://localhost:8000 · profile dev`
    std::string place(const std::string& location) const;
    /// The profile is `prod`.
    bool is_production() const;
    /// The database is the built-in one, in a directory.
    bool is_embedded() const;
    /// Settings that depend on whether the database is on this machine. Returns itself.
    Project& fit_to(bool is_local);
};

/// How the project's migrations in JavaScript are run.
authoring::ScriptSettings script_settings(const Project& project,
                                          const base::Environment& environment);

/// `directory`: where the configuration is looked for.
/// Errors: invalid_argument for a wrong configuration and for what this version cannot do.
Project load_project(const Arguments& arguments, const base::Environment& environment,
                     const std::filesystem::path& directory = ".");

}  // namespace dynamigrate::cli
