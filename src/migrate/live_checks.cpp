#include "live_checks.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/page.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using Severity = Finding::Severity;

constexpr int kSampleItems = 25;
constexpr std::size_t kMostSampleBytes = 200'000;
/// DynamoDB leaves alone what would have expired longer ago than that.
constexpr std::int64_t kOldestExpiry = std::int64_t{5} * 365 * 24 * 3600;

template <std::size_t N>
bool is_one_of(const std::string& word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

constexpr std::array kWriters = std::to_array<std::string_view>(
    {"transform", "update", "delete", "rename_attribute", "remove_attribute", "put", "copy", "code",
     "partiql", "for_each", "pages"});
constexpr std::array kNeedTable = std::to_array<std::string_view>(
    {"transform", "update", "delete", "rename_attribute", "remove_attribute", "put", "copy",
     "verify", "partiql", "for_each", "pages", "ttl", "pitr", "tag", "backup", "create_index",
     "update_index", "update_table"});
/// Steps of which each item's outcome can be foretold.
constexpr std::array kTriable = std::to_array<std::string_view>(
    {"transform", "update", "rename_attribute", "remove_attribute"});

bool writes_items(const Step& step) { return is_one_of(step.kind(), kWriters); }

std::string table_body(const std::string& table) {
    std::string body;
    json::Writer(body).begin_object().key("TableName").string(table).end_object();
    return body;
}

/// The text at the path of names, "" where there is none.
std::string text_at(const std::string& answer, std::initializer_list<std::string_view> path) {
    json::Value root = json::parse_json(answer, "answer");
    const json::Value* value = &root;
    for (std::string_view name : path) {
        value = value == nullptr || !value->is_object() ? nullptr : value->find(name);
    }
    return value != nullptr && value->is_string() ? value->text() : std::string();
}

/// "us-east-1" of arn:aws:dynamodb:us-east-1:123456789012:table/app, by its place.
std::string arn_part(const std::string& arn, int index) {
    std::size_t begin = 0;
    for (int i = 0; i < index && begin != std::string::npos; ++i) {
        begin = arn.find(':', begin);
        begin = begin == std::string::npos ? begin : begin + 1;
    }
    return begin == std::string::npos ? "" : arn.substr(begin, arn.find(':', begin) - begin);
}

}  // namespace

/// A step and where findings about it go.
struct LiveChecks::At {
    PlannedMigration& planned;
    const Step& step;
    std::string place;
    std::string table;  ///< real name
};

LiveChecks::LiveChecks(dynamodb::Service& service, const Settings& settings, base::WallTime now)
    : service_(service),
      settings_(settings),
      now_(std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()) {}

std::string LiveChecks::real_name(const Migration& migration, const std::string& name) const {
    const std::string& chosen = !name.empty()                ? name
                                : !migration.table().empty() ? migration.table()
                                                             : settings_.default_table;
    auto mapped = settings_.tables.find(chosen);
    return mapped == settings_.tables.end() ? chosen : mapped->second;
}

LiveChecks::Table& LiveChecks::find(const std::string& name) {
    auto [known, is_new] = tables_.try_emplace(name);
    if (is_new && !name.empty()) {
        known->second.description = dynamodb::describe_table(service_, name);
        if (known->second.description) {
            shapes_.know(*known->second.description);
        }
    }
    return known->second;
}

void LiveChecks::tell(const At& at, Severity severity, std::string code, std::string message,
                      std::string remedy) const {
    at.planned.findings.push_back(
        {severity, std::move(code), at.place, std::move(message), std::move(remedy)});
}

/// For what is the same for every step on the table.
void LiveChecks::tell_once(const At& at, Table& table, Severity severity, std::string code,
                           std::string message, std::string remedy) const {
    if (table.told.insert(code).second) {
        tell(at, severity, std::move(code), std::move(message), std::move(remedy));
    }
}

/// False where the service does not know the operation, or does not allow it.
bool LiveChecks::ask(std::string_view operation, std::string_view body, dynamodb::Reply& reply) {
    try {
        service_.call({operation, body}, reply);
        return true;
    } catch (const Error& error) {
        if (error.kind() == base::ErrorKind::cancelled) {
            throw;
        }
        return false;
    }
}

std::optional<std::string> LiveChecks::ask(std::string_view operation, std::string_view body) {
    dynamodb::Reply reply;
    return ask(operation, body, reply) ? std::optional<std::string>(reply.body) : std::nullopt;
}

void LiveChecks::check(PlannedMigration& planned) {
    if (planned.rolls_back) {
        return;
    }
    const Migration& migration = *planned.migration;
    for (const StepPtr& step : migration.up_steps()) {
        std::vector<std::string> names = step->tables();
        if (!names.empty()) {
            check_step(
                {planned, *step, migration.place_of(step), real_name(migration, names.front())});
        }
        for (std::size_t i = 1; i < names.size(); ++i) {
            check_table({planned, *step, migration.place_of(step), real_name(migration, names[i])},
                        real_name(migration, names[i]));
        }
    }
}

