#include "steps_index.hpp"

#include "control_plane.hpp"
#include "index_progress.hpp"
#include "index_verification.hpp"
#include "step_checks.hpp"
#include "steps_private.hpp"
#include "table_requests.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;
using dynamodb::IndexDescription;
using dynamodb::TableDescription;

class DeleteIndexStep final : public Step {
public:
    /// Without a key in the definition its inverse is not known.
    DeleteIndexStep(std::string table, IndexDefinition definition, bool verify_only)
        : table_(std::move(table)),
          definition_(std::move(definition)),
          verify_only_(verify_only) {}

    std::string kind() const override { return "delete_index"; }
    std::string summary() const override {
        return fmt::format("delete_index {} of {}{}", definition_.name, table_,
                           verify_only_ ? ", verified only" : "");
    }
    std::vector<std::string> tables() const override { return {table_}; }
    ShapeChange shape_change() const override { return {.deleted_index = definition_.name}; }
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
        IndexBuild build;
        build.violations = Violations::allow;
        build.verify_only = verify_only_;
        return make_index_creation(table_, definition_, build);
    }
    std::unique_ptr<Step> inverse_of_unfinished() const override {
        return definition_.hash.name.empty() ? nullptr : make_if_asked(inverse());
    }
    std::vector<IndexChange> index_changes() const override {
        IndexChange change;
        change.kind = IndexChange::Kind::remove;
        change.table = table_;
        change.index = definition_;
        return {change};
    }
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
    bool ask(const StepRun& run, const std::string& table, std::string& reason) const;
    bool wait_until_deleted(const StepRun& run, const std::string& table) const;

    std::string table_;
    IndexDefinition definition_;
    bool verify_only_;
};

StepResult DeleteIndexStep::run(const StepRun& run) const {
    std::string table = run.table(table_);
    if (verify_only_ || is_verify_only(run, table_)) {
        return verify_no_index(run, table, definition_.name);
    }
    if (!request(run, table) || !wait_until_deleted(run, table)) {
        return stopped_step();
    }
    return done_step(fmt::format("index {} of table {} is gone", definition_.name, table));
}

/// A creating index can be deleted while it is backfilled: only a change of the table itself, or of
/// another index, is waited for.
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
        if (reason.empty() && ask(run, table, reason)) {
            return true;
        }
        pauses.tell("waiting: " + reason);
        if (!pauses.next()) {
            return false;
        }
    }
}

/// False, with the reason, when the service is busy.
bool DeleteIndexStep::ask(const StepRun& run, const std::string& table, std::string& reason) const {
    if (run.notes != nullptr) {
        run.notes->write(kAsked, "delete");
    }
    try {
        send(run, "UpdateTable", delete_index_body(definition_.name, table));
    } catch (const Error& error) {
        if (!is_busy(error)) {
            throw;
        }
        reason = error.message();
        return false;
    }
    run.tell(fmt::format("deleting index {} of table {}", definition_.name, table));
    return true;
}

bool DeleteIndexStep::wait_until_deleted(const StepRun& run, const std::string& table) const {
    Pauses pauses(run);
    IndexProgress progress;
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
        pauses.tell(progress.line(current, *index, pauses.elapsed()));
        if (!pauses.next()) {
            return false;
        }
    }
}

/// Runs another step if the reversed one got so far as to ask.
class IfAskedStep final : public Step {
public:
    explicit IfAskedStep(std::unique_ptr<Step> inverse) : inverse_(std::move(inverse)) {}

    std::string kind() const override { return inverse_->kind(); }
    std::string summary() const override { return inverse_->summary() + ", if it was begun"; }
    std::vector<std::string> tables() const override { return inverse_->tables(); }
    Reversal reversal() const override { return {Reversal::Kind::impossible, "it is a reversal"}; }
    StepResult run(const StepRun& run) const override {
        if (run.reversed == nullptr || !run.reversed->read(kAsked)) {
            return done_step(inverse_->summary() + ": nothing was begun");
        }
        return inverse_->run(run);
    }

private:
    std::unique_ptr<Step> inverse_;
};

}  // namespace

std::unique_ptr<Step> make_index_deletion(std::string table, IndexDefinition definition,
                                          bool verify_only) {
    return std::make_unique<DeleteIndexStep>(std::move(table), std::move(definition), verify_only);
}

std::unique_ptr<Step> make_if_asked(std::unique_ptr<Step> inverse) {
    return std::make_unique<IfAskedStep>(std::move(inverse));
}

StepPtr make_delete_index(std::string table, std::string name) {
    IndexDefinition definition;
    definition.name = std::move(name);
    return make_delete_index(std::move(table), std::move(definition));
}

StepPtr make_delete_index(std::string table, IndexDefinition definition, bool verify_only) {
    return make_index_deletion(std::move(table), std::move(definition), verify_only);
}

}  // namespace dynamigrate::migrate
