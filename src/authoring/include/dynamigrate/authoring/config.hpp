#pragma once

#include <dynamigrate/authoring/script_settings.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/migrate/cloud_cost.hpp>
#include <dynamigrate/migrate/estimate.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace dynamigrate::authoring {

/// A rate as configured: units per second, or a share of the table's capacity ("40%").
struct Rate {
    double units = 0;  ///< absolute; 0 with a share
    double percent = 0;
};

/// A project's configuration, profile blended in.
struct Config {
    std::string path;                 ///< the file read, or "" when there is none
    std::filesystem::path directory;  ///< that relative paths refer to
    std::string profile;              ///< the profile in force, or ""
    std::string table;
    std::map<std::string, std::string> tables;  ///< logical -> physical
    std::filesystem::path migrations;
    std::string history_layout = "native";
    std::string layout_table;  ///< of another tool's layout; "": the layout's own
    std::string history_table = "dynamigrate-history";
    std::string scope;  ///< "" : the table's name
    std::string endpoint;
    std::string region;
    std::string account;
    std::string aws_profile;
    std::string access_key, secret_key;
    std::string arn;
    bool is_onetable = false;                        ///< OneTable's own file
    migrate::ProgramLimits scripts = kScriptLimits;  ///< of OneTable's migrations
    std::string node;          ///< the Node for migrations in JavaScript; "" : the one on PATH
    std::string out_of_order;  ///< "", error, allow, ignore
    std::optional<Rate> max_rcu, max_wcu;
    std::optional<std::uint32_t> lanes, segments;
    std::string journal;  ///< directory, s3://bucket/prefix, table:NAME or "none"; "" : the default
    std::string journal_kms_key, journal_region, journal_endpoint;  ///< for s3
    std::optional<std::chrono::hours> journal_retention;
    std::optional<std::uint64_t> journal_max_bytes;
    bool single_region_writers = false;  ///< no application writes replicas in other Regions
    std::string backup;                  ///< "" or before-up
    /// Refuse to apply to tables without point-in-time recovery; not said: in production.
    std::optional<bool> require_pitr;
    /// Somebody else owns the indexes of all tables, or of these.
    bool verify_only = false;
    std::set<std::string> verify_only_tables;
    migrate::Prices prices;
    migrate::CloudSettings cloud;  ///< its prices are of `prices` too
    /// Kept for JavaScript migrations as they are (secrets: never printed).
    json::Value crypto;
    json::Value schema;
    json::Value raw;  ///< the whole blended tree
};

/// A time such as 30d, 12h or 2w; nothing for what is none.
std::optional<std::chrono::hours> parse_age(std::string_view text);
/// A size such as 500MB, 10GB or 1GiB; nothing for what is none.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// What the command line says about finding the configuration.
struct ConfigRequest {
    std::string file;     ///< --config; "" : searched in `directory`
    std::string profile;  ///< --profile
    std::filesystem::path directory = ".";
};

/// Finds and reads the configuration: `dynamigrate.{yaml,yml,json5,json}`, else OneTable's
/// `migrate.json5` or `migrate.json` in either of its generations.
///
/// Profile: --profile, else the file's `profile`, else environment PROFILE. `profiles[profile]` is
/// blended over the top level, then each file of `config: [...]`, then the profile again. One given
/// by --profile must be among the `profiles`; another without settings is but a name.
/// Nothing found and none named: an empty configuration.
/// Errors: invalid_argument at file:line:column (unknown key with the nearest known one, wrong
///         type, unknown profile with those known); not_found for a named file.
Config load_config(const ConfigRequest& request, const base::Environment& environment);

}  // namespace dynamigrate::authoring
