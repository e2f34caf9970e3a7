#include <dynamigrate/migrate/steps.hpp>

#include <dynamigrate/json/json5.hpp>
#include <dynamigrate/json/writer.hpp>

#include "control_plane.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"
#include "table_requests.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::TableDescription;

constexpr std::size_t kMaxGlobalIndexes = 20;
constexpr std::size_t kMaxLocalIndexes = 5;

class CreateTableStep final : public Step {
public:
    explicit CreateTableStep(CreateTable definition) : definition_(std::move(definition)) {}

    std::string kind() const override { return "create_table"; }
    std::string summary() const override {
        return fmt::format("create_table {}: key {}{}", definition_.name,
                           to_string(definition_.hash, definition_.sort),
                           definition_.indexes.empty()
                               ? std::string()
                               : fmt::format(", {} global index{}", definition_.indexes.size(),
                                             definition_.indexes.size() == 1 ? "" : "es"));
    }
    std::vector<std::string> tables() const override { return {definition_.name}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override {
        return make_delete_empty_table(definition_.name);
    }
    ShapeChange shape_change() const override { return {.created = &definition_}; }
    std::vector<IndexChange> index_changes() const override;
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override;

private:
    void check_indexes(Checks& checks) const;
    void check_types(Checks& checks) const;
    void create(const StepRun& run, const std::string& table) const;
    bool finish(const StepRun& run, const std::string& table) const;
    bool enable_point_in_time_recovery(const StepRun& run, const std::string& table) const;

    CreateTable definition_;
};

std::vector<IndexChange> CreateTableStep::index_changes() const {
    std::vector<IndexChange> changes;
    for (const auto* indexes : {&definition_.indexes, &definition_.local_indexes}) {
        for (const IndexDefinition& index : *indexes) {
            IndexChange& change = changes.emplace_back();
            change.table = definition_.name;
            change.index = index;
            change.is_local = indexes == &definition_.local_indexes;
        }
    }
    return changes;
}

void CreateTableStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(definition_.name);
    checks.key("table " + definition_.name, definition_.hash, definition_.sort);
    checks.billing(definition_.billing);
    check_indexes(checks);
    check_types(checks);
    static const std::set<std::string> kViews{"", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE",
                                              "NEW_AND_OLD_IMAGES"};
    if (!kViews.contains(definition_.stream)) {
        checks.error("bad_stream", fmt::format("stream is KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or "
                                               "NEW_AND_OLD_IMAGES, not '{}'",
                                               definition_.stream));
    }
}

void CreateTableStep::check_indexes(Checks& checks) const {
    if (definition_.indexes.size() > kMaxGlobalIndexes ||
        definition_.local_indexes.size() > kMaxLocalIndexes) {
        checks.error("too_many_indexes", fmt::format("a table has at most {} global and {} local "
                                                     "indexes",
                                                     kMaxGlobalIndexes, kMaxLocalIndexes));
    }
    std::set<std::string> names;
    for (const auto* indexes : {&definition_.indexes, &definition_.local_indexes}) {
        for (const IndexDefinition& index : *indexes) {
            checks.index(index);
            if (!names.insert(index.name).second) {
                checks.error("duplicate_index",
                             fmt::format("two indexes are called {}", index.name));
            }
        }
    }
    for (const IndexDefinition& index : definition_.local_indexes) {
        if (!definition_.sort || !index.sort || index.hash != definition_.hash) {
            checks.error("bad_local_index",
                         fmt::format("local index {} needs the table's hash key {} and a sort key "
                                     "of its own, and the table a sort key",
                                     index.name, definition_.hash.name));
        }
    }
}

