#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/layers/layers.hpp>
#include <dynamigrate/migrate/cloud_cost.hpp>
#include <dynamigrate/migrate/migration.hpp>
#include <dynamigrate/migrate/rollback_plan.hpp>

#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

enum class Status { running, applied, failed, rolling_back, rolled_back };
std::string_view to_string(Status status) noexcept;

/// A row of the history: one per run of a migration, never deleted.
///
/// A row begins as `running` (or `rolling_back`) and ends as `applied`, `failed` or `rolled_back`;
/// a resume continues the row of its run. The latest row of a migration tells its state: applied
/// now if and only if that row's status is `applied`.
struct HistoryRow {
    std::string id;   ///< version or name
    std::string run;  ///< run id
    Status status = Status::running;
    /// up, down, repeat, reset, named, undo; without a run of its own: baseline, mark, repair, adopt,
    /// elsewhere (another tool's, found in its history)
    std::string action;
    std::string description;
    std::string path;
    std::string checksum;
    std::string started_at;  ///< ISO 8601
    std::string finished_at;
    std::string by;  ///< user@host
    std::string tool_version;
    std::string error;
    backfill::Counts counts;
    double read_units = 0;
    double write_units = 0;
    std::string journal;  ///< where it lies
    std::uint64_t fence = 0;
    std::uint32_t attempt = 1;
    std::uint32_t steps_done = 0;
    bool interrupted = false;  ///< stopped by the user (running or rolling_back), resumable
    std::vector<backfill::Counts> step_counts;  ///< by step; `counts` is their sum
    std::vector<layers::PartSummary> parts;     ///< of the journal, as far as the runs told
    std::string undoes;                         ///< of an undo: the run that it undoes
    std::string undone;                         ///< "", "partly" or "wholly", by an undo
    std::string journal_purged_at;              ///< ISO 8601; "" : it was not
    std::string table;                          ///< the migration's own table
    std::string execution = {};  ///< of a state machine, ARN: of the latest attempt; "": none
    std::string layout;  ///< where another tool's layout tells the row too ("onetable in app")
    /// Of a run that a state machine worked: by the calls for turns and for segments.
    CloudUsage turns_used = {}, segments_used = {};
    double cost = 0;            ///< of these, about, in `currency`
    std::string currency = {};  ///< "": no state machine worked it
};

enum class OutOfOrder { error, allow, ignore };
std::string_view to_string(OutOfOrder policy) noexcept;

/// A version that is not applied although a later one, on which it does not depend, is.
struct LateVersion {
    const Migration* migration = nullptr;
    std::string later;
};

/// Tables whose indexes somebody else owns (CloudFormation, CDK, Terraform): steps verify them only.
struct VerifyOnly {
    bool all = false;
    std::set<std::string> tables;  ///< as written or real
};

