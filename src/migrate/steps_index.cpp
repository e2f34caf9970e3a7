#include "steps_index.hpp"

#include "control_plane.hpp"
#include "index_progress.hpp"
#include "index_settings.hpp"
#include "index_verification.hpp"
#include "index_violations.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"
#include "table_requests.hpp"

#include <dynamigrate/json/json5.hpp>

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
/// What an endpoint gets that demands capacity for an index of a table on demand.
constexpr dynamodb::Throughput kAnyThroughput{5, 5};

bool is_ready(const IndexDescription& index) {
    return index.status == "ACTIVE" && !index.is_backfilling;
}

class CreateIndexStep final : public Step {
public:
    CreateIndexStep(std::string table, IndexDefinition definition, IndexBuild build)
        : table_(std::move(table)),
          definition_(std::move(definition)),
          build_(build) {}

    std::string kind() const override { return "create_index"; }
    std::string summary() const override {
        return fmt::format("create_index {} on {}: key {}{}", definition_.name, table_,
                           to_string(definition_.hash, definition_.sort),
                           build_.verify_only ? ", verified only" : "");
    }
    std::vector<std::string> tables() const override { return {table_}; }
    Reversal reversal() const override { return {Reversal::Kind::inverse, {}}; }
    std::unique_ptr<Step> inverse() const override {
        return make_index_deletion(table_, definition_, build_.verify_only);
    }
    std::unique_ptr<Step> inverse_of_unfinished() const override {
        return make_if_asked(inverse());
    }
    std::vector<IndexChange> index_changes() const override {
        IndexChange change;
        change.table = table_;
        change.index = definition_;
        return {change};
    }
    ShapeChange shape_change() const override { return {.created_index = &definition_}; }
    void validate(const std::string& place, std::vector<Finding>& findings) const override {
        Checks checks(place, findings);
        checks.table_name(table_);
        checks.index(definition_);
        if (build_.capacity) {
            checks.billing(Billing{build_.capacity});
        }
    }
    StepResult run(const StepRun& run) const override;

private:
    void check_existing(const TableDescription& table, const IndexDescription& index) const;
    void check_room(const TableDescription& table) const;
    bool create(const StepRun& run, const std::string& table) const;
    bool check_items(const StepRun& run, const TableDescription& table) const;
    std::optional<dynamodb::Throughput> throughput_for_build(const StepRun& run,
                                                             const TableDescription& table) const;
    bool restore_capacity(const StepRun& run, const std::string& table) const;
    void request(const StepRun& run, const TableDescription& table) const;
    std::string ask(const StepRun& run, const TableDescription& table) const;
    bool wait_until_ready(const StepRun& run, const std::string& table) const;

    std::string table_;
    IndexDefinition definition_;
    IndexBuild build_;
};

StepResult CreateIndexStep::run(const StepRun& run) const {
    std::string table = run.table(table_);
    if (build_.verify_only || is_verify_only(run, table_)) {
        return verify_index(run, table, definition_);
    }
    if (!create(run, table) || !wait_until_ready(run, table) || !restore_capacity(run, table)) {
        return stopped_step();
    }
    return done_step(fmt::format("index {} of table {} is ready", definition_.name, table));
}

/// Asks for the index once nothing else is changing; false when stopped.
bool CreateIndexStep::create(const StepRun& run, const std::string& table) const {
    Pauses pauses(run);
    for (bool is_checked = false;;) {
        TableDescription current = require_table(run, table);
        const IndexDescription* existing = current.index(definition_.name);
        if (existing != nullptr && existing->status != "DELETING") {
            check_existing(current, *existing);
            return true;
        }
        if (!is_checked) {
            check_room(current);
            if (!check_items(run, current)) {
                return false;
            }
            is_checked = true;
            continue;
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

/// False when stopped.
bool CreateIndexStep::check_items(const StepRun& run, const TableDescription& table) const {
    if (build_.violations == Violations::ignore) {
        return true;
    }
    KeyViolations found = find_violations(run, table, definition_);
    if (found.stopped || found.count == 0) {
        return !found.stopped;
    }
    std::string line = violations_line(found, definition_.name);
    if (build_.violations == Violations::fail) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("{}; correct them first (`set` in create_index, or a transform), "
                                "or write `violations: allow`",
                                line));
    }
    run.tell(line);
    return true;
}

/// What the index is asked for with. Where that is more than it keeps, what it keeps is noted first.
std::optional<dynamodb::Throughput> CreateIndexStep::throughput_for_build(
    const StepRun& run, const TableDescription& table) const {
    std::optional<dynamodb::Throughput> after = index_throughput(definition_, billing_of(table));
    if (!after || !build_.capacity || same(*after, *build_.capacity)) {
        return after;
    }
    if (run.notes != nullptr) {
        run.notes->write(kCapacityAfter, json::to_json(to_json_value(*after)));
    }
    return build_.capacity;
}

/// False when stopped.
bool CreateIndexStep::restore_capacity(const StepRun& run, const std::string& table) const {
    std::optional<std::string> after =
        run.notes == nullptr ? std::nullopt : run.notes->read(kCapacityAfter);
    if (!after) {
        return true;
    }
    UpdateIndex back;
    back.name = definition_.name;
    back.provisioned = to_throughput(json::parse_json(*after, "a run's records"));
    auto answer =
        change_table(run, table, "UpdateTable",
                     [&](const TableDescription& current) -> std::optional<std::string> {
                         // A table that is on demand by now has no capacity to restore.
                         if (current.is_on_demand || current.index(back.name) == nullptr ||
                             !remaining(back, settings_of(current, back.name))) {
                             return std::nullopt;
                         }
                         return update_index_body(back, table);
                     });
    if (!answer || !wait_until_idle(run, table)) {
        return false;
    }
    run.notes->forget(kCapacityAfter);
    run.tell(fmt::format("index {} of table {} has {} again", back.name, table,
                         to_string(*back.provisioned)));
    return true;
}

void CreateIndexStep::request(const StepRun& run, const TableDescription& table) const {
    if (run.notes != nullptr) {
        run.notes->write(kAsked, "create");
    }
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
    auto throughput = throughput_for_build(run, table);
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
    IndexProgress progress;
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
            pauses.tell(progress.line(current, *index, pauses.elapsed()));
        }
        if (!pauses.next()) {
            run.tell(
                fmt::format("index {} of table {} goes on being built; `dynamigrate resume` "
                            "waits for it, `dynamigrate down` deletes it",
                            definition_.name, table));
            return false;
        }
    }
}

}  // namespace

std::unique_ptr<Step> make_index_creation(std::string table, IndexDefinition definition,
                                          IndexBuild build) {
    return std::make_unique<CreateIndexStep>(std::move(table), std::move(definition), build);
}

StepPtr make_create_index(std::string table, IndexDefinition definition, IndexBuild build) {
    return make_index_creation(std::move(table), std::move(definition), build);
}

}  // namespace dynamigrate::migrate
