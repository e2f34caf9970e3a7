#include <dynamigrate/migrate/migrator.hpp>

#include "backup_policy.hpp"
#include "backups.hpp"
#include "execution.hpp"
#include "held_lock.hpp"
#include "history.hpp"
#include "identity.hpp"
#include "index_settings.hpp"
#include "journals.hpp"
#include "live_checks.hpp"
#include "lock.hpp"
#include "open_history.hpp"
#include "planner.hpp"
#include "run_records.hpp"
#include "run_undo.hpp"
#include "step_notes.hpp"
#include "steps_index.hpp"
#include "table_shapes.hpp"
#include "validation.hpp"

#include <dynamigrate/base/error.hpp>

#include <dynamigrate/json/json5.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

std::vector<HistoryRow> copy_rows(const std::vector<const HistoryRow*>& rows) {
    std::vector<HistoryRow> copies;
    for (const HistoryRow* row : rows) {
        copies.push_back(*row);
    }
    return copies;
}

std::string zero_version(const Registry& registry) {
    for (const Migration& migration : registry.all()) {
        if (migration.version() && migration.version()->kind() != Version::Kind::semver) {
            return "0";
        }
    }
    return "0.0.0";
}

Tell teller(Listener& listener) {
    return [&listener](const std::string& line) { listener.line(line); };
}

}  // namespace

struct Migrator::Parts : OpenHistory {
    const Registry& registry;
    std::unique_ptr<layers::JournalStore> own_journals;
    std::map<std::string, Migration> unknown;  ///< whose files are gone, by id

    Parts(const Registry& the_registry, Settings the_settings, const World& the_world)
        : OpenHistory(std::move(the_settings), the_world),
          registry(the_registry) {
        if (!world.journals) {
            own_journals =
                layers::make_directory_journals(settings.journal_directory, *world.clock);
        }
    }

    layers::JournalStore& journals() { return world.journals ? *world.journals : *own_journals; }

    ExecutionInputs inputs(HeldLock& held, Listener& listener, BackupPolicy* backups = nullptr) {
        return {registry,    settings,       world,    table,       history,         journals(),
                held.lock(), held.control(), listener, held.stop(), held.stop_now(), backups};
    }

    const Migration& migration_of(const HistoryRow& row) {
        const Migration* known = registry.find(row.id);
        return known ? *known : unknown.try_emplace(row.id, row.id, row.description).first->second;
    }

    void purge_expired(HeldLock& held, Listener& listener) {
        if (settings.journal_retention) {
            HistoryView view = history.read();
            purge_journals(
                purgeable_journals(view.rows(), world.clock->now() - *settings.journal_retention,
                                   journals()),
                inputs(held, listener));
        }
    }

    PlanPolicy policy() const {
        return {settings.out_of_order, settings.force, settings.default_table};
    }

    /// With what the tables and their items say.
    std::vector<PlannedMigration> inspected(std::vector<PlannedMigration> plan) const {
        LiveChecks checks(*world.service, settings, world.clock->now());
        for (PlannedMigration& planned : plan) {
            checks.check(planned);
        }
        return plan;
    }

    void check_plan(const std::vector<PlannedMigration>& plan) const {
        for (const PlannedMigration& planned : plan) {
            if (!settings.force) {
                throw_first_error(planned.findings);
            }
        }
    }

    void check_basis(const std::vector<PlannedMigration>& plan) {
        const std::string& basis = plan.front().basis;
        if (!basis.empty() && basis != history.read().digest()) {
            throw Error(ErrorKind::aborted,
                        "the history changed since the plan was made; run the command again");
        }
    }

    RunResult run_all(const std::vector<PlannedMigration>& plan, const ExecutionInputs& inputs) {
        RunResult result;
        for (const PlannedMigration& planned : plan) {
            if (inputs.stop.stop_requested()) {
                result.interrupted = true;
                result.resume_command = "dynamigrate up";
                break;
            }
            HistoryView view = history.read();
            result.rows.push_back(Execution(inputs, view, planned).run());
            if (result.rows.back().interrupted) {
                result.interrupted = true;
                result.resume_command = "dynamigrate resume";
                break;
            }
        }
        return result;
    }
};

Migrator::Migrator(const Registry& registry, Settings settings, const World& world)
    : parts_(std::make_unique<Parts>(registry, std::move(settings), world)) {}

Migrator::~Migrator() = default;

std::vector<Finding> Migrator::validate() const {
    std::vector<Finding> findings = check_structure(parts_->registry);
    std::vector<Finding> together = check_project(parts_->registry, parts_->settings.default_table);
    findings.insert(findings.end(), together.begin(), together.end());
    for (const Migration& migration : parts_->registry.all()) {
        std::vector<Finding> own = check_migration(migration, parts_->settings.default_table);
        findings.insert(findings.end(), own.begin(), own.end());
    }
    return findings;
}

std::vector<HistoryRow> Migrator::history() { return parts_->history.read().rows(); }