void LiveChecks::check_step(const At& at) {
    Table& table = find(at.table);
    check_table(at, at.table);
    ShapeChange change = at.step.shape_change();
    if (change.deletes_table && table.description && !table.is_changed &&
        table.description->has_deletion_protection) {
        tell(at, Severity::error, "deletion_protected",
             fmt::format("table {} is protected from deletion", at.table),
             "add `update_table: {deletion_protection: false}` before, or keep the table");
    }
    shapes_.apply(at.table, change, at.place, at.planned.findings);
    if (change.created || at.step.kind() == "code") {
        table.is_made = true;
    }
    if (change.deletes_table) {
        table = {};
    }
    table.is_changed = table.is_changed || at.step.kind() == "update_table";
    if (!table.description) {
        return;
    }
    if (!change.expiry.empty()) {
        check_expiry(at, table, change.expiry);
    }
    try_step(at, table);
}

void LiveChecks::check_table(const At& at, const std::string& name) {
    Table& table = find(name);
    if (!table.description) {
        if (!table.is_made && !name.empty() && is_one_of(at.step.kind(), kNeedTable)) {
            tell(at, Severity::error, "unknown_table",
                 fmt::format("there is no table {} at {}", name, service_.location()),
                 "correct the name, add a create_table step before, or another profile");
        }
        return;
    }
    check_home(at, *table.description);
    bool is_only_read = at.step.kind() == "copy" && !at.step.tables().empty() &&
                        real_name(*at.planned.migration, at.step.tables().back()) != name;
    if (writes_items(at.step) && !is_only_read) {
        check_written(at, table);
    }
    if (writes_items(at.step) || at.step.shape_change().deletes_table) {
        check_backups(at, table);
    }
}

void LiveChecks::check_home(const At& at, const dynamodb::TableDescription& description) {
    Table& table = find(at.table);
    std::string region = arn_part(description.arn, 3);
    std::string account = arn_part(description.arn, 4);
    if (!settings_.region.empty() && !region.empty() && region != settings_.region) {
        tell_once(at, table, Severity::error, "wrong_region",
                  fmt::format("table {} is in the Region {}, but the configuration says `region: "
                              "{}`",
                              description.name, region, settings_.region),
                  "use another profile or correct `region`");
    }
    if (!settings_.account.empty() && !account.empty() && account != settings_.account) {
        tell_once(at, table, Severity::error, "wrong_account",
                  fmt::format("table {} is of AWS account {}, but the configuration says "
                              "`account: {}`",
                              description.name, account, settings_.account),
                  "use that account's credentials, another profile, or correct `account`");
    }
}

void LiveChecks::check_written(const At& at, Table& table) {
    const dynamodb::TableDescription& description = *table.description;
    if (!description.replicas.empty() && !settings_.single_region_writers) {
        tell_once(at, table, Severity::error, "replicated_table",
                  fmt::format("table {} is replicated to {}: guards hold against writers of this "
                              "Region only, those of others may overwrite or be overwritten",
                              description.name, fmt::join(description.replicas, ", ")),
                  "stop the writers of the other Regions and write `single_region_writers: true` "
                  "into the configuration");
    }
    if (description.has_stream && at.step.kind() != "put") {
        tell_once(at, table, Severity::warning, "stream_consumers",
                  fmt::format("table {} has a stream: each of up to {} items that are changed "
                              "gives a record to its consumers",
                              description.name, description.item_count),
                  "see that they can take that (`dynamigrate doctor` lists them), filter the "
                  "events, or lower --max-wcu");
    }
}

void LiveChecks::check_backups(const At& at, Table& table) {
    if (!settings_.has_backups || table.told.contains("pitr_off")) {
        return;
    }
    std::optional<std::string> answer =
        ask("DescribeContinuousBackups", table_body(table.description->name));
    bool is_off = answer && text_at(*answer, {"ContinuousBackupsDescription",
                                              "PointInTimeRecoveryDescription",
                                              "PointInTimeRecoveryStatus"}) == "DISABLED";
    if (is_off) {
        tell_once(at, table, Severity::warning, "pitr_off",
                  fmt::format("point-in-time recovery of table {} is off: what the journal does "
                              "not cover cannot be brought back",
                              table.description->name),
                  "switch it on, or make a backup before");
    }
    table.told.insert("pitr_off");
}

