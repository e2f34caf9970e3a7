#include "planner.hpp"

#include "identity.hpp"
#include "rollback.hpp"
#include "validation.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

std::string list_ids(const std::vector<const Migration*>& migrations) {
    std::vector<std::string> ids;
    for (const Migration* migration : migrations) {
        ids.push_back(migration->id());
    }
    return ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", "));
}

std::string list_ids(const std::vector<const HistoryRow*>& rows) {
    std::vector<std::string> ids;
    for (const HistoryRow* row : rows) {
        ids.push_back(row->id);
    }
    return ids.empty() ? "none" : fmt::format("{}", fmt::join(ids, ", "));
}

/// "0", "0.0.0": before the first version.
bool is_zero(std::string_view version) {
    return !version.empty() && version.find_first_not_of("0.") == std::string_view::npos;
}

Error changed_error(const Migration& migration, const HistoryRow& row, std::string_view since,
                    std::string_view remedy) {
    return Error(ErrorKind::failed_precondition,
                 fmt::format("migration {} changed since {} (checksum {:.12} then, {:.12} now); "
                             "restore the file, {}",
                             migration.id(), since, row.checksum, migration.checksum(), remedy))
        .at(migration.path());
}

std::string describe_dependents(const std::vector<std::string>& dependents) {
    bool is_one = dependents.size() == 1;
    return fmt::format("{}, which {} on it, {} applied; roll {} back first, or use --force",
                       fmt::join(dependents, ", "), is_one ? "depends" : "depend",
                       is_one ? "is" : "are", is_one ? "that" : "those");
}

PlannedReversal to_reversal(const RollbackAction& action, const Migration& migration) {
    using Kind = PlannedReversal::Kind;
    PlannedReversal reversal;
    reversal.line = action.line;
    reversal.reason = action.refusal;
    if (!action.refusal.empty()) {
        reversal.kind = Kind::impossible;
    } else if (action.run && !action.step) {
        reversal.kind = Kind::journal;
        reversal.run = action.run->run;
        reversal.journal = action.run->journal;
    } else {
        reversal.kind =
            migration.down_mode() == Migration::Down::automatic ? Kind::inverse : Kind::step;
    }
    return reversal;
}

bool is_changed(const Migration& migration, const HistoryRow& row) {
    return !row.checksum.empty() && row.checksum != migration.checksum();
}

}  // namespace

Planner::Planner(const Registry& registry, const HistoryView& history, PlanPolicy policy)
    : registry_(registry),
      history_(history),
      policy_(std::move(policy)) {
    throw_first_error(check_structure(registry));
}

std::vector<const Migration*> Planner::outstanding() const {
    Ids wanted;
    for (const Migration& migration : registry_.all()) {
        bool is_skipped = policy_.out_of_order == OutOfOrder::ignore && blocker(migration);
        if (!migration.is_named() && !history_.is_applied(migration.id()) && !is_skipped) {
            wanted.insert(canonical_id(migration.id()));
        }
    }
    return ordered(std::move(wanted));
}

std::vector<LateVersion> Planner::late() const {
    std::vector<LateVersion> found;
    for (const Migration& migration : registry_.all()) {
        const HistoryRow* later = migration.is_named() || history_.is_applied(migration.id())
                                      ? nullptr
                                      : blocker(migration);
        if (later) {
            found.push_back({&migration, later->id});
        }
    }
    return found;
}

/// Dependencies first, else by version: repeatedly the first one whose dependencies are placed.
std::vector<const Migration*> Planner::ordered(Ids wanted) const {
    std::vector<const Migration*> order;
    while (!wanted.empty()) {
        for (const Migration& migration : registry_.all()) {
            const auto& needs = migration.dependencies();
            bool is_ready = std::none_of(needs.begin(), needs.end(), [&](const std::string& id) {
                return wanted.contains(canonical_id(id));
            });
            if (is_ready && wanted.erase(canonical_id(migration.id())) > 0) {
                order.push_back(&migration);
                break;
            }
        }
    }
    return order;
}

void Planner::add_dependencies(const Migration& migration, Ids& ids) const {
    for (const std::string& id : migration.dependencies()) {
        if (ids.insert(canonical_id(id)).second) {
            add_dependencies(*registry_.find(id), ids);
        }
    }
}

/// An applied later version on which the migration does not itself depend.
const HistoryRow* Planner::blocker(const Migration& migration) const {
    if (migration.is_named()) {
        return nullptr;
    }
    Ids needed;
    add_dependencies(migration, needed);
    std::vector<const HistoryRow*> applied = history_.applied();
    for (auto row = applied.rbegin(); row != applied.rend(); ++row) {
        auto version = Version::parse((*row)->id);
        if (version && *version > *migration.version() &&
            !needed.contains(canonical_id((*row)->id))) {
            return *row;
        }
    }
    return nullptr;
}

