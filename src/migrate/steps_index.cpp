#include <dynamigrate/migrate/steps.hpp>

#include "control_plane.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"
#include "table_requests.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::IndexDescription;
using dynamodb::TableDescription;

constexpr std::size_t kMaxGlobalIndexes = 20;
/// Descriptions are eventually consistent: so many may still be old.
constexpr int kOldDescriptions = 10;
/// What an endpoint gets that demands capacity for an index of a table on demand.
constexpr dynamodb::Throughput kAnyThroughput{5, 5};

bool is_ready(const IndexDescription& index) {
    return index.status == "ACTIVE" && !index.is_backfilling;
}

std::string progress_line(const TableDescription& table, const IndexDescription& index,
                          std::chrono::seconds elapsed) {
    std::string line = fmt::format("index {} of table {}: {}", index.name, table.name,
                                   index.is_backfilling ? "backfilling" : index.status);
    if (index.item_count > 0 && table.item_count > 0) {
        line += fmt::format(", {} %",
                            std::min<std::int64_t>(99, index.item_count * 100 / table.item_count));
    }
    if (elapsed >= std::chrono::minutes(1)) {
        line += fmt::format(", for {} min", elapsed.count() / 60);
    }
    return line;
}

class CreateIndexStep final : public Step {
public:
    CreateIndexStep(std::string table, IndexDefinition definition)
        : table_(std::move(table)),
          definition_(std::move(definition)) {}

    std::string kind() const override { return "create_index"; }
    std::string summary() const override {
        return fmt::format("create_index {} on {}: key {}", definition_.name, table_,
                           to_string(definition_.hash, definition_.sort));
    }
    std::vector<std::string> tables() const override { return {table_}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override;
    ShapeChange shape_change() const override { return {.created_index = &definition_}; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(table_);
        checks.index(definition_);
    }
    StepResult run(const StepRun& run) const override;

private:
    void check_existing(const TableDescription& table, const IndexDescription& index) const;
    void check_room(const TableDescription& table) const;
    bool create(const StepRun& run, const std::string& table) const;
    void request(const StepRun& run, const TableDescription& table) const;
    std::string ask(const StepRun& run, const TableDescription& table) const;
    bool wait_until_ready(const StepRun& run, const std::string& table) const;

    std::string table_;
    IndexDefinition definition_;
};

StepResult CreateIndexStep::run(const StepRun& run) const {
    std::string table = run.table(table_);
    if (!create(run, table) || !wait_until_ready(run, table)) {
        return stopped_step();
    }
    return done_step(fmt::format("index {} of table {} is ready", definition_.name, table));
}

/// Asks for the index once nothing else is changing; false when stopped.
bool CreateIndexStep::create(const StepRun& run, const std::string& table) const {
    Pauses pauses(run);
    for (;;) {
        TableDescription current = require_table(run, table);
        const IndexDescription* existing = current.index(definition_.name);
        if (existing != nullptr && existing->status != "DELETING") {
            check_existing(current, *existing);
            return true;
        }
        std::string reason = busy_with(current);
        if (reason.empty()) {
            check_room(current);
            try {
                request(run, current);
                return true;
            } catch (const Error& error) {
                if (!is_busy(error)) {
                    throw;
                }
                reason = error.message();
            }
        }
        pauses.tell("waiting: " + reason);
        if (!pauses.next()) {
            return false;
        }
    }
}

void CreateIndexStep::check_existing(const TableDescription& table,
                                     const IndexDescription& index) const {
    std::vector<std::string> found = differences(definition_, index);
    if (index.is_local) {
        found.push_back("it is a local index");
    }
    if (!found.empty()) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("index {} of table {} exists already with another definition: {}; "
                                "delete it first, or choose another name",
                                index.name, table.name, fmt::join(found, "; ")));
    }
}

void CreateIndexStep::check_room(const TableDescription& table) const {
    auto count = static_cast<std::size_t>(
        std::count_if(table.indexes.begin(), table.indexes.end(),
                      [](const IndexDescription& index) { return !index.is_local; }));
    if (count >= kMaxGlobalIndexes) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("table {} has {} global indexes, as many as a table can have; "
                                "delete one before creating {}",
                                table.name, count, definition_.name));
    }
    for (const KeyAttribute& known : table.attribute_definitions) {
        auto check = [&](const KeyAttribute& wanted) {
            if (known.name == wanted.name && known.type != wanted.type) {
                throw Error(ErrorKind::failed_precondition,
                            fmt::format("attribute {} is a key attribute of type {} in table {} "
                                        "already; index {} cannot have it as {}",
                                        known.name, dynamodb::to_string(known.type), table.name,
                                        definition_.name, dynamodb::to_string(wanted.type)));
            }
        };
        check(definition_.hash);
        if (definition_.sort) {
            check(*definition_.sort);
        }
    }
}

void CreateIndexStep::request(const StepRun& run, const TableDescription& table) const {
    std::string answer = ask(run, table);
    if (dynamodb::parse_table_description(answer).index(definition_.name) == nullptr &&
        require_table(run, table.name).index(definition_.name) == nullptr) {
        throw Error(
            ErrorKind::unimplemented,
            fmt::format("{} accepted index {} of table {} and did not create it: it cannot "
                        "add indexes to a table that exists; give them in create_table",
                        run.surroundings.service->location(), definition_.name, table.name));
    }
    run.tell(fmt::format("creating index {} on table {}", definition_.name, table.name));
}

