#include <dynamigrate/authoring/config.hpp>

#include "fields.hpp"
#include "program_limits.hpp"

#include <dynamigrate/authoring/yaml.hpp>
#include <dynamigrate/base/file.hpp>
#include <dynamigrate/json/json5.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace dynamigrate::authoring {

using base::Error;
using base::ErrorKind;
using json::Value;

namespace {

constexpr std::array<std::string_view, 6> kFileNames{"dynamigrate.yaml",  "dynamigrate.yml",
                                                     "dynamigrate.json5", "dynamigrate.json",
                                                     "migrate.json5",     "migrate.json"};

bool is_onetable_name(const std::filesystem::path& path) {
    return path.filename().string().starts_with("migrate.");
}

Value parse_file(const std::filesystem::path& path, const std::string& text) {
    const std::string extension = path.extension().string();
    Value tree = extension == ".yaml" || extension == ".yml"
                     ? parse_yaml(text, path.string())
                     : json::parse_json5(text, path.string());
    if (!tree.is_object()) {
        json::fail(path.string(), tree, "a configuration must be a map of settings");
    }
    return tree;
}

struct Found {
    std::filesystem::path path;
    std::string text;
};

std::optional<Found> find_file(const ConfigRequest& request) {
    if (!request.file.empty()) {
        const std::filesystem::path path = request.directory / request.file;
        try {
            return Found{path, base::read_file(path)};
        } catch (const Error& error) {
            throw Error(error.kind(), "Cannot read " + request.file +
                                          ": give an existing file "
                                          "with --config")
                .at("configuration");
        }
    }
    for (std::string_view name : kFileNames) {
        const std::filesystem::path path = request.directory / name;
        if (auto text = base::read_file_if_exists(path)) {
            return Found{path, std::move(*text)};
        }
    }
    return std::nullopt;
}

std::string choose_profile(const ConfigRequest& request, const Value& tree,
                           const base::Environment& environment, const std::string& file) {
    if (!request.profile.empty()) {
        return request.profile;
    }
    if (const Value* profile = tree.find("profile"); profile != nullptr && !profile->is_null()) {
        return as_text(*profile, file, "`profile`");
    }
    return environment.get("PROFILE").value_or("");
}

constexpr std::string_view kAwsProfile =
    "; for a profile of the AWS tools write `aws_profile` or set AWS_PROFILE";

/// A profile that was asked for on the command line must exist: it says what is worked on.
void expect_profile(const Value& tree, const std::string& profile, const std::string& file) {
    const Value* profiles = tree.find("profiles");
    if (profiles == nullptr) {
        json::fail(file, tree,
                   "no profile `" + profile + "`: there are no `profiles` here" +
                       std::string(kAwsProfile));
    }
    if (profiles->find(profile) == nullptr) {
        std::string known;
        for (const Value::Member& member : profiles->members()) {
            known += (known.empty() ? "" : ", ") + member.key;
        }
        json::fail(file, *profiles, "no profile `" + profile + "`; known are " + known);
    }
}

/// Blends profiles[profile] over the tree, where there is one.
void blend_profile(Value& tree, const std::string& profile, const std::string& file) {
    const Value* profiles = tree.find("profiles");
    if (profiles == nullptr || profile.empty()) {
        return;
    }
    if (!profiles->is_object()) {
        json::fail(file, *profiles, "`profiles` must be a map of profiles");
    }
    const Value* chosen = profiles->find(profile);
    if (chosen == nullptr) {
        return;
    }
    if (!chosen->is_object()) {
        json::fail(file, *chosen, "a profile must be a map of settings");
    }
    const Value overlay = *chosen;
    json::blend(tree, overlay);
}

void blend_files(Value& tree, const std::filesystem::path& directory, const std::string& file) {
    const Value* list = tree.find("config");
    if (list == nullptr || list->is_null()) {
        return;
    }
    std::vector<Value> names = list->is_array() ? list->elements() : std::vector<Value>{*list};
    for (const Value& name : names) {
        const std::filesystem::path path = directory / as_text(name, file, "a `config` file");
        const auto text = base::read_file_if_exists(path);
        if (!text) {
            json::fail(
                file, name,
                "Cannot read " + path.string() + "; correct the name or take it out of `config`");
        }
        json::blend(tree, parse_file(path, *text));
    }
}

Rate read_rate(Fields& fields, const Value& value, const std::string& name) {
    const std::string text = value.is_string() || value.is_number() ? value.text() : "";
    const bool is_share = text.ends_with('%');
    const std::string digits = is_share ? text.substr(0, text.size() - 1) : text;
    double number = -1;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (digits.empty() || end.ptr != digits.data() + digits.size() || number <= 0 ||
        (is_share && number > 100)) {
        fields.fail(value, "`" + name +
                               "` must be units per second, or a share of the table's capacity "
                               "such as 40%");
    }
    return is_share ? Rate{0, number} : Rate{number, 0};
}

std::optional<Rate> read_rate(Fields& fields, const std::string& name) {
    const Value* value = fields.find(name);
    return value == nullptr ? std::nullopt : std::optional(read_rate(fields, *value, name));
}

void read_history(Fields& fields, Config& config) {
    const Value* history = fields.find("history");
    if (history == nullptr) {
        return;
    }
    Fields inner(*history, fields.file(), "history");
    config.history_layout = inner.text_or("layout", "native");
    const bool is_native = config.history_layout == "native";
    std::string& table = is_native ? config.history_table : config.layout_table;
    table = inner.text_or("table", table);
    config.history_table = inner.text_or("native_table", config.history_table);
    config.scope = inner.text_or("scope", "");
    inner.finish();
    static constexpr std::array<std::string_view, 5> kLayouts{"native", "onetable", "drift",
                                                              "dynamorm", "functionless"};
    if (std::find(kLayouts.begin(), kLayouts.end(), config.history_layout) == kLayouts.end()) {
        fields.fail(*history->find("layout"),
                    "`layout` must be native, onetable, drift, dynamorm or functionless");
    }
}

void read_aws(Fields& fields, Config& config) {
    const Value* aws = fields.find("aws");
    if (aws == nullptr || aws->is_null()) {
        return;
    }
    Fields inner(*aws, fields.file(), "aws");
    config.access_key = inner.text_or("accessKeyId", "");
    config.secret_key = inner.text_or("secretAccessKey", "");
    config.region = inner.text_or("region", config.region);
    config.aws_profile = inner.text_or("profile", config.aws_profile);
    if (const auto endpoint = inner.text("endpoint"); endpoint && config.endpoint.empty()) {
        config.endpoint = *endpoint;
    }
    inner.finish();
}

void read_price(Fields& fields, std::string_view name, double& price) {
    if (const std::optional<double> given = fields.number(name)) {
        price = *given;
    }
}

void read_prices(Fields& fields, migrate::Prices& prices, migrate::CloudPrices& of_cloud) {
    const Value* given = fields.find("prices");
    if (given == nullptr || given->is_null()) {
        return;
    }
    Fields inner(*given, fields.file(), "prices");
    prices.name = inner.text_or("name", "the configuration");
    prices.currency = inner.text_or("currency", prices.currency);
    read_price(inner, "read_per_million", prices.read_per_million);
    read_price(inner, "write_per_million", prices.write_per_million);
    of_cloud.name = prices.name;
    read_price(inner, "transition", of_cloud.transition);
    read_price(inner, "function_gb_second", of_cloud.function_gb_second);
    read_price(inner, "function_request", of_cloud.function_request);
    read_price(inner, "object_put", of_cloud.object_put);
    read_price(inner, "object_gb_month", of_cloud.object_gb_month);
    of_cloud.capacity = prices;
    inner.finish();
}

/// How state machines run migrations.
void read_cloud(Fields& fields, migrate::CloudSettings& cloud) {
    const Value* given = fields.find("cloud");
    if (given == nullptr || given->is_null()) {
        return;
    }
    Fields inner(*given, fields.file(), "cloud");
    cloud.concurrency = inner.count("concurrency").value_or(cloud.concurrency);
    cloud.memory_mb = inner.count("memory").value_or(cloud.memory_mb);
    if (const auto timeout = inner.count("timeout")) {
        cloud.call_timeout = std::chrono::seconds(*timeout);
    }
    if (const Value* prewarm = inner.find("prewarm"); prewarm != nullptr && !prewarm->is_null()) {
        Fields units(*prewarm, fields.file(), "prewarm");
        cloud.prewarm =
            dynamodb::Throughput{units.number("rcu").value_or(0), units.number("wcu").value_or(0)};
        units.finish();
    }
    inner.finish();
}

template <class Number>
void read_unit(Fields& fields, std::string_view name,
               std::optional<Number> (*parse)(std::string_view), std::optional<Number>& target,
               std::string_view wanted) {
    if (const std::optional<std::string> text = fields.text(name)) {
        target = parse(*text);
        if (!target) {
            fields.fail(*fields.find(name),
                        "`" + std::string(name) + "` must be " + std::string(wanted));
        }
    }
}

bool read_manage(Fields& fields, const Value& value) {
    const std::string text = value.is_string() ? value.text() : "";
    if (text != "verify" && text != "apply") {
        fields.fail(value, "`manage` must be apply or verify, or a map of tables with one of them");
    }
    return text == "verify";
}

/// Backups, point-in-time recovery, and who owns indexes.
void read_safety(Fields& fields, Config& config) {
    config.backup = fields.text_or("backup", "");
    if (config.backup == "none") {
        config.backup.clear();
    }
    if (!config.backup.empty() && config.backup != "before-up") {
        fields.fail(*fields.find("backup"), "`backup` must be before-up or none");
    }
    config.require_pitr = fields.boolean("require_pitr");
    const Value* manage = fields.find("manage");
    if (manage == nullptr || manage->is_null()) {
        return;
    }
    if (!manage->is_object()) {
        config.verify_only = read_manage(fields, *manage);
        return;
    }
    for (const Value::Member& table : manage->members()) {
        if (read_manage(fields, table.value)) {
            config.verify_only_tables.insert(table.key);
        }
    }
}

void read_journal(Fields& fields, Config& config) {
    const Value* journal = fields.find("journal");
    if (journal == nullptr || !journal->is_object()) {
        config.journal = fields.text_or("journal", "");
        return;
    }
    Fields inner(*journal, fields.file(), "journal");
    config.journal = inner.text_or("store", "");
    config.journal_kms_key = inner.text_or("kms_key", "");
    config.journal_region = inner.text_or("region", "");
    config.journal_endpoint = inner.text_or("endpoint", "");
    read_unit(inner, "retention", parse_age, config.journal_retention,
              "hours, days or weeks, such as 30d");
    read_unit(inner, "max_bytes", parse_bytes, config.journal_max_bytes, "a size, such as 10GB");
    inner.finish();
}

void read_scripts(Fields& fields, migrate::ProgramLimits& limits) {
    if (const Value* scripts = fields.find("scripts")) {
        Fields inner(*scripts, fields.file(), "scripts");
        limits = read_program_limits(inner, limits);
        inner.finish();
    }
}

void read_common(Fields& fields, Config& config) {
    config.endpoint = fields.text_or("endpoint", "");
    config.region = fields.text_or("region", "");
    config.account = fields.text_or("account", "");
    config.aws_profile = fields.text_or("aws_profile", "");
    config.arn = fields.text_or("arn", "");
    config.node = fields.text_or("node", "");
    read_scripts(fields, config.scripts);
    config.out_of_order = fields.text_or("out_of_order", "");
    config.max_rcu = read_rate(fields, "max_rcu");
    config.max_wcu = read_rate(fields, "max_wcu");
    config.lanes = fields.count("lanes");
    config.segments = fields.count("segments");
    read_journal(fields, config);
    config.single_region_writers = fields.boolean("single_region_writers").value_or(false);
    read_safety(fields, config);
    read_prices(fields, config.prices, config.cloud.prices);
    read_cloud(fields, config.cloud);
    read_history(fields, config);
    read_aws(fields, config);
    if (const Value* tables = fields.find("tables")) {
        Fields names(*tables, fields.file(), "tables");
        for (const Value::Member& table : tables->members()) {
            config.tables[table.key] = as_text(table.value, fields.file(), "a table's name");
        }
    }
    if (const Value* crypto = fields.find("crypto")) {
        config.crypto = *crypto;
    }
    if (const Value* schema = fields.find("schema")) {
        config.schema = *schema;
    }
    static constexpr std::array<std::string_view, 4> kPolicies{"", "error", "allow", "ignore"};
    if (std::find(kPolicies.begin(), kPolicies.end(), config.out_of_order) == kPolicies.end()) {
        fields.fail(*fields.object().find("out_of_order"),
                    "`out_of_order` must be error, allow or ignore");
    }
    for (std::string_view known : {"profile", "profiles", "config"}) {
        fields.find(known);
    }
}

void read_own(Fields& fields, Config& config) {
    config.table = fields.text_or("table", "");
    config.migrations = fields.text_or("migrations", "migrations");
    fields.finish();
}

/// OneTable's own files: settings of the table's library pass without remark.
void read_onetable(Fields& fields, Config& config) {
    const Value& tree = fields.object();
    const Value* table = tree.find("onetable");
    const Value* name = table != nullptr ? table->find("name") : tree.find("name");
    if (table == nullptr && name == nullptr) {
        fields.fail(tree,
                    "Missing database configuration: give `name: 'table'`, or "
                    "`onetable: {name: 'table'}`");
    }
    if (name == nullptr) {
        fields.fail(*table, "Missing DynamoDB table name: give `name` in `onetable`");
    }
    config.table = as_text(*name, fields.file(), "`name`");
    if (table != nullptr && table->find("crypto") != nullptr) {
        config.crypto = *table->find("crypto");
    }
    config.migrations = fields.text_or("dir", fields.text_or("migrations", "."));
    if (tree.find("history") == nullptr) {
        config.history_layout = "onetable";
    }
}

}  // namespace