std::vector<HistoryRow> Migrator::applied() {
    HistoryView view = parts_->history.read();
    return copy_rows(view.applied());
}

std::string Migrator::current_version() {
    std::string current = parts_->history.read().current_version();
    return current.empty() ? zero_version(parts_->registry) : current;
}

std::vector<const Migration*> Migrator::outstanding() {
    HistoryView view = parts_->history.read();
    return Planner(parts_->registry, view, parts_->policy()).outstanding();
}

std::vector<LateVersion> Migrator::late() {
    HistoryView view = parts_->history.read();
    return Planner(parts_->registry, view, parts_->policy()).late();
}

std::vector<PlannedMigration> Migrator::plan_up(const std::optional<std::string>& target,
                                                bool all) {
    HistoryView view = parts_->history.read();
    return parts_->inspected(Planner(parts_->registry, view, parts_->policy()).up(target, all));
}

std::vector<PlannedMigration> Migrator::plan_down(
    const std::optional<std::string>& target_exclusive) {
    HistoryView view = parts_->history.read();
    return Planner(parts_->registry, view, parts_->policy()).down(target_exclusive);
}

RollbackPlan Migrator::explain_down(const std::optional<std::string>& target_exclusive) {
    HistoryView view = parts_->history.read();
    return Planner(parts_->registry, view, parts_->policy()).explain_down(target_exclusive);
}

std::vector<PlannedMigration> Migrator::plan_to(const std::string& version) {
    HistoryView view = parts_->history.read();
    return parts_->inspected(Planner(parts_->registry, view, parts_->policy()).to(version));
}

std::vector<PlannedMigration> Migrator::plan_named(const std::string& name) {
    HistoryView view = parts_->history.read();
    return parts_->inspected(Planner(parts_->registry, view, parts_->policy()).named(name));
}

std::vector<PlannedMigration> Migrator::plan_repeat() {
    HistoryView view = parts_->history.read();
    return parts_->inspected(Planner(parts_->registry, view, parts_->policy()).repeat());
}

std::vector<PlannedMigration> Migrator::plan_reset() {
    HistoryView view = parts_->history.read();
    return parts_->inspected(Planner(parts_->registry, view, parts_->policy()).reset());
}

std::vector<PlannedMigration> Migrator::plan_retry_failed() {
    HistoryView view = parts_->history.read();
    return parts_->inspected(Planner(parts_->registry, view, parts_->policy()).retry_failed());
}

void Migrator::init(std::stop_token stop) { parts_->table.create_if_absent(std::move(stop)); }

std::vector<PlannedMigration> Migrator::plan_retry(const std::string& run) {
    HistoryView view = parts_->history.read();
    if (!run.empty() && !view.row_of_run(run)) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no run {}; `dynamigrate runs` lists them", run));
    }
    Planner planner(parts_->registry, view, parts_->policy());
    std::vector<PlannedMigration> plan;
    for (const HistoryRow& row : view.rows()) {
        if (view.latest(row.id) != &row || (!run.empty() && row.run != run)) {
            continue;
        }
        if (row.status == Status::failed) {
            plan.push_back(planner.resume(row));
        } else if (row.status == Status::applied && has_retriable(row.run)) {
            plan.push_back(planner.retry(row));
        }
    }
    if (!run.empty() && view.latest(view.row_of_run(run)->id)->run != run) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {} is not the latest of its migration; what it left undone is "
                                "the later run's affair",
                                run));
    }
    return plan;
}

bool Migrator::has_retriable(const std::string& run) {
    std::vector<backfill::QuarantinedItem> items = quarantined(run);
    return std::any_of(items.begin(), items.end(), can_be_retried);
}

RunResult Migrator::run(const std::vector<PlannedMigration>& plan, Listener& listener,
                        std::stop_token stop, std::stop_token stop_now) {
    Parts& parts = *parts_;
    if (plan.empty()) {
        return {};
    }
    parts.check_plan(plan);
    parts.check_untold();
    HeldLock held(parts.table, parts.world, parts.settings, teller(listener), {stop, stop_now});
    parts.history.create_if_absent(held.stop_now());
    parts.check_basis(plan);
    parts.history.note_news(held.fence());
    BackupPolicy backups(parts.settings, parts.world, plan);
    backups.check_pitr(held.stop());
    parts.purge_expired(held, listener);
    return parts.run_all(plan, parts.inputs(held, listener, &backups));
}

std::vector<UnfinishedRun> Migrator::unfinished() {
    HistoryView view = parts_->history.read();
    std::optional<LockOwner> owner = lock_owner();
    std::vector<UnfinishedRun> runs;
    for (const HistoryRow* row : view.unfinished()) {
        runs.push_back({*row, !works_on(owner, *row)});
    }
    return runs;
}

std::vector<RaisedCapacity> Migrator::raised_capacities() {
    std::vector<RaisedCapacity> raised;
    HistoryView view = parts_->history.read();
    for (const HistoryRow* row : view.unfinished()) {
        NativeStepNotes notes(parts_->table, row->run, row->steps_done, 0);
        if (auto after = notes.read(kCapacityAfter)) {
            raised.push_back(
                {row->run, row->id, to_throughput(json::parse_json(*after, "a run's records"))});
        }
    }
    return raised;
}