void CreateTableStep::check_types(Checks& checks) const {
    std::map<std::string, dynamodb::AttributeType> types;
    auto check = [&](const KeyAttribute& attribute) {
        auto [known, is_new] = types.emplace(attribute.name, attribute.type);
        if (!is_new && known->second != attribute.type) {
            checks.error("conflicting_types",
                         fmt::format("key attribute {} is both {} and {}", attribute.name,
                                     dynamodb::to_string(known->second),
                                     dynamodb::to_string(attribute.type)));
        }
    };
    auto check_key = [&](const KeyAttribute& hash, const std::optional<KeyAttribute>& sort) {
        check(hash);
        if (sort) {
            check(*sort);
        }
    };
    check_key(definition_.hash, definition_.sort);
    for (const auto* indexes : {&definition_.indexes, &definition_.local_indexes}) {
        for (const IndexDefinition& index : *indexes) {
            check_key(index.hash, index.sort);
        }
    }
}

StepResult CreateTableStep::run(const StepRun& run) const {
    std::string table = run.table(definition_.name);
    auto existing = describe(run, table);
    if (existing && existing->status == "DELETING") {
        if (!wait_until_gone(run, table)) {
            return stopped_step();
        }
        existing.reset();
    }
    if (existing) {
        std::vector<std::string> found = differences(definition_, *existing);
        if (!found.empty()) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("table {} exists already with another definition: {}; delete "
                                    "it, or make the migration say what is there",
                                    table, fmt::join(found, "; ")));
        }
    } else {
        create(run, table);
    }
    if (!wait_until_idle(run, table) || !finish(run, table)) {
        return stopped_step();
    }
    return done_step(fmt::format("table {} {}", table, existing ? "was there already" : "created"));
}

void CreateTableStep::create(const StepRun& run, const std::string& table) const {
    run.tell(fmt::format("creating table {}", table));
    try {
        send(run, "CreateTable", create_table_body(definition_, table));
    } catch (const Error& error) {
        // Somebody else, or an attempt whose answer was lost, has created it.
        if (error.service_code() != "ResourceInUseException") {
            throw;
        }
    }
}

bool CreateTableStep::finish(const StepRun& run, const std::string& table) const {
    if (!definition_.ttl.empty()) {
        set_ttl(run, table, definition_.ttl, true);
    }
    return !definition_.point_in_time_recovery || enable_point_in_time_recovery(run, table);
}

bool CreateTableStep::enable_point_in_time_recovery(const StepRun& run,
                                                    const std::string& table) const {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table);
    out.key("PointInTimeRecoverySpecification").begin_object();
    out.key("PointInTimeRecoveryEnabled").boolean(true).end_object().end_object();
    return change_table(run, table, "UpdateContinuousBackups",
                        [&](const TableDescription&) { return std::optional(body); })
        .has_value();
}

/// Deletes a table; as the inverse of create_table only an empty one.
class DeleteTableStep final : public Step {
public:
    DeleteTableStep(std::string table, bool only_if_empty)
        : table_(std::move(table)),
          only_if_empty_(only_if_empty) {}

    std::string kind() const override { return "delete_table"; }
    std::string summary() const override {
        return fmt::format("delete_table {}{}", table_,
                           only_if_empty_ ? ", which must be empty" : "");
    }
    std::vector<std::string> tables() const override { return {table_}; }
    Reversal reversal() const override {
        return {
            Reversal::Kind::impossible,
            fmt::format("deleting table {} deletes its items; restore it from a backup", table_)};
    }
    ShapeChange shape_change() const override { return {.deletes_table = true}; }
    std::vector<IndexChange> index_changes() const override {
        IndexChange change;
        change.kind = IndexChange::Kind::remove;
        change.table = table_;
        change.is_of_all = true;
        return {change};
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks(place, findings).table_name(table_);
    }
    StepResult run(const StepRun& run) const override;

private:
    void check_empty(const StepRun& run, const std::string& table) const;

    std::string table_;
    bool only_if_empty_;
};

StepResult DeleteTableStep::run(const StepRun& run) const {
    std::string table = run.table(table_);
    auto existing = describe(run, table);
    if (!existing) {
        return done_step(fmt::format("table {} was gone already", table));
    }
    if (existing->status != "DELETING") {
        std::string body;
        json::Writer(body).begin_object().key("TableName").string(table).end_object();
        auto answer = change_table(run, table, "DeleteTable", [&](const TableDescription&) {
            if (only_if_empty_) {
                check_empty(run, table);
            }
            return std::optional(body);
        });
        if (!answer) {
            return stopped_step();
        }
    }
    if (!wait_until_gone(run, table)) {
        return stopped_step();
    }
    return done_step(fmt::format("table {} deleted", table));
}