std::string CreateIndexStep::ask(const StepRun& run, const TableDescription& table) const {
    auto throughput = index_throughput(definition_, billing_of(table));
    try {
        return send(run, "UpdateTable", create_index_body(definition_, table.name, throughput));
    } catch (const Error& error) {
        bool asks_for_throughput =
            !throughput && error.kind() == ErrorKind::invalid_argument &&
            error.message().find("rovisionedThroughput") != std::string::npos;
        if (!asks_for_throughput) {
            throw;
        }
    }
    return send(run, "UpdateTable", create_index_body(definition_, table.name, kAnyThroughput));
}

bool CreateIndexStep::wait_until_ready(const StepRun& run, const std::string& table) const {
    Pauses pauses(run);
    for (int missing = 0;;) {
        TableDescription current = require_table(run, table);
        const IndexDescription* index = current.index(definition_.name);
        missing = index == nullptr ? missing + 1 : kOldDescriptions;
        if ((index == nullptr && missing > kOldDescriptions) ||
            (index != nullptr && index->status == "DELETING")) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("index {} of table {} was deleted while it was being created; "
                                    "run again to create it anew",
                                    definition_.name, table));
        }
        if (index != nullptr && is_ready(*index)) {
            return true;
        }
        if (index != nullptr) {
            pauses.tell(progress_line(current, *index, pauses.elapsed()));
        }
        if (!pauses.next()) {
            return false;
        }
    }
}

class DeleteIndexStep final : public Step {
public:
    /// Without a key in the definition its inverse is not known.
    DeleteIndexStep(std::string table, IndexDefinition definition)
        : table_(std::move(table)),
          definition_(std::move(definition)) {}

    std::string kind() const override { return "delete_index"; }
    std::string summary() const override {
        return fmt::format("delete_index {} of {}", definition_.name, table_);
    }
    std::vector<std::string> tables() const override { return {table_}; }
    Reversal reversal() const override {
        if (!definition_.hash.name.empty()) {
            return {Reversal::Kind::inverse, {}};
        }
        return {Reversal::Kind::impossible,
                fmt::format("the definition of index {} is not in the migration; give delete_index "
                            "its hash, sort and projection too",
                            definition_.name)};
    }
    std::unique_ptr<Step> inverse() const override {
        return std::make_unique<CreateIndexStep>(table_, definition_);
    }
    ShapeChange shape_change() const override { return {.deleted_index = definition_.name}; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(table_);
        if (definition_.name.empty()) {
            checks.error("bad_name", "delete_index needs the index's name");
        }
    }
    StepResult run(const StepRun& run) const override;

private:
    bool request(const StepRun& run, const std::string& table) const;
    bool wait_until_deleted(const StepRun& run, const std::string& table) const;

    std::string table_;
    IndexDefinition definition_;
};

std::unique_ptr<Step> CreateIndexStep::inverse() const {
    return std::make_unique<DeleteIndexStep>(table_, definition_);
}

StepResult DeleteIndexStep::run(const StepRun& run) const {
    std::string table = run.table(table_);
    if (!request(run, table) || !wait_until_deleted(run, table)) {
        return stopped_step();
    }
    return done_step(fmt::format("index {} of table {} is gone", definition_.name, table));
}

/// A creating index can be deleted while it is: only a change of the table itself, or of another
/// index, is waited for.
bool DeleteIndexStep::request(const StepRun& run, const std::string& table) const {
    Pauses pauses(run);
    for (;;) {
        TableDescription current = require_table(run, table);
        const IndexDescription* index = current.index(definition_.name);
        if (index == nullptr || index->status == "DELETING") {
            return true;
        }
        if (index->is_local) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("index {} of table {} is a local index; it lives as long as "
                                    "its table",
                                    definition_.name, table));
        }
        std::string reason = index->is_backfilling ? std::string() : busy_with(current);
        if (reason.empty()) {
            try {
                send(run, "UpdateTable", delete_index_body(definition_.name, table));
                run.tell(fmt::format("deleting index {} of table {}", definition_.name, table));
                return true;
            } catch (const Error& error) {
                if (!is_busy(error)) {
                    throw;
                }
                reason = error.message();
            }
        }
        pauses.tell("waiting: " + reason);
        if (!pauses.next()) {
            return false;
        }
    }
}

bool DeleteIndexStep::wait_until_deleted(const StepRun& run, const std::string& table) const {
    Pauses pauses(run);
    for (int old = 0;;) {
        TableDescription current = require_table(run, table);
        const IndexDescription* index = current.index(definition_.name);
        if (index == nullptr) {
            return true;
        }
        if (index->status == "ACTIVE" && ++old > kOldDescriptions) {
            throw Error(ErrorKind::unimplemented,
                        fmt::format("{} accepted to delete index {} of table {} and did not",
                                    run.surroundings.service->location(), definition_.name, table));
        }
        pauses.tell(progress_line(current, *index, pauses.elapsed()));
        if (!pauses.next()) {
            return false;
        }
    }
}

}  // namespace

StepPtr make_create_index(std::string table, IndexDefinition definition) {
    return std::make_shared<CreateIndexStep>(std::move(table), std::move(definition));
}

StepPtr make_delete_index(std::string table, std::string name) {
    IndexDefinition definition;
    definition.name = std::move(name);
    return make_delete_index(std::move(table), std::move(definition));
}

StepPtr make_delete_index(std::string table, IndexDefinition definition) {
    return std::make_shared<DeleteIndexStep>(std::move(table), std::move(definition));
}

}  // namespace dynamigrate::migrate