/// How a project is set up.
struct Settings {
    std::string history_table = "dynamigrate-history";
    /// native, onetable, drift, dynamorm or functionless: where other tools read what was applied.
    std::string history_layout = "native";
    std::string layout_table;       ///< of that layout; "": the layout's own
    std::string scope = "default";  ///< one partition key per scope: several projects, one table
    std::string default_table;
    std::map<std::string, std::string> tables;  ///< logical -> physical
    OutOfOrder out_of_order = OutOfOrder::error;
    std::filesystem::path journal_directory = ".dynamigrate/journal";
    bool journal = true;
    /// What the journals of all runs may take together; a run that reaches it stops, resumable.
    std::optional<std::uint64_t> journal_max_bytes;
    /// Journals of finished runs that are older are removed when a run begins.
    std::optional<std::chrono::hours> journal_retention;
    BackfillSettings backfill;
    std::chrono::milliseconds lease{30'000};
    std::chrono::milliseconds heartbeat{5'000};
    std::string tool_version;
    /// No application writes a replica in another Region while migrations run.
    bool single_region_writers = false;
    std::string account, region;   ///< where tables must be; "" : anywhere
    bool has_backups = true;       ///< false where point-in-time recovery means nothing
    bool conflict_images = false;  ///< tell an undo's conflicts with the items' images
    VerifyOnly verify_only;
    bool shows_keys = false;     ///< lists of items name keys, not their digests
    bool backs_up = false;       ///< takes a backup of each table before a run's first write
    bool requires_pitr = false;  ///< refuses to apply to tables without point-in-time recovery
    bool force = false;          ///< run in spite of changed checksums, missing idempotence ...
    CloudSettings cloud;         ///< of runs by a state machine
};

/// What a command is about to do, decided before anything is touched.
struct PlannedMigration {
    const Migration* migration = nullptr;
    std::string action;              ///< up, down, repeat, reset, named, resume, retry
    std::vector<std::string> lines;  ///< one per step, in the order in which they will run
    std::vector<Finding> findings;
    std::string resumed_run;  ///< the run that `resume` continues
    bool rolls_back = false;  ///< down, or the resume of a down
    std::string basis;        ///< digest of the history that the plan was made from
};

/// Receives what happens during a run. Called from one thread at a time.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void migration_begins(const PlannedMigration& migration) = 0;
    virtual void step_begins(const Migration& migration, std::uint32_t index, std::size_t count,
                             const Step& step) = 0;
    /// A step's undo by the journal begins. `line`: the step, for people.
    virtual void undo_begins(const Migration& migration, std::uint32_t index, std::size_t count,
                             const std::string& line) = 0;
    virtual void step_ends(const Migration& migration, std::uint32_t index,
                           const StepResult& result) = 0;
    virtual void progress(const backfill::Progress& progress,
                          const layers::MeterReading& meter) = 0;
    virtual void line(const std::string& text) = 0;
    /// An undo left an item as it is. Called for each.
    virtual void undo_conflict(const backfill::UndoConflict&) {}
    virtual void migration_ends(const PlannedMigration& migration, const HistoryRow& row) = 0;
};

/// Knows the executions of state machines.
///
/// Threads: any.
class ExecutionWatch {
public:
    virtual ~ExecutionWatch() = default;
    /// Whether the execution is still under way.
    /// Errors: permission_denied, unavailable; not_found for one that just began or ended long ago.
    virtual bool is_running(const std::string& arn) = 0;
};

/// Everything from outside. All must outlive the migrator.
struct World {
    dynamodb::Service* service = nullptr;  ///< retry over pace over meter over the endpoint
    layers::Pace* pace = nullptr;
    layers::Meter* meter = nullptr;
    base::Clock* clock = nullptr;
    base::Random* random = nullptr;
    base::Log* log = nullptr;
    base::ProcessIdentity identity;
    /// Where journals are kept; nullptr: in the settings' directory.
    layers::JournalStore* journals = nullptr;
    ProgramRunner* programs = nullptr;  ///< nullptr: the step `run` fails
    /// The execution of a state machine that this process works for, by ARN; "": none. It owns what
    /// this process locks.
    std::string execution = {};
    ExecutionWatch* executions = nullptr;  ///< nullptr: nothing is known of any
};

/// An on-demand backup of a table.
struct TableBackup {
    std::string table;  ///< real name
    std::string name;
    std::string arn;
};

/// The capacity that an unfinished run gave an index for its build, and has not taken back.
struct RaisedCapacity {
    std::string run;
    std::string migration;
    dynamodb::Throughput after;  ///< what the index is to have
};

/// Who holds the lock.
struct LockOwner {
    std::string owner;  ///< "user@host pid 123"
    base::ProcessIdentity identity;
    std::string since;  ///< ISO 8601
    std::uint64_t fence = 0;
    std::uint64_t heartbeat = 0;
    std::string run;
    std::string execution = {};  ///< ARN; "": a process of its own
};

/// An unfinished run, resumable.
struct UnfinishedRun {
    HistoryRow row;
    bool owner_is_dead = false;  ///< nobody works on it