void DeleteTableStep::check_empty(const StepRun& run, const std::string& table) const {
    std::string body;
    json::Writer out(body);
    out.begin_object().key("TableName").string(table).key("Limit").number(1);
    out.key("Select").string("COUNT").key("ConsistentRead").boolean(true).end_object();
    json::Value answer = json::parse_json(send(run, "Scan", body), "answer");
    const json::Value* count = answer.find("Count");
    if (count == nullptr || count->text() != "0") {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("table {} still holds items that no step of this migration wrote, "
                                "or whose journal is lost: it is not deleted; remove them, or "
                                "write `down` with a delete_table step",
                                table));
    }
}

class UpdateTableStep final : public Step {
public:
    explicit UpdateTableStep(UpdateTable change) : change_(std::move(change)) {}

    std::string kind() const override { return "update_table"; }
    std::string summary() const override {
        return fmt::format("update_table {}: {}", change_.table, fmt::join(changes(), ", "));
    }
    std::vector<std::string> tables() const override { return {change_.table}; }
    Reversal reversal() const override {
        return {Reversal::Kind::impossible,
                fmt::format("the settings that table {} had before are not known; write `down` "
                            "with an update_table step",
                            change_.table)};
    }
    void validate(const std::string& place, std::vector<Finding>& findings) const override;
    StepResult run(const StepRun& run) const override;

private:
    std::vector<std::string> changes() const;

    UpdateTable change_;
};

std::vector<std::string> UpdateTableStep::changes() const {
    std::vector<std::string> list;
    if (change_.billing) {
        list.push_back(change_.billing->provisioned
                           ? fmt::format("provisioned {} RCU {} WCU",
                                         change_.billing->provisioned->read,
                                         change_.billing->provisioned->write)
                           : "on demand");
    }
    if (change_.stream) {
        list.push_back("stream " + *change_.stream);
    }
    if (change_.deletion_protection) {
        list.push_back(*change_.deletion_protection ? "deletion protection on"
                                                    : "deletion protection off");
    }
    if (!change_.table_class.empty()) {
        list.push_back("class " + change_.table_class);
    }
    return list;
}

void UpdateTableStep::validate(const std::string& place, std::vector<Finding>& findings) const {
    Checks checks(place, findings);
    checks.table_name(change_.table);
    checks.billing(change_.billing);
    if (changes().empty()) {
        checks.error("nothing_to_do", "update_table changes nothing",
                     "give billing, stream, deletion_protection or class");
    }
}

StepResult UpdateTableStep::run(const StepRun& run) const {
    std::string table = run.table(change_.table);
    for (;;) {
        auto answer =
            change_table(run, table, "UpdateTable",
                         [&](const TableDescription& current) -> std::optional<std::string> {
                             auto bodies = update_table_bodies(change_, current, table);
                             return bodies.empty() ? std::nullopt : std::optional(bodies.front());
                         });
        if (!answer) {
            return stopped_step();
        }
        if (answer->empty()) {
            break;
        }
        run.tell(fmt::format("changing table {}", table));
    }
    return done_step(fmt::format("table {}: {}", table, fmt::join(changes(), ", ")));
}

}  // namespace

StepPtr make_create_table(CreateTable definition) {
    return std::make_shared<CreateTableStep>(std::move(definition));
}

StepPtr make_delete_table(std::string table) {
    return std::make_shared<DeleteTableStep>(std::move(table), false);
}

std::unique_ptr<Step> make_delete_empty_table(std::string table) {
    return std::make_unique<DeleteTableStep>(std::move(table), true);
}

StepPtr make_update_table(UpdateTable change) {
    return std::make_shared<UpdateTableStep>(std::move(change));
}

}  // namespace dynamigrate::migrate