void LiveChecks::sample(Table& table) {
    if (table.is_sampled) {
        return;
    }
    table.is_sampled = true;
    std::string body;
    json::Writer(body)
        .begin_object()
        .key("TableName")
        .string(table.description->name)
        .key("Limit")
        .number(kSampleItems)
        .end_object();
    dynamodb::Reply reply;
    if (ask("Scan", body, reply)) {
        keep_sample(table, reply);
    }
    if (std::optional<std::string> ttl =
            ask("DescribeTimeToLive", table_body(table.description->name))) {
        bool is_on = text_at(*ttl, {"TimeToLiveDescription", "TimeToLiveStatus"}) == "ENABLED";
        table.expiry =
            is_on ? text_at(*ttl, {"TimeToLiveDescription", "AttributeName"}) : std::string();
    }
}

void LiveChecks::keep_sample(Table& table, dynamodb::Reply& reply) {
    base::Arena arena;
    dynamodb::Page page;
    dynamodb::PageReader().read(reply, arena, page);
    std::size_t bytes = 0;
    for (const dynamodb::Item& item : page.items) {
        bytes += dynamodb::item_size(item).value;
        if (bytes > kMostSampleBytes && !table.sample.empty()) {
            return;
        }
        table.sample.emplace_back(item);
    }
}

bool LiveChecks::has_expired(const dynamodb::Item& item, const std::string& attribute) const {
    const dynamodb::AttributeValue* value = attribute.empty() ? nullptr : item.find(attribute);
    if (value == nullptr || !value->is(dynamodb::AttributeType::number)) {
        return false;
    }
    double seconds = std::strtod(std::string(value->text()).c_str(), nullptr);
    return seconds < static_cast<double>(now_) &&
           seconds > static_cast<double>(now_ - kOldestExpiry);
}

void LiveChecks::check_expiry(const At& at, Table& table, const std::string& attribute) {
    sample(table);
    auto expired = std::count_if(table.sample.begin(), table.sample.end(), [&](const auto& owned) {
        return has_expired(owned.item, attribute);
    });
    if (expired > 0 && table.expiry != attribute) {
        tell(at, Severity::warning, "expires_at_once",
             fmt::format("{} of {} items looked at in table {} have a {} in the past: they would "
                         "be deleted soon after, each with a stream record",
                         expired, table.sample.size(), at.table, attribute),
             "count them all with `up --dry`; move those times into the future, or remove the "
             "attribute, before");
    }
    table.expiry = attribute;
}

/// Changes the sample as the step would, so that the next step finds what it will find.
void LiveChecks::try_step(const At& at, Table& table) {
    if (!is_one_of(at.step.kind(), kTriable)) {
        return;
    }
    sample(table);
    const dynamodb::TableDescription& description = *table.description;
    std::size_t differing = 0;
    std::size_t expired = 0;
    std::string wrong_type;
    for (dynamodb::OwnedItem& owned : table.sample) {
        base::Arena arena;
        std::optional<dynamodb::Item> once;
        std::optional<dynamodb::Item> twice;
        try {
            once = at.step.try_on(owned.item, description.key, arena);
            twice = once ? at.step.try_on(*once, description.key, arena) : std::nullopt;
        } catch (const Error&) {
            // The run's quarantine tells of it; nothing is known of applying it twice.
        }
        if (!once) {
            continue;
        }
        differing += twice && !(*twice == *once) ? 1 : 0;
        expired += has_expired(*once, table.expiry) && !has_expired(owned.item, table.expiry);
        for (const dynamodb::KeyAttribute& key : description.attribute_definitions) {
            const dynamodb::AttributeValue* value = once->find(key.name);
            if (value != nullptr && value->type() != key.type) {
                wrong_type = fmt::format(
                    "{} to a value of type {}; it is a key attribute of "
                    "type {}",
                    key.name, dynamodb::to_string(value->type()), dynamodb::to_string(key.type));
            }
        }
        owned = dynamodb::OwnedItem(*once);
    }
    if (differing > 0 && !at.step.is_repeatable()) {
        tell(at, settings_.journal ? Severity::note : Severity::error, "not_idempotent",
             fmt::format("applied twice it would change {} of {} items looked at once more: only "
                         "its journal keeps an interrupted run exact{}",
                         differing, table.sample.size(),
                         settings_.journal ? "" : ", and none is kept"),
             settings_.journal
                 ? "keep the journal until the run has ended, or use `exactly_once: marker`"
                 : "keep a journal, use `exactly_once: marker`, or make it give the same again");
    }
    if (expired > 0) {
        tell(at, Severity::warning, "expires_at_once",
             fmt::format("{} of {} items looked at in table {} would get a {} in the past and be "
                         "deleted soon after",
                         expired, table.sample.size(), at.table, table.expiry),
             "set a time in the future, in seconds since 1970");
    }
    if (!wrong_type.empty()) {
        tell(at, Severity::warning, "index_key_type", "sets " + wrong_type,
             "set a value of the key's type; DynamoDB refuses others");
    }
}

}  // namespace dynamigrate::migrate