    /// Between two calls for an execution its row is interrupted, the run is not.
    std::string_view state() const {
        return row.interrupted && owner_is_dead ? "interrupted" : to_string(row.status);
    }
};

/// The outcome of a command that runs migrations.
struct RunResult {
    std::vector<HistoryRow> rows;  ///< one per migration run
    bool interrupted = false;      ///< stopped by the user, resumable
    std::string resume_command;    ///< what to type
};

/// How one run was undone.
struct UndoneRun {
    HistoryRow row;  ///< of the undo
    HistoryRow of;   ///< the run that it undid, as its row says now
    backfill::UndoResult result;
    bool interrupted = false;  ///< the same undo again goes on
};

/// What a journal holds, against what its run's row says.
struct JournalCheck {
    HistoryRow row;
    std::string location;
    std::uint64_t entries = 0;
    std::vector<layers::PartSummary> parts;
    std::vector<std::string> torn;  ///< parts whose tail a crash cut off: what is before it counts
    std::vector<std::string> damages;  ///< what is missing, shortened, altered or unreadable
};

/// A journal that was removed, or could be.
struct PurgedJournal {
    HistoryRow row;
    std::uint64_t bytes = 0;
};

/// Plans and runs migrations against one project's tables and history.
///
/// Errors: kinds as in base::Error; `aborted` with message "locked by ..." when another runner
///         holds the lock; `failed_precondition` for changed checksums, out-of-order versions,
///         unfinished runs that must be resumed or undone first.
/// Ensures: a migration whose run failed or was interrupted never counts as current.
class Migrator {
public:
    Migrator(const Registry& registry, Settings settings, const World& world);
    ~Migrator();
    Migrator(const Migrator&) = delete;
    Migrator& operator=(const Migrator&) = delete;

    /// Creates the history table where there is none and waits until it can be used; repeatable. A
    /// run does so by itself.
    void init(std::stop_token stop = {});

    /// Checks the registry without touching the database (duplicates, cycles, missing
    /// dependencies, kinds of versions, every step's own checks).
    std::vector<Finding> validate() const;

    /// Rows, oldest first; consistent.
    std::vector<HistoryRow> history();
    /// The latest row of each migration that is applied now, by version then name.
    std::vector<HistoryRow> applied();
    /// The highest applied version, or "0.0.0" ("0" for the other kinds).
    std::string current_version();
    /// Versions not applied, in the order in which they would be.
    std::vector<const Migration*> outstanding();

    /// Versions that the out-of-order policy is about, whatever it says.
    std::vector<LateVersion> late();

    /// Decide what a command would do; an empty plan where nothing is to be done.
    /// Errors: not_found for an unknown target (names those known); failed_precondition for what
    /// the class comment says and for a rollback that cannot be derived, by the step's name;
    /// invalid_argument for a registry that `validate` refuses.
    ///
    /// The next outstanding migration, all, or all up to the target. An unfinished or failed run of
    /// a planned migration is continued (action `resume`).
    std::vector<PlannedMigration> plan_up(const std::optional<std::string>& target, bool all);
    /// The highest version that was applied or begun, or all above the target ("0.0.0": all).
    /// What was begun only is undone as far as it came.
    std::vector<PlannedMigration> plan_down(const std::optional<std::string>& target_exclusive);
    /// The same as a value that also tells of what is refused: nothing of it throws but an unknown
    /// target, and a migration whose file is gone.
    RollbackPlan explain_down(const std::optional<std::string>& target_exclusive);
    /// Up to an outstanding version or down to an applied one; nothing when it is the current one.
    std::vector<PlannedMigration> plan_to(const std::string& version);
    std::vector<PlannedMigration> plan_named(const std::string& name);
    /// The migration (version or name) that was applied last, again.
    std::vector<PlannedMigration> plan_repeat();
    /// The migration named `reset` (or `latest`); afterwards all versions count as applied.
    std::vector<PlannedMigration> plan_reset();
    /// All failed runs, each continued, in order; nothing when none failed.
    std::vector<PlannedMigration> plan_retry_failed();
    /// What the run left undone, or all runs ("") did: a failed run continued, and of a finished one
    /// the items that it quarantined, as far as another attempt may write them (action `retry`).
    /// Errors: not_found for an unknown run; failed_precondition for one that is not its
    /// migration's latest.
    std::vector<PlannedMigration> plan_retry(const std::string& run);