void Planner::check_order(const Migration& migration) const {
    const HistoryRow* unfinished = history_.latest(migration.id());
    bool is_begun = unfinished && is_unfinished(*unfinished);
    const HistoryRow* later = blocker(migration);
    if (policy_.out_of_order != OutOfOrder::error || is_begun || !later) {
        return;
    }
    throw Error(ErrorKind::failed_precondition,
                fmt::format("migration {} is outstanding, but the later version {} is applied; set "
                            "\"out_of_order: allow\" to run it all the same or \"out_of_order: "
                            "ignore\" to skip it, or give it a new version",
                            migration.id(), later->id))
        .at(migration.path());
}

void Planner::check_named_dependencies(const Migration& migration) const {
    for (const std::string& id : migration.dependencies()) {
        const Migration& needed = *registry_.find(id);
        bool is_planned_with_it = !needed.is_named() && !migration.is_named();
        if (!is_planned_with_it && !history_.is_applied(id) && !policy_.force) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("migration {} depends on {}{}, which is not applied; run "
                                    "`dynamigrate {}` first",
                                    migration.id(), needed.is_named() ? "the named migration " : "",
                                    id, id))
                .at(migration.path());
        }
    }
}

void Planner::check_applied_checksums() const {
    if (policy_.force) {
        return;
    }
    for (const HistoryRow* row : history_.applied()) {
        const Migration* migration = registry_.find(row->id);
        if (migration && !migration->is_named() && is_changed(*migration, *row)) {
            throw changed_error(*migration, *row, "it was applied",
                                "accept it with `dynamigrate repair`, or use --force");
        }
    }
}

void Planner::check_nothing_else_unfinished(const std::vector<PlannedMigration>& plan) const {
    for (const HistoryRow* row : history_.unfinished()) {
        bool is_planned = std::any_of(plan.begin(), plan.end(), [&](const PlannedMigration& item) {
            return canonical_id(item.migration->id()) == canonical_id(row->id);
        });
        const Migration* known = registry_.find(row->id);
        bool will_be_resumed = known && !known->is_named() && !rolls_back(*row);
        if (is_planned || will_be_resumed || !Version::parse(row->id) || policy_.force) {
            continue;
        }
        throw Error(
            ErrorKind::failed_precondition,
            fmt::format("run {} ({} of {}) is {}; end it first with `dynamigrate resume {}`",
                        row->run, row->action, row->id, to_string(row->status), row->run));
    }
}

PlannedMigration Planner::begin(const Migration& migration, const std::string& action) const {
    PlannedMigration planned;
    planned.migration = &migration;
    planned.action = action;
    planned.findings = check_migration(migration, policy_.default_table);
    planned.basis = history_.digest();
    for (const StepPtr& step : migration.up_steps()) {
        planned.lines.push_back(step->summary());
    }
    return planned;
}

PlannedMigration Planner::retry(const HistoryRow& row) const {
    PlannedMigration planned = resume(row);
    planned.action = "retry";
    return planned;
}

/// Whether its tool still works is not known here.
void Planner::check_not_elsewhere(const HistoryRow& row) const {
    bool is_running = row.status == Status::running || row.status == Status::rolling_back;
    if (row.action == "elsewhere" && is_running && !policy_.force) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("migration {0} is {1} in the history {2}{3}, written by another "
                                "tool; wait until that ends, or enter how it ended with "
                                "`dynamigrate mark applied {0}` or `mark rolled-back {0}`",
                                row.id, to_string(row.status), row.layout,
                                row.by.empty() ? "" : " by " + row.by));
    }
}

PlannedMigration Planner::resume(const HistoryRow& row) const {
    const Migration& migration = require(row);
    check_not_elsewhere(row);
    if (row.action == "elsewhere") {
        return begin(migration, migration.is_named() ? "named" : "up");
    }
    if (is_changed(migration, row) && !policy_.force) {
        throw changed_error(migration, row, fmt::format("its run {} began", row.run),
                            "undo the run with `dynamigrate down`, or go on with --force");
    }
    if (!row.undone.empty() && !policy_.force) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {} of {} is undone in part; undo the rest with `dynamigrate "
                                "undo {}`, or go on with --force: what is undone stays so",
                                row.run, row.id, row.run))
            .at(migration.path());
    }
    PlannedMigration planned = begin(migration, "resume");
    planned.resumed_run = row.run;
    planned.rolls_back = rolls_back(row);
    if (planned.rolls_back) {
        planned.lines.clear();
        for (const RollbackAction& action :
             plan_rollback(migration, history_.standing_runs(row.id, &row))) {
            planned.lines.push_back(action.line);
        }
    }
    return planned;
}