std::vector<TableBackup> Migrator::backups(const std::string& run) {
    std::vector<TableBackup> backups;
    for (const auto& [name, text] : NativeStepNotes(parts_->table, run, 0, 0).all()) {
        if (name.starts_with(kBackupBefore)) {
            NotedBackup noted = parse_noted_backup(text);
            backups.push_back({noted.table, noted.name, noted.arn});
        }
    }
    return backups;
}

std::vector<backfill::QuarantinedItem> Migrator::quarantined(const std::string& run) {
    return NativeRunRecords(parts_->table, run, 0).all_quarantined();
}

RunResult Migrator::resume(const std::string& run, Listener& listener, std::stop_token stop,
                           std::stop_token stop_now) {
    HistoryView view = parts_->history.read();
    std::vector<const HistoryRow*> candidates = view.unfinished();
    std::vector<std::string> names;
    for (const HistoryRow* row : candidates) {
        names.push_back(fmt::format("{} ({} of {})", row->run, row->action, row->id));
    }
    std::erase_if(candidates,
                  [&](const HistoryRow* row) { return !run.empty() && row->run != run; });
    if (names.empty()) {
        throw Error(ErrorKind::not_found, "there is no unfinished run to resume");
    }
    if (candidates.size() != 1) {
        throw Error(ErrorKind::not_found,
                    fmt::format("{}; unfinished runs: {}",
                                run.empty() ? "name the run to resume"
                                            : "run " + run + " is not unfinished",
                                fmt::join(names, ", ")));
    }
    Planner planner(parts_->registry, view, parts_->policy());
    return this->run({planner.resume(*candidates.front())}, listener, stop, stop_now);
}

PlannedMigration Migrator::plan_undo(const std::string& run,
                                     const backfill::UndoSelection& selection) {
    Parts& parts = *parts_;
    HistoryView view = parts.history.read();
    const HistoryRow& row = row_by_prefix(view, run);
    check_undoable(view, row, selection, parts.journals());
    return planned_undo(parts.migration_of(row), row, selection);
}

UndoneRun Migrator::undo(const std::string& run, const backfill::UndoSelection& selection,
                         Listener& listener, std::stop_token stop, std::stop_token stop_now) {
    Parts& parts = *parts_;
    parts.check_untold();
    HeldLock held(parts.table, parts.world, parts.settings, teller(listener), {stop, stop_now});
    parts.history.note_news(held.fence());
    HistoryView view = parts.history.read();
    const HistoryRow& row = row_by_prefix(view, run);
    const Migration& migration = parts.migration_of(row);
    RunUndo undo(parts.inputs(held, listener), view, row, migration, selection);
    return undo.run();
}

HistoryRow Migrator::find_run(const std::string& prefix) {
    HistoryView view = parts_->history.read();
    return row_by_prefix(view, prefix);
}

void Migrator::read_journal(
    const std::string& run,
    const std::function<bool(const layers::JournalPage&, const layers::JournalEntry&,
                             layers::EntryOutcome)>& visit) {
    Parts& parts = *parts_;
    HistoryView view = parts.history.read();
    const HistoryRow& row = row_by_prefix(view, run);
    visit_journal(*open_journal(row, parts.journals()), visit);
}

JournalCheck Migrator::check_journal(const std::string& run) {
    Parts& parts = *parts_;
    HistoryView view = parts.history.read();
    const HistoryRow& row = row_by_prefix(view, run);
    return migrate::check_journal(with_all_parts(row, parts.table),
                                  *open_journal(row, parts.journals()));
}

std::vector<PurgedJournal> Migrator::purgeable(const std::string& run,
                                               std::optional<base::WallTime> before) {
    Parts& parts = *parts_;
    HistoryView view = parts.history.read();
    if (!run.empty()) {
        return {expect_purgeable(row_by_prefix(view, run), view.rows(), parts.journals())};
    }
    return purgeable_journals(view.rows(), before, parts.journals());
}

void Migrator::purge(const std::vector<PurgedJournal>& journals, Listener& listener,
                     std::stop_token stop) {
    Parts& parts = *parts_;
    if (!journals.empty()) {
        HeldLock held(parts.table, parts.world, parts.settings, teller(listener), {stop, {}});
        HistoryView view = parts.history.read();
        std::vector<PurgedJournal> present;
        for (const PurgedJournal& journal : journals) {
            const HistoryRow& row = row_by_prefix(view, journal.row.run);
            present.push_back(expect_purgeable(row, view.rows(), parts.journals()));
        }
        purge_journals(present, parts.inputs(held, listener));
    }
}

std::optional<LockOwner> Migrator::lock_owner() { return read_lock_owner(parts_->table); }

void Migrator::unlock() { break_lock(parts_->table); }

}  // namespace dynamigrate::migrate