    /// Runs what was planned under the lock, in order; stops at the first failure (thrown after
    /// the failed row is written). `stop` ends gracefully, `stop_now` at once.
    /// Errors: aborted also when the history changed since the plan was made, or the lock was lost;
    /// invalid_argument when a planned migration has an error among its findings (unless forced).
    RunResult run(const std::vector<PlannedMigration>& plan, Listener& listener,
                  std::stop_token stop, std::stop_token stop_now);

    /// Runs whose row is `running`, `rolling_back` or `failed` and the latest of its migration.
    std::vector<UnfinishedRun> unfinished();
    /// What resuming those runs takes back.
    std::vector<RaisedCapacity> raised_capacities();
    /// The backups that were made before the run, by the policy `backs_up`.
    std::vector<TableBackup> backups(const std::string& run);
    /// The items that the run could not migrate, by step.
    std::vector<backfill::QuarantinedItem> quarantined(const std::string& run);
    /// Continues a run where it was left. "" : the only one.
    /// Errors: not_found when there is none, or several and none named; failed_precondition when
    /// the migration changed since the run began or its journal cannot be reached (unless forced).
    RunResult resume(const std::string& run, Listener& listener, std::stop_token stop,
                     std::stop_token stop_now);

    /// What `undo` would do. Errors: as it says.
    PlannedMigration plan_undo(const std::string& run, const backfill::UndoSelection& selection);
    /// Puts back what the run changed, from its journal, guarded by the images after; under the
    /// lock. The run's row says `undone: partly` before the first write. When all of a run that
    /// changed items only is back, its row says `wholly`, and its migration counts as rolled back
    /// unless another run of it stands.
    /// Repeatable: what is back already counts as such.
    /// Errors: not_found for an unknown run; failed_precondition for a
    /// run without a journal, one whose journal is not here, removed or damaged (unless forced), a
    /// rollback or an undo, and for a part of an unfinished run.
    UndoneRun undo(const std::string& run, const backfill::UndoSelection& selection,
                   Listener& listener, std::stop_token stop, std::stop_token stop_now);

    /// The row of the run whose id begins so. Errors: not_found, also when several do.
    HistoryRow find_run(const std::string& prefix);
    /// Visits the entries of the run's journal, oldest first, until `visit` returns false.
    /// Errors: failed_precondition when it has none or it is not here; corrupted.
    void read_journal(
        const std::string& run,
        const std::function<bool(const layers::JournalPage&, const layers::JournalEntry&,
                                 layers::EntryOutcome)>& visit);
    /// Reads all of it. Errors: as read_journal, but for damages, which it lists.
    JournalCheck check_journal(const std::string& run);
    /// Runs that ended and whose journals are here: the named one, or all that ended before `before`.
    /// Errors: not_found; failed_precondition for a named run that is not finished or has none.
    std::vector<PurgedJournal> purgeable(const std::string& run,
                                         std::optional<base::WallTime> before);
    /// Removes them, under the lock; the rows say so first.
    void purge(const std::vector<PurgedJournal>& journals, Listener& listener,
               std::stop_token stop);

    std::optional<LockOwner> lock_owner();
    /// Removes the lock whoever holds it; the fence keeps the old owner from writing on.
    void unlock();

private:
    struct Parts;
    bool has_retriable(const std::string& run);
    std::unique_ptr<Parts> parts_;
};

}  // namespace dynamigrate::migrate