PlannedMigration Planner::begin_or_resume(const Migration& migration,
                                          const std::string& action) const {
    const HistoryRow* row = history_.latest(migration.id());
    if (!row || !is_unfinished(*row)) {
        return begin(migration, action);
    }
    if (rolls_back(*row) && !policy_.force) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("migration {} is rolled back in part (run {}); end that first with "
                                "`dynamigrate resume {}`",
                                migration.id(), row->run, row->run))
            .at(migration.path());
    }
    return rolls_back(*row) ? begin(migration, action) : resume(*row);
}

const Migration& Planner::require(const HistoryRow& row) const {
    if (const Migration* migration = registry_.find(row.id)) {
        return *migration;
    }
    throw Error(
        ErrorKind::not_found,
        fmt::format("Cannot find migration \"{}\", which the history names with {}; restore "
                    "that file",
                    row.id, row.path));
}

std::vector<PlannedMigration> Planner::up(const std::optional<std::string>& target,
                                          bool all) const {
    std::vector<const Migration*> candidates = outstanding();
    if (target && history_.is_applied(*target)) {
        return {};
    }
    if (target) {
        const Migration* last = registry_.find(*target);
        auto is_target = [&](const Migration* migration) { return migration == last; };
        if (std::none_of(candidates.begin(), candidates.end(), is_target)) {
            throw Error(ErrorKind::not_found,
                        fmt::format("Cannot find migration {} in outstanding migrations: {}",
                                    *target, list_ids(candidates)));
        }
        Ids wanted;
        for (const Migration* migration : candidates) {
            if (*migration->version() <= *last->version()) {
                wanted.insert(canonical_id(migration->id()));
                add_dependencies(*migration, wanted);
            }
        }
        std::erase_if(candidates, [&](const Migration* migration) {
            return !wanted.contains(canonical_id(migration->id()));
        });
    } else if (!all && candidates.size() > 1) {
        candidates.resize(1);
    }
    check_applied_checksums();
    std::vector<PlannedMigration> plan;
    for (const Migration* migration : candidates) {
        check_order(*migration);
        check_named_dependencies(*migration);
        plan.push_back(begin_or_resume(*migration, "up"));
    }
    check_nothing_else_unfinished(plan);
    return plan;
}

/// Versions that were applied or begun, the highest first.
std::vector<const HistoryRow*> Planner::standing_versions() const {
    std::vector<const HistoryRow*> rows = history_.applied();
    for (const HistoryRow* row : history_.unfinished()) {
        rows.push_back(row);
    }
    std::erase_if(rows, [](const HistoryRow* row) { return !Version::parse(row->id); });
    std::sort(rows.begin(), rows.end(), [](const HistoryRow* a, const HistoryRow* b) {
        return id_comes_before(b->id, a->id);
    });
    return rows;
}

PlannedMigration Planner::roll_back(const Migration& migration) const {
    const HistoryRow& row = *history_.latest(migration.id());
    if (rolls_back(row) && is_unfinished(row)) {
        return resume(row);
    }
    if (is_changed(migration, row) && !policy_.force) {
        throw changed_error(migration, row, "it was applied", "or roll it back with --force");
    }
    PlannedMigration planned = begin(migration, "down");
    planned.rolls_back = true;
    planned.lines.clear();
    for (const RollbackAction& action :
         plan_rollback(migration, history_.standing_runs(migration.id()))) {
        planned.lines.push_back(action.line);
    }
    return planned;
}

/// What is applied, outside the list, and depends on the migration.
std::vector<std::string> Planner::applied_dependents(
    const Migration& needed, const std::vector<const Migration*>& migrations) const {
    std::vector<std::string> dependents;
    for (const Migration& other : registry_.all()) {
        bool goes_too = std::find(migrations.begin(), migrations.end(), &other) != migrations.end();
        bool depends =
            std::any_of(other.dependencies().begin(), other.dependencies().end(),
                        [&](const std::string& id) { return registry_.find(id) == &needed; });
        if (!goes_too && depends && history_.is_applied(other.id())) {
            dependents.push_back(other.id());
        }
    }
    return dependents;
}

void Planner::check_dependents(const std::vector<const Migration*>& migrations) const {
    for (const Migration* migration : migrations) {
        std::vector<std::string> dependents = applied_dependents(*migration, migrations);
        if (!dependents.empty() && !policy_.force) {
            throw Error(ErrorKind::failed_precondition,
                        fmt::format("cannot roll back {}: {}", migration->id(),
                                    describe_dependents(dependents)))
                .at(migration->path());
        }
    }
}

