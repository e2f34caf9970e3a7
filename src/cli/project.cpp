#include "project.hpp"

#include "journals.hpp"
#include "program_environment.hpp"
#include "program_version.hpp"

#include <dynamigrate/authoring/environment_settings.hpp>
#include <dynamigrate/base/file.hpp>

#include <fmt/format.h>

#include <charconv>

namespace dynamigrate::cli {

namespace {

using base::Error;
using base::ErrorKind;

std::string first_of(const std::string& a, const std::string& b) { return a.empty() ? b : a; }

void set_endpoint(Project& project, const Arguments& arguments,
                  const base::Environment& environment) {
    const authoring::Config& config = project.config;
    project.region = first_of(arguments.region, config.region);
    project.endpoint = first_of(arguments.endpoint, config.endpoint);
    if (project.endpoint.empty() && project.region.empty()) {
        project.endpoint = environment.get("DB_ENDPOINT").value_or("");
    }
}

void set_keys(Project& project, const Arguments& arguments) {
    bool from_arguments = !arguments.access_key.empty() || !arguments.secret_key.empty();
    project.access_key = from_arguments ? arguments.access_key : project.config.access_key;
    project.secret_key = from_arguments ? arguments.secret_key : project.config.secret_key;
    if (project.access_key.empty() != project.secret_key.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    project.access_key.empty()
                        ? "a secret access key is given without an access key id"
                        : "an access key id is given without a secret access key")
            .at(from_arguments ? "the command line" : project.config.path);
    }
}

migrate::OutOfOrder out_of_order(const std::string& policy) {
    return policy == "allow"    ? migrate::OutOfOrder::allow
           : policy == "ignore" ? migrate::OutOfOrder::ignore
                                : migrate::OutOfOrder::error;
}

/// In a Lambda function only /tmp can be written, and nothing there outlives it.
void set_journal_in_lambda(Project& project, const std::string& store) {
    migrate::Settings& settings = project.settings;
    settings.journal_directory = base::temporary_parent() / "dynamigrate" / "journal";
    if (!settings.journal || is_remote_journal(store)) {
        return;
    }
    if (!store.empty()) {
        throw Error(
            ErrorKind::invalid_argument,
            fmt::format("a Lambda function cannot keep journals in the directory {}, which "
                        "is gone when the function is: write `journal: s3://BUCKET/PREFIX`, "
                        "`journal: table:NAME` or `journal: none`",
                        store));
    }
    project.journal_store = fmt::format("table:{}-journal", settings.history_table);
}

/// A store that is no directory leaves the default one, for what a run spools.
void set_journal(Project& project, const Arguments& arguments, bool is_in_lambda) {
    const authoring::Config& config = project.config;
    migrate::Settings& settings = project.settings;
    std::string store = first_of(arguments.journal, config.journal);
    settings.journal_directory = (config.directory / ".dynamigrate/journal").lexically_normal();
    settings.journal = store != "none";
    if (is_remote_journal(store)) {
        project.journal_store = store;
    } else if (settings.journal && !store.empty()) {
        settings.journal_directory =
            arguments.journal.empty() ? config.directory / store : std::filesystem::path(store);
    }
    settings.journal_retention = config.journal_retention;
    settings.journal_max_bytes = config.journal_max_bytes;
    settings.conflict_images = arguments.json || arguments.verbose;
    if (is_in_lambda) {
        set_journal_in_lambda(project, store);
    }
}

migrate::Settings make_settings(const Arguments& arguments, const authoring::Config& config) {
    migrate::Settings settings;
    settings.history_table = config.history_table;
    settings.history_layout = config.history_layout;
    settings.layout_table = config.layout_table;
    settings.default_table = first_of(arguments.table, config.table);
    settings.scope = first_of(config.scope, first_of(settings.default_table, "default"));
    settings.tables = config.tables;
    settings.out_of_order = out_of_order(config.out_of_order);
    settings.backfill.lanes = arguments.lanes ? arguments.lanes : config.lanes;
    settings.backfill.segments = arguments.segments ? arguments.segments : config.segments;
    settings.single_region_writers = config.single_region_writers;
    settings.tool_version = kProgramVersion;
    settings.force = arguments.force;
    settings.shows_keys = arguments.verbose;
    settings.backs_up = config.backup == "before-up";
    settings.cloud = config.cloud;
    settings.verify_only.all = config.verify_only;
    for (const std::string& table : config.verify_only_tables) {
        settings.verify_only.tables.insert(table);
        if (auto real = config.tables.find(table); real != config.tables.end()) {
            settings.verify_only.tables.insert(real->second);
        }
    }
    return settings;
}

/// A function knows what it is billed for.
void set_memory(migrate::CloudSettings& cloud, const base::Environment& environment) {
    if (const auto memory = environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")) {
        std::from_chars(memory->data(), memory->data() + memory->size(), cloud.memory_mb);
    }
}

json::Value read_crypto(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
        throw Error(ErrorKind::invalid_argument,
                    "--crypto needs a cipher and a password: --crypto aes-256-gcm:password");
    }
    json::Value crypto = json::Value::object();
    crypto.set("cipher", json::Value::string(text.substr(0, colon)));
    crypto.set("password", json::Value::string(text.substr(colon + 1)));
    return crypto;
}

