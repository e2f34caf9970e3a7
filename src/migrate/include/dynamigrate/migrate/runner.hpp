#pragma once

#include <dynamigrate/migrate/dry_recorder.hpp>
#include <dynamigrate/migrate/finding.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

/// What a program does with its migrations, by options as it knows them: `cli::open` makes a Runner
/// for the real world.
namespace dynamigrate::migrate {

/// How far to migrate.
struct MigrateOptions {
    /// Run on an overlay that keeps all writes; the result has a report.
    bool dry_run = false;
    /// A version or an alias, included; "" : all.
    std::string target = {};
    /// Run in spite of changed checksums, applied dependents and findings that are errors.
    bool force = false;
};

/// How far to roll back.
struct RollbackOptions {
    bool dry_run = false;
    /// A version or an alias, or "0" for everything; "" : as `steps` says.
    std::string target = {};
    /// Roll the target back too; else it stays applied.
    bool includes_target = false;
    /// How many of the newest versions; ignored when there is a target.
    std::uint32_t steps = 1;
    bool force = false;
};

/// What `migrate` and `rollback` did.
struct RunnerResult : RunResult {
    std::optional<DryReport> dry;  ///< of a dry run: what would have been done
};

/// Where the database stands.
struct DatabaseStatus {
    std::string current_version;            ///< "0.0.0" or "0" when none is applied
    std::optional<HistoryRow> last_run;     ///< the latest of any migration
    std::vector<std::string> pending;       ///< in the order in which they would run
    std::vector<UnfinishedRun> unfinished;  ///< runs that failed or were cut short
    std::optional<LockOwner> lock;          ///< who migrates now
};

/// The findings of a validation.
struct ValidationResult {
    std::vector<Finding> findings;

    bool is_valid() const noexcept { return !has_error(findings); }
    std::vector<Finding> of(Finding::Severity severity) const;
    std::vector<Finding> errors() const { return of(Finding::Severity::error); }
    std::vector<Finding> warnings() const { return of(Finding::Severity::warning); }
    /// For display: a headline, then the findings by place with what to do.
    std::string format() const;
};

/// Hears everything and does nothing: to derive from, for what one wants to hear.
class SilentListener : public Listener {
public:
    void migration_begins(const PlannedMigration&) override {}
    void step_begins(const Migration&, std::uint32_t, std::size_t, const Step&) override {}
    void undo_begins(const Migration&, std::uint32_t, std::size_t, const std::string&) override {}
    void step_ends(const Migration&, std::uint32_t, const StepResult&) override {}
    void progress(const backfill::Progress&, const layers::MeterReading&) override {}
    void line(const std::string&) override {}
    void migration_ends(const PlannedMigration&, const HistoryRow&) override {}
};

/// What stands in for the world in a dry run.
class DryWorld {
public:
    virtual ~DryWorld() = default;
    virtual World world() = 0;
    virtual Settings settings() const = 0;
    virtual DryRecorder& recorder() = 0;
    virtual DryReport report() = 0;
};

/// What a runner asks of whoever knows the real world.
struct RunnerHooks {
    /// Makes a world for a dry run; without it there are none.
    std::function<std::unique_ptr<DryWorld>()> dry_world = {};
    /// The limits for a plan, by the capacity of what it works on; without it those of the settings.
    std::function<BackfillSettings(const std::vector<PlannedMigration>&)> limits = {};
};

/// Who hears of a run, and how it ends early.
struct RunnerWatch {
    Listener* listener = nullptr;
    std::stop_token stop = {};      ///< ends gracefully, resumable
    std::stop_token stop_now = {};  ///< ends at once, resumable
};

/// Runs the migrations of a registry, and answers questions about them.
///
/// Errors: as Migrator's; not_found for a target that is no migration, or not in the state that it
///         must be in; unimplemented for a dry run when there is no world for it; cancelled when
///         stopped before anything ran.
/// Threads: one at a time; several runners, also in other processes, exclude each other.
class Runner {
public:
    /// The registry and what the world holds must outlive the runner.
    Runner(const Registry& registry, Settings settings, const World& world, RunnerHooks hooks = {});

    /// Creates the history table where there is none and waits until it can be used; repeatable.
    void init(std::stop_token stop = {}) { migrator().init(std::move(stop)); }

    /// Applies what is outstanding; continues runs that failed or were cut short.
    RunnerResult migrate(const MigrateOptions& options = {}, const RunnerWatch& watch = {});
    RunnerResult rollback(const RollbackOptions& options = {}, const RunnerWatch& watch = {});
    /// Continues a run, "" : the only unfinished one.
    RunnerResult resume(const std::string& run = {}, const RunnerWatch& watch = {});

    /// What `migrate` and `rollback` would do, in order, without doing it.
    std::vector<PlannedMigration> migration_plan(const MigrateOptions& options = {});
    std::vector<PlannedMigration> rollback_plan(const RollbackOptions& options = {});

    /// Migrations that are not applied, in the order in which they would be.
    std::vector<const Migration*> pending();
    /// The latest row of each migration that is applied.
    std::vector<HistoryRow> applied();
    bool is_applied(const std::string& id);
    /// All rows, oldest first.
    std::vector<HistoryRow> history();
    DatabaseStatus status();

    /// What keeps `migrate` from running, and what is doubtful. Changes nothing.
    ValidationResult validate(const MigrateOptions& options = {});
    /// The same for one migration, by version, name or alias.
    ValidationResult validate(const std::string& id);
    /// What keeps `rollback` from running.
    ValidationResult validate_rollback(const RollbackOptions& options = {});

    const Registry& registry() const noexcept { return registry_; }
    /// For everything else: named migrations, repeat, reset, quarantine, unlock.
    Migrator migrator(bool force = false) { return {registry_, settings(force), world_}; }

private:
    Settings settings(bool force) const;
    std::string id_of(const std::string& target) const;
    std::vector<PlannedMigration> plan_of(Migrator& migrator, const MigrateOptions& options) const;
    std::vector<PlannedMigration> plan_of(Migrator& migrator, const RollbackOptions& options) const;
    template <class Options>
    RunnerResult run(const Options& options, const RunnerWatch& watch);
    template <class Options>
    RunnerResult run_dry(const Options& options, const RunnerWatch& watch);
    Settings paced(Settings settings, const std::vector<PlannedMigration>& plan) const;

    const Registry& registry_;
    Settings settings_;
    World world_;
    RunnerHooks hooks_;
};

}  // namespace dynamigrate::migrate