Config load_config(const ConfigRequest& request, const base::Environment& environment) {
    Config config;
    config.directory = request.directory;
    config.migrations = request.directory / "migrations";
    const std::optional<Found> found = find_file(request);
    if (!found) {
        if (!request.profile.empty()) {
            throw Error(
                ErrorKind::invalid_argument,
                "--profile " + request.profile +
                    " names a profile of the configuration, and there is no dynamigrate.yaml" +
                    std::string(kAwsProfile));
        }
        config.profile = environment.get("PROFILE").value_or("");
        config.raw = Value::object();
        return config;
    }
    config.path = found->path.string();
    config.directory = found->path.parent_path();
    Value tree = parse_file(found->path, found->text);
    config.profile = choose_profile(request, tree, environment, config.path);
    blend_profile(tree, config.profile, config.path);
    blend_files(tree, config.directory, config.path);
    blend_profile(tree, config.profile, config.path);
    if (!request.profile.empty()) {
        expect_profile(tree, request.profile, config.path);
    }

    Fields fields(tree, config.path, "the configuration");
    read_common(fields, config);
    config.is_onetable = is_onetable_name(found->path) &&
                         (tree.find("table") == nullptr || tree.find("name") != nullptr);
    if (config.is_onetable) {
        read_onetable(fields, config);
    } else {
        read_own(fields, config);
    }
    config.migrations = (config.directory / config.migrations).lexically_normal();
    if (config.endpoint.empty() && (config.region.empty() || config.is_onetable)) {
        config.endpoint = environment.get("DB_ENDPOINT").value_or("");
    }
    config.raw = std::move(tree);
    return config;
}

}  // namespace dynamigrate::authoring
