#include <dynamigrate/migrate/iam_policy.hpp>

#include "foreign_history.hpp"

#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dynamigrate::migrate {

namespace {

using Actions = std::set<std::string>;

Actions dynamodb_actions(std::initializer_list<std::string_view> names) {
    Actions actions;
    for (std::string_view name : names) {
        actions.insert(fmt::format("dynamodb:{}", name));
    }
    return actions;
}

void add(Actions& to, const Actions& more) { to.insert(more.begin(), more.end()); }

const Actions kLook =
    dynamodb_actions({"DescribeTable", "DescribeContinuousBackups", "DescribeTimeToLive"});
const Actions kRead = dynamodb_actions({"BatchGetItem", "GetItem", "Scan"});
const Actions kUpdate = dynamodb_actions({"PartiQLUpdate", "UpdateItem"});
const Actions kPut =
    dynamodb_actions({"BatchWriteItem", "ConditionCheckItem", "PartiQLInsert", "PutItem"});
const Actions kRemove = dynamodb_actions({"PartiQLDelete", "DeleteItem"});
const Actions kScan = dynamodb_actions({"Scan"});
const Actions kQuery = dynamodb_actions({"Query"});
const Actions kBackUp = dynamodb_actions({"CreateBackup"});
const Actions kLookAtBackups = dynamodb_actions({"DescribeBackup"});
const Actions kListBackups = dynamodb_actions({"ListBackups"});
const Actions kLayout =
    dynamodb_actions({"ConditionCheckItem", "CreateTable", "DeleteItem", "DescribeTable", "GetItem",
                      "PutItem", "Query", "Scan", "UpdateItem"});
const Actions kHistory =
    dynamodb_actions({"ConditionCheckItem", "CreateTable", "DeleteItem", "DescribeTable", "GetItem",
                      "PutItem", "Query", "UpdateItem"});
const Actions kJournalTable =
    dynamodb_actions({"CreateTable", "DeleteItem", "DescribeTable", "GetItem", "PutItem", "Query"});

/// Of steps that change tables and indexes, by kind; of `create_table` also its inverse.
const std::map<std::string, Actions, std::less<>>& shape_actions() {
    static const std::map<std::string, Actions, std::less<>> kActions{
        {"create_table", dynamodb_actions({"CreateTable", "DeleteTable", "Scan", "TagResource",
                                           "UpdateContinuousBackups", "UpdateTimeToLive"})},
        {"delete_table", dynamodb_actions({"DeleteTable"})},
        {"update_table", dynamodb_actions({"UpdateTable"})},
        {"create_index", dynamodb_actions({"Scan", "UpdateTable"})},
        {"update_index", dynamodb_actions({"UpdateTable"})},
        {"delete_index", dynamodb_actions({"UpdateTable"})},
        {"ttl", dynamodb_actions({"UpdateTimeToLive"})},
        {"pitr", dynamodb_actions({"UpdateContinuousBackups"})},
        {"backup", dynamodb_actions({"CreateBackup"})},
        {"tag", dynamodb_actions({"ListTagsOfResource", "TagResource", "UntagResource"})},
    };
    return kActions;
}

/// What a step's writes are, by kind; a kind that is not here may write in any way.
Actions write_actions(const std::string& kind) {
    Actions actions;
    if (kind == "verify") {
        return actions;
    }
    if (kind != "put" && kind != "copy" && kind != "delete") {
        add(actions, kUpdate);
    }
    if (kind != "update" && kind != "delete" && kind != "rename_attribute" &&
        kind != "remove_attribute") {
        add(actions, kPut);
    }
    if (kind == "delete" || kind == "transform" || kind == "partiql" || kind == "code" ||
        kind == "for_each" || kind == "pages" || kind == "run") {
        add(actions, kRemove);
    }
    return actions;
}

/// The journal puts back, changes back, and removes what was put.
Actions undo_actions() {
    Actions actions = dynamodb_actions({"BatchGetItem", "GetItem"});
    add(actions, kUpdate);
    add(actions, kPut);
    add(actions, kRemove);
    return actions;
}

void add_source(const Step& step, StepActions& needed) {
    const BackfillOptions* options = step.backfill_options();
    if (options == nullptr) {
        add(needed.on_table, kRead);
        return;
    }
    add(needed.on_table, dynamodb_actions({"BatchGetItem", "GetItem"}));
    if (const auto* scan = std::get_if<backfill::ScanSource>(&options->source)) {
        if (step.kind() != "put") {
            add(scan->index.empty() ? needed.on_table : needed.on_indexes, kScan);
        }
        add(needed.on_table, kScan);  // of the sample that is looked at before
    } else if (const auto* query = std::get_if<backfill::QuerySource>(&options->source)) {
        add(query->index.empty() ? needed.on_table : needed.on_indexes, kQuery);
        add(needed.on_table, kScan);
    }
}

class PolicyBuilder {
public:
    PolicyBuilder(const Settings& settings, const PolicyScope& scope)
        : settings_(settings),
          scope_(scope) {}