/// The newest first, dependents before what they need.
std::vector<const Migration*> Planner::to_roll_back(
    const std::optional<std::string>& target_exclusive) const {
    std::vector<const HistoryRow*> rows = standing_versions();
    if (!target_exclusive && rows.size() > 1) {
        rows.resize(1);
    }
    if (target_exclusive && !is_zero(*target_exclusive)) {
        if (!history_.is_applied(*target_exclusive)) {
            throw Error(ErrorKind::not_found,
                        fmt::format("Cannot find migration {} in applied migrations: {}",
                                    *target_exclusive, list_ids(history_.applied())));
        }
        std::erase_if(rows, [&](const HistoryRow* row) {
            return !id_comes_before(*target_exclusive, row->id);
        });
    }
    Ids wanted;
    for (const HistoryRow* row : rows) {
        require(*row);
        wanted.insert(canonical_id(row->id));
    }
    std::vector<const Migration*> migrations = ordered(std::move(wanted));
    std::reverse(migrations.begin(), migrations.end());
    return migrations;
}

std::vector<PlannedMigration> Planner::down(
    const std::optional<std::string>& target_exclusive) const {
    std::vector<const Migration*> migrations = to_roll_back(target_exclusive);
    check_dependents(migrations);
    std::vector<PlannedMigration> plan;
    for (const Migration* migration : migrations) {
        plan.push_back(roll_back(*migration));
    }
    return plan;
}

PlannedRollback Planner::explain(const Migration& migration) const {
    const HistoryRow& row = *history_.latest(migration.id());
    bool is_resumed = rolls_back(row) && is_unfinished(row);
    PlannedRollback planned;
    planned.migration = &migration;
    planned.resumed_run = is_resumed ? row.run : "";
    if (is_changed(migration, row) && !policy_.force) {
        planned.refusals.push_back(
            changed_error(migration, row, "it was applied", "or roll it back with --force")
                .message());
    }
    const HistoryRow* before = is_resumed ? &row : nullptr;
    for (const RollbackAction& action :
         explain_rollback(migration, history_.standing_runs(migration.id(), before))) {
        planned.reversals.push_back(to_reversal(action, migration));
    }
    return planned;
}

RollbackPlan Planner::explain_down(const std::optional<std::string>& target_exclusive) const {
    std::vector<const Migration*> migrations = to_roll_back(target_exclusive);
    RollbackPlan plan;
    for (const Migration* migration : migrations) {
        plan.migrations.push_back(explain(*migration));
        std::vector<std::string> dependents = applied_dependents(*migration, migrations);
        if (!dependents.empty() && !policy_.force) {
            plan.migrations.back().refusals.push_back(fmt::format(
                "cannot roll back {}: {}", migration->id(), describe_dependents(dependents)));
        }
    }
    return plan;
}

std::vector<PlannedMigration> Planner::to(const std::string& version) const {
    if (is_zero(version) && !registry_.find(version)) {
        return down(version);
    }
    std::string current = history_.current_version();
    if (!current.empty() && canonical_id(current) == canonical_id(version)) {
        return {};
    }
    return history_.is_applied(version) ? down(version) : up(version, false);
}

std::vector<PlannedMigration> Planner::named(const std::string& name) const {
    const Migration* migration = registry_.find(name);
    if (!migration || !migration->is_named()) {
        std::vector<const Migration*> known;
        for (const Migration& other : registry_.all()) {
            if (other.is_named()) {
                known.push_back(&other);
            }
        }
        throw Error(ErrorKind::not_found, fmt::format("Cannot find migration \"{}\"; named "
                                                      "migrations: {}",
                                                      name, list_ids(known)));
    }
    check_named_dependencies(*migration);
    return {begin_or_resume(*migration, "named")};
}

std::vector<PlannedMigration> Planner::repeat() const {
    for (auto row = history_.rows().rbegin(); row != history_.rows().rend(); ++row) {
        if (history_.latest(row->id) == &*row && row->status == Status::applied) {
            return {begin(require(*row), "repeat")};
        }
    }
    return {};
}

std::vector<PlannedMigration> Planner::reset() const {
    const Migration* migration = registry_.find("reset");
    migration = migration ? migration : registry_.find("latest");
    if (!migration) {
        throw Error(ErrorKind::not_found,
                    "Cannot find migration \"reset\"; add a migration named reset that empties and "
                    "refills the database");
    }
    return {begin_or_resume(*migration, "reset")};
}

std::vector<PlannedMigration> Planner::retry_failed() const {
    Ids wanted;
    for (const HistoryRow* row : history_.unfinished()) {
        if (row->status == Status::failed) {
            require(*row);
            wanted.insert(canonical_id(row->id));
        }
    }
    std::vector<PlannedMigration> plan;
    for (const Migration* migration : ordered(std::move(wanted))) {
        plan.push_back(resume(*history_.latest(migration->id())));
    }
    return plan;
}

}  // namespace dynamigrate::migrate
