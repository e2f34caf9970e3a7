#include <dynamigrate/migrate/runner.hpp>

#include "identity.hpp"
#include "rollback_target.hpp"

#include <dynamigrate/base/error.hpp>

#include <algorithm>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;
using Plan = std::vector<PlannedMigration>;

namespace {

/// Versions that were applied or begun, the highest first.
std::vector<std::string> standing_versions(Migrator& migrator) {
    std::vector<std::string> ids;
    for (const HistoryRow& row : migrator.applied()) {
        ids.push_back(row.id);
    }
    for (const UnfinishedRun& run : migrator.unfinished()) {
        ids.push_back(run.row.id);
    }
    std::erase_if(ids, [](const std::string& id) { return !Version::parse(id); });
    std::sort(ids.begin(), ids.end(),
              [](const std::string& a, const std::string& b) { return id_comes_before(b, a); });
    return ids;
}

}  // namespace

Runner::Runner(const Registry& registry, Settings settings, const World& world, RunnerHooks hooks)
    : registry_(registry),
      settings_(std::move(settings)),
      world_(world),
      hooks_(std::move(hooks)) {}

Settings Runner::settings(bool force) const {
    Settings settings = settings_;
    settings.force = settings.force || force;
    return settings;
}

std::string Runner::id_of(const std::string& target) const {
    const Migration* migration = registry_.find(target);
    return migration ? migration->id() : target;
}

Plan Runner::plan_of(Migrator& migrator, const MigrateOptions& options) const {
    if (options.target.empty()) {
        return migrator.plan_up(std::nullopt, true);
    }
    return migrator.plan_up(id_of(options.target), true);
}

Plan Runner::plan_of(Migrator& migrator, const RollbackOptions& options) const {
    std::vector<std::string> standing = standing_versions(migrator);
    std::string target = options.target.empty() ? "" : id_of(options.target);
    std::string end = rollback_target(options, target, standing);
    return standing.empty() ? Plan{} : migrator.plan_down(end);
}

Settings Runner::paced(Settings settings, const Plan& plan) const {
    if (hooks_.limits && !plan.empty()) {
        settings.backfill = hooks_.limits(plan);
    }
    return settings;
}

template <class Options>
RunnerResult Runner::run(const Options& options, const RunnerWatch& watch) {
    if (options.dry_run) {
        return run_dry(options, watch);
    }
    SilentListener silent;
    Listener& listener = watch.listener ? *watch.listener : silent;
    Migrator planning = migrator(options.force);
    Plan plan = plan_of(planning, options);
    Migrator running(registry_, paced(settings(options.force), plan), world_);
    return {running.run(plan, listener, watch.stop, watch.stop_now), std::nullopt};
}

template <class Options>
RunnerResult Runner::run_dry(const Options& options, const RunnerWatch& watch) {
    if (!hooks_.dry_world) {
        throw Error(ErrorKind::unimplemented,
                    "this runner has no world for dry runs; `dynamigrate::cli::open` gives one");
    }
    SilentListener silent;
    std::unique_ptr<DryWorld> dry = hooks_.dry_world();
    Settings settings = dry->settings();
    settings.force = settings.force || options.force;
    Migrator planning(registry_, settings, dry->world());
    Plan plan = plan_of(planning, options);
    std::optional<backfill::FailureBudget> budget = settings.backfill.failure_budget;
    settings = paced(std::move(settings), plan);
    settings.backfill.failure_budget = budget;
    Migrator running(registry_, settings, dry->world());
    dry->recorder().pass_on_to(watch.listener ? watch.listener : &silent);
    RunResult done = running.run(plan, dry->recorder(), watch.stop, watch.stop_now);
    dry->recorder().pass_on_to(nullptr);
    return {std::move(done), dry->report()};
}

RunnerResult Runner::migrate(const MigrateOptions& options, const RunnerWatch& watch) {
    return run(options, watch);
}

RunnerResult Runner::rollback(const RollbackOptions& options, const RunnerWatch& watch) {
    return run(options, watch);
}

RunnerResult Runner::resume(const std::string& run, const RunnerWatch& watch) {
    SilentListener silent;
    Listener& listener = watch.listener ? *watch.listener : silent;
    return {migrator().resume(run, listener, watch.stop, watch.stop_now), std::nullopt};
}

Plan Runner::migration_plan(const MigrateOptions& options) {
    Migrator real = migrator(options.force);
    return plan_of(real, options);
}

Plan Runner::rollback_plan(const RollbackOptions& options) {
    Migrator real = migrator(options.force);
    return plan_of(real, options);
}

std::vector<const Migration*> Runner::pending() { return migrator().outstanding(); }

std::vector<HistoryRow> Runner::applied() { return migrator().applied(); }

bool Runner::is_applied(const std::string& id) {
    std::string wanted = canonical_id(id_of(id));
    std::vector<HistoryRow> rows = applied();
    return std::any_of(rows.begin(), rows.end(),
                       [&](const HistoryRow& row) { return canonical_id(row.id) == wanted; });
}

std::vector<HistoryRow> Runner::history() { return migrator().history(); }

DatabaseStatus Runner::status() {
    Migrator real = migrator();
    DatabaseStatus status;
    status.current_version = real.current_version();
    std::vector<HistoryRow> rows = real.history();
    if (!rows.empty()) {
        status.last_run = rows.back();
    }
    for (const Migration* migration : real.outstanding()) {
        status.pending.push_back(migration->id());
    }
    status.unfinished = real.unfinished();
    status.lock = real.lock_owner();
    return status;
}

}  // namespace dynamigrate::migrate