    void add_migration(const Migration& migration) {
        bool is_undone = migration.down_mode() == Migration::Down::automatic;
        for (const auto* steps : {&migration.up_steps(), &migration.down_steps()}) {
            for (const StepPtr& step : *steps) {
                add_step(migration, *step, is_undone);
            }
        }
    }

    std::vector<PolicyStatement> statements() const {
        std::vector<PolicyStatement> list;
        list.push_back({"History", kHistory, {table_arn(settings_.history_table)}});
        if (std::string layout = layout_table(settings_); !layout.empty()) {
            list.push_back({"HistoryLayout", kLayout, {table_arn(layout)}});
        }
        add_grouped(list);
        if (!scope_.journal_bucket.empty()) {
            std::string bucket =
                fmt::format("arn:{}:s3:::{}", scope_.partition, scope_.journal_bucket);
            list.push_back({"JournalBucket", {"s3:ListBucket"}, {bucket}});
            list.push_back({"JournalObjects",
                            {"s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
                            {fmt::format("{}/{}*", bucket, scope_.journal_prefix)}});
        }
        if (!scope_.journal_key.empty()) {
            list.push_back(
                {"JournalKey", {"kms:Decrypt", "kms:GenerateDataKey"}, {scope_.journal_key}});
        }
        if (!scope_.journal_table.empty()) {
            list.push_back({"JournalTable", kJournalTable, {table_arn(scope_.journal_table)}});
        }
        Actions of_account{"sts:GetCallerIdentity"};
        add(of_account, of_account_);
        list.push_back({"Account", of_account, {"*"}});
        return list;
    }

private:
    void add_backups(StepActions& needed) const {
        if (settings_.backs_up) {
            for (Actions* actions : {&needed.on_table, &needed.on_target}) {
                add(*actions, kBackUp);
            }
            add(needed.on_backups, kLookAtBackups);
            add(needed.on_account, kListBackups);
        }
    }

    /// Of a step that segments may work.
    void add_prewarm(const Step& step, StepActions& needed) const {
        if (settings_.cloud.prewarm && step.backfill_options()) {
            add(needed.on_table, dynamodb_actions({"UpdateTable"}));
            add(needed.on_target, dynamodb_actions({"UpdateTable"}));
        }
    }

    void add_step(const Migration& migration, const Step& step, bool is_undone) {
        StepActions needed = actions_of(step);
        add_backups(needed);
        add_prewarm(step, needed);
        add(of_account_, needed.on_account);
        std::vector<std::string> tables = step.tables();
        if (tables.empty()) {
            tables.emplace_back();
        }
        bool is_journalled = is_undone && step.reversal().kind == Reversal::Kind::journal;
        std::string table = table_arn(real_name(migration, tables.front()));
        bool writes_target = tables.size() > 1;
        if (is_journalled && !writes_target) {
            add(needed.on_table, undo_actions());
        }
        add(by_resource_[table], needed.on_table);
        if (!needed.on_indexes.empty()) {
            add(by_resource_[table + "/index/*"], needed.on_indexes);
        }
        if (!needed.on_backups.empty()) {
            add(by_resource_[table + "/backup/*"], needed.on_backups);
        }
        for (std::size_t i = 1; i < tables.size(); ++i) {
            if (is_journalled) {
                add(needed.on_target, undo_actions());
            }
            add(by_resource_[table_arn(real_name(migration, tables[i]))], needed.on_target);
        }
    }

    /// One statement for all resources with the same actions.
    void add_grouped(std::vector<PolicyStatement>& list) const {
        std::vector<PolicyStatement> groups;
        for (const auto& [resource, actions] : by_resource_) {
            auto same = std::find_if(
                groups.begin(), groups.end(),
                [&needed = actions](const auto& statement) { return statement.actions == needed; });
            if (same == groups.end()) {
                groups.push_back({fmt::format("Tables{}", groups.size() + 1), actions, {resource}});
            } else {
                same->resources.push_back(resource);
            }
        }
        list.insert(list.end(), groups.begin(), groups.end());
    }

    std::string real_name(const Migration& migration, const std::string& name) const {
        const std::string& chosen = !name.empty()                ? name
                                    : !migration.table().empty() ? migration.table()
                                                                 : settings_.default_table;
        auto mapped = settings_.tables.find(chosen);
        return mapped == settings_.tables.end() ? chosen : mapped->second;
    }

    std::string table_arn(const std::string& name) const {
        if (name.starts_with("arn:")) {
            return name;
        }
        return fmt::format("arn:{}:dynamodb:{}:{}:table/{}", scope_.partition,
                           scope_.region.empty() ? "*" : scope_.region,
                           scope_.account.empty() ? "*" : scope_.account,
                           name.empty() ? "*" : name);
    }

    const Settings& settings_;
    const PolicyScope& scope_;
    std::map<std::string, Actions> by_resource_;
    Actions of_account_;
};

}  // namespace

StepActions actions_of(const Step& step) {
    StepActions needed;
    needed.on_table = kLook;
    const std::string kind = step.kind();
    if (auto shape = shape_actions().find(kind); shape != shape_actions().end()) {
        add(needed.on_table, shape->second);
        if (kind == "backup") {
            needed.on_backups = kLookAtBackups;
            needed.on_account = kListBackups;
        }
        return needed;
    }
    add_source(step, needed);
    if (kind == "copy") {
        needed.on_target = kLook;
        add(needed.on_target, dynamodb_actions({"BatchGetItem", "GetItem"}));
        add(needed.on_target, write_actions(kind));
    } else {
        add(needed.on_table, write_actions(kind));
    }
    if (kind == "partiql") {
        add(needed.on_table, dynamodb_actions({"PartiQLSelect"}));
    }
    if (kind == "code") {
        add(needed.on_table, dynamodb_actions({"Query", "UpdateTable"}));
        add(needed.on_indexes, kQuery);
    }
    return needed;
}

std::vector<PolicyStatement> iam_statements(const Registry& registry, const Settings& settings,
                                            const PolicyScope& scope) {
    PolicyBuilder builder(settings, scope);
    for (const Migration& migration : registry.all()) {
        builder.add_migration(migration);
    }
    return builder.statements();
}

std::string iam_policy(const std::vector<PolicyStatement>& statements) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("Version").string("2012-10-17").key("Statement").begin_array();
    for (const PolicyStatement& statement : statements) {
        out.begin_object().key("Sid").string(statement.id).key("Effect").string("Allow");
        out.key("Action").begin_array();
        for (const std::string& action : statement.actions) {
            out.string(action);
        }
        out.end_array().key("Resource").begin_array();
        for (const std::string& resource : statement.resources) {
            out.string(resource);
        }
        out.end_array().end_object();
    }
    out.end_array().end_object();
    return text;
}

}  // namespace dynamigrate::migrate
