#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/base/environment.hpp>
#include <dynamigrate/layers/layers.hpp>
#include <dynamigrate/migrate/migration.hpp>

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

enum class Status { running, applied, failed, rolling_back, rolled_back };
std::string_view to_string(Status status) noexcept;

/// A row of the history: append-only, one per run of a migration.
struct HistoryRow {
    std::string id;           ///< version or name
    std::string run;          ///< run id
    Status status = Status::running;
    std::string action;       ///< up, down, repeat, reset, named
    std::string description;
    std::string path;
    std::string checksum;
    std::string started_at;   ///< ISO 8601
    std::string finished_at;
    std::string by;           ///< user@host
    std::string tool_version;
    std::string error;
    backfill::Counts counts;
    double read_units = 0;
    double write_units = 0;
    std::string journal;      ///< where it lies
    std::uint64_t fence = 0;
    std::uint32_t attempt = 1;
    std::uint32_t steps_done = 0;
};

enum class OutOfOrder { error, allow, ignore };

/// How a project is set up.
struct Settings {
    std::string history_table = "dynamigrate-history";
    std::string scope = "default";  ///< one partition key per scope: several projects, one table
    std::string default_table;
    std::map<std::string, std::string> tables;  ///< logical -> physical
    OutOfOrder out_of_order = OutOfOrder::error;
    std::filesystem::path journal_directory = ".dynamigrate/journal";
    bool journal = true;
    BackfillSettings backfill;
    std::chrono::milliseconds lease{30'000};
    std::chrono::milliseconds heartbeat{5'000};
    std::string tool_version;
    bool force = false;   ///< run in spite of changed checksums, missing idempotence ...
    bool dry = false;
};

/// What a command is about to do, decided before anything is touched.
struct PlannedMigration {
    const Migration* migration = nullptr;
    std::string action;                 ///< up, down, repeat, reset, named, resume
    std::vector<std::string> lines;     ///< one per step
    std::vector<Finding> findings;
};

/// Receives what happens during a run. Called from one thread at a time.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void migration_begins(const PlannedMigration& migration) = 0;
    virtual void step_begins(const Migration& migration, std::uint32_t index, std::size_t count,
                             const Step& step) = 0;
    virtual void progress(const backfill::Progress& progress, const layers::MeterReading& meter) = 0;
    virtual void line(const std::string& text) = 0;
    virtual void dry_change(const backfill::DryChange& change) = 0;
    virtual void migration_ends(const PlannedMigration& migration, const HistoryRow& row) = 0;
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
};

/// Who holds the lock.
struct LockOwner {
    std::string owner;       ///< "user@host pid 123"
    base::ProcessIdentity identity;
    std::string since;       ///< ISO 8601
    std::uint64_t fence = 0;
    std::uint64_t heartbeat = 0;
    std::string run;
};

/// An unfinished run, resumable.
struct UnfinishedRun {
    HistoryRow row;
    bool owner_is_dead = false;
};

/// The outcome of a command that runs migrations.
struct RunResult {
    std::vector<HistoryRow> rows;       ///< one per migration run
    bool interrupted = false;           ///< stopped by the user, resumable
    std::string resume_command;         ///< what to type
};

/// Plans and runs migrations against one project's tables and history.
///
/// Errors: kinds as in base::Error; `aborted` with message "locked by ..." when another runner
///         holds the lock; `failed_precondition` for changed checksums, out-of-order versions,
///         unfinished runs that must be resumed or undone first.
/// Ensures: a migration whose run failed or was interrupted never counts as current.
class Migrator {
public:
    Migrator(const Registry& registry, Settings settings, World world);
    ~Migrator();
    Migrator(const Migrator&) = delete;
    Migrator& operator=(const Migrator&) = delete;

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

    /// Decide what a command would do. Errors: not_found for an unknown target (names those known).
    std::vector<PlannedMigration> plan_up(std::optional<std::string> target, bool all);
    std::vector<PlannedMigration> plan_down(std::optional<std::string> target_exclusive);
    std::vector<PlannedMigration> plan_to(const std::string& version);
    std::vector<PlannedMigration> plan_named(const std::string& name);
    std::vector<PlannedMigration> plan_repeat();
    std::vector<PlannedMigration> plan_reset();
    std::vector<PlannedMigration> plan_retry_failed();

    /// Runs what was planned under the lock, in order; stops at the first failure (thrown after
    /// the failed row is written). `stop` ends gracefully, `stop_now` at once.
    RunResult run(const std::vector<PlannedMigration>& plan, Listener& listener,
                  std::stop_token stop, std::stop_token stop_now);

    /// Runs whose row is `running` or `rolling_back`, or failed with work left.
    std::vector<UnfinishedRun> unfinished();
    /// Continues a run where it was left. "" : the only one.
    RunResult resume(const std::string& run, Listener& listener, std::stop_token stop,
                     std::stop_token stop_now);

    std::optional<LockOwner> lock_owner();
    /// Removes the lock whoever holds it; the fence keeps the old owner from writing on.
    void unlock();

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dynamigrate::migrate