std::string full_path(const std::filesystem::path& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
}

/// What OneTable's own configuration says of its Table, and what the command line says instead.
json::Value onetable_settings(const Arguments& arguments, const authoring::Config& config) {
    json::Value settings = json::Value::object();
    for (const char* name : {"onetable", "delimiter", "nulls", "typeField", "hidden", "params"}) {
        if (const json::Value* value = config.raw.find(name)) {
            settings.set(name, *value);
        }
    }
    if (!arguments.crypto.empty()) {
        settings.set("crypto", read_crypto(arguments.crypto));
    } else if (config.crypto.is_object()) {
        settings.set("crypto", config.crypto);
    }
    if (!arguments.schema.empty()) {
        settings.set("schema", json::Value::string(full_path(arguments.schema)));
    } else if (config.schema.is_string()) {
        settings.set("schema",
                     json::Value::string(full_path(config.directory / config.schema.text())));
    } else if (config.schema.is_object()) {
        settings.set("schema", config.schema);
    }
    settings.set("dir", json::Value::string(full_path(config.migrations)));
    return settings;
}

/// A profile may be one that only the Lambda function knows, where there is no configuration here.
authoring::Config find_config(const Arguments& arguments, const base::Environment& environment,
                              const std::filesystem::path& directory) {
    authoring::ConfigRequest request{arguments.config, arguments.profile, directory};
    if (!arguments.arn.empty()) {
        request.profile.clear();
        authoring::Config config = authoring::load_config(request, environment);
        if (config.path.empty()) {
            return config;
        }
        request.profile = arguments.profile;
    }
    return authoring::load_config(request, environment);
}

}  // namespace

const std::string& Project::database() const {
    return settings.default_table.empty() ? settings.scope : settings.default_table;
}

std::string Project::place(const std::string& location) const {
    std::string text = settings.default_table.empty()
                           ? location
                           : fmt::format("table {} · {}", settings.default_table, location);
    return config.profile.empty() ? text : fmt::format("{} · profile {}", text, config.profile);
}

bool Project::is_production() const { return config.profile == "prod"; }

bool Project::is_embedded() const { return endpoint.starts_with(kEmbeddedEndpoint); }

Project& Project::fit_to(bool is_local) {
    settings.has_backups = !is_local;
    settings.requires_pitr = config.require_pitr.value_or(is_production() && !is_local);
    settings.account = is_local ? "" : config.account;
    settings.region = is_local ? "" : config.region;
    return *this;
}

Project load_project(const Arguments& arguments, const base::Environment& environment,
                     const std::filesystem::path& directory) {
    Project project;
    project.config = find_config(arguments, environment, directory);
    authoring::apply_environment(project.config, environment);
    if (!arguments.aws_profile.empty()) {
        project.config.aws_profile = arguments.aws_profile;
    }
    const bool is_in_lambda = environment.get(kLambdaFunction).has_value();
    if (!is_in_lambda) {
        project.arn = first_of(arguments.arn, project.config.arn);
    }
    set_endpoint(project, arguments, environment);
    if (is_in_lambda && project.is_embedded()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("a Lambda function cannot work on {}, a database of one machine: "
                                "name another profile by the function's variable PROFILE",
                                project.endpoint))
            .at(project.config.path);
    }
    set_keys(project, arguments);
    project.capacity.read = arguments.max_rcu ? arguments.max_rcu : project.config.max_rcu;
    project.capacity.write = arguments.max_wcu ? arguments.max_wcu : project.config.max_wcu;
    project.settings = make_settings(arguments, project.config);
    set_memory(project.settings.cloud, environment);
    set_journal(project, arguments, is_in_lambda);
    project.onetable = onetable_settings(arguments, project.config);
    return project;
}

authoring::ScriptSettings script_settings(const Project& project,
                                          const base::Environment& environment) {
    authoring::ScriptSettings settings;
    const std::string& node = project.config.node;
    if (!node.empty()) {
        const bool is_path = node.find('/') != std::string::npos;
        settings.node = is_path ? (project.config.directory / node).string() : node;
    }
    settings.environment = environment_without_aws(environment);
    settings.tables = project.config.tables;
    settings.directory = full_path(project.config.directory);
    settings.onetable = json::to_json(project.onetable);
    settings.limits = project.config.scripts;
    return settings;
}

}  // namespace dynamigrate::cli
