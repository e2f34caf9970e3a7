#pragma once

#include <dynamigrate/backfill/records.hpp>
#include <dynamigrate/backfill/source.hpp>
#include <dynamigrate/backfill/transform.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/expressions/condition.hpp>
#include <dynamigrate/layers/journal.hpp>
#include <dynamigrate/layers/pace.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

/// Applies a transform to every item of a source: paced, guarded, journalled, resumable.
namespace dynamigrate::backfill {

/// What a write is conditioned on besides the attributes it changes.
struct Guard {
    enum class Kind {
        read,     ///< what the transform read
        all,      ///< every attribute that the item had
        version,  ///< one attribute that the application changes with every write
    };
    Kind kind = Kind::read;
    std::string version_attribute;
};

/// How many items may fail before the run does.
struct FailureBudget {
    std::uint64_t count = 0;
    double percent = 0;  ///< of the items read; the larger allowance counts
};

/// One step's backfill, as data.
struct Plan {
    std::uint32_t step = 0;  ///< index in the run: names journal pages and segments
    std::string run;
    std::string table;  ///< read from; for ItemsSource: written to
    dynamodb::KeySchema key;
    Source source = ScanSource{};
    dynamodb::ExpressionText where;  ///< evaluated by the server where it can, and here
    const Transform* transform = nullptr;
    /// Where the after-image goes: "" the table itself; else items are put into that table, the
    /// source stays (copy).
    std::string target_table;
    dynamodb::KeySchema target_key;
    IfExists if_exists = IfExists::keep;
    Guard guard;
    bool overwrite = false;                   ///< unguarded whole puts by BatchWriteItem
    bool atomic = false;                      ///< key changes by transaction
    bool marker = false;                      ///< exactly_once: marker (`_dm` names run and step)
    std::optional<std::uint32_t> passes = 1;  ///< nothing: until a pass changes nothing
    std::uint32_t lanes = 4;
    std::uint32_t segments = 0;    ///< 0: chosen by lanes and table size
    std::uint32_t page_items = 0;  ///< most items of a page; 0: as many as memory allows
    FailureBudget failure_budget;
    bool judges_at_end = false;    ///< the budget is looked at when everything was tried
    std::int64_t table_bytes = 0;  ///< for choosing segments; 0: unknown
};

/// How far deferred actions are.
struct DeferredProgress {
    bool is_executing = false;    ///< else the transform is still asked
    std::uint64_t collected = 0;  ///< by this attempt, while they are; afterwards all
    std::uint64_t done = 0;
    std::uint64_t failed = 0;  ///< items with an action that failed
};

/// A state of the work, given to the listener a few times a second.
struct Progress {
    Counts counts;
    std::uint32_t segments_done = 0;
    std::uint32_t segments_total = 0;
    std::uint32_t pass = 1;
    DeferredProgress deferred;
};

/// Everything from outside. All must outlive the run.
struct Surroundings {
    dynamodb::Service* service = nullptr;  ///< retried, paced, metered
    /// What paces the service, if anything: pages are so small that one takes a second or two.
    const layers::Pace* pace = nullptr;
    layers::Journal* journal = nullptr;
    RunRecords* records = nullptr;
    base::Clock* clock = nullptr;
    base::Random* random = nullptr;
    base::Log* log = nullptr;
    std::uint32_t attempt = 1;  ///< number of this start of the run
    std::uint64_t fence = 0;
    std::filesystem::path spool_directory;
    std::function<void(const Progress&)> on_progress;  ///< called from one thread at a time
};

struct Result {
    Counts counts;
    bool stopped = false;  ///< ended by a stop, resumable
    std::vector<layers::PartSummary> parts;
    std::uint64_t deferred = 0;  ///< deferred actions that were executed
};

/// The number in the journal for what is written past a step's backfill while it runs: told apart
/// from its pages, undone with them.
constexpr std::uint32_t direct_writes_step(std::uint32_t step) { return step + 3'999'000'000; }

/// Runs or resumes the plan.
///
/// Where the transform defers actions, they are kept on disk in the spool directory, and executed
/// once it has succeeded for every item (or the failures are within the budget): each exactly once,
/// those on one item in the order in which one lane asked for them; with one lane and one segment,
/// all of them. Each is read, evaluated, guarded and journalled like an item. One that fails keeps
/// the later ones on its item waiting; they are tried again when the run is resumed.
///
/// First settles what an earlier attempt left unsettled, by its journal, and tries again what it
/// quarantined; then works the segments that are not done.
/// Requires: from the second attempt on, the journal is sealed.
/// Cancel:  finishes the pages at hand, saves checkpoints, returns with `stopped`.
/// `stop_now` additionally interrupts requests; what is in flight is settled by the next attempt.
/// Errors:  the first failure that ends the run: failed_precondition when the failure budget is
///          exceeded (message with counts and the command that lists them), aborted when the lock
///          was lost, or the service's error. The work stays resumable in every case.
Result run(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
           std::stop_token stop_now = {});

/// What an undo did.
struct UndoResult {
    std::uint64_t restored = 0;
    std::uint64_t already = 0;    ///< current state equals the image before
    std::uint64_t conflicts = 0;  ///< changed by somebody since; left alone and listed
    std::uint64_t unsettled = 0;  ///< never restored; listed
    std::uint64_t selected = 0;   ///< entries that the selection names, of all outcomes
    bool stopped = false;
};

/// An entry that an undo did not restore.
struct UndoConflict {
    std::string table;
    std::string key;  ///< wire JSON
    std::string reason;
    // With UndoPlan::with_images, in wire JSON; "": there is none.
    std::string before, after;  ///< as the journal has them
    std::string now;            ///< the item as it is, where the undo met it
};

/// Which entries of the journal an undo takes back.
struct UndoSelection {
    std::vector<std::string> keys;        ///< wire JSON, of items of any table; none: all
    std::optional<base::WallTime> since;  ///< committed then or later
    std::optional<base::WallTime> until;  ///< committed before

    bool is_all() const noexcept { return keys.empty() && !since && !until; }
};

/// How an undo runs.
struct UndoPlan {
    std::vector<std::uint32_t> steps;  ///< which steps of the journal; none: all
    /// Both items of a moved one are selected by the key of either.
    UndoSelection selection;
    bool with_images = false;
    /// An entry without an outcome, of no moved item, counts as applied where its item is as after
    /// it, as a resumed run finds out. Requires: whoever wrote it has ended.
    bool settles = false;
    /// Given each table's key schema once. Error not_found: the table's entries are conflicts.
    std::function<dynamodb::KeySchema(const std::string& table)> key_schema;
    std::function<void(const UndoConflict&)> on_conflict;
    /// Called right before each wave of writes; what it throws ends the undo before the wave.
    std::function<void()> before_wave;
    std::optional<std::string> ttl_attribute;
    /// Where it is set, it tells the attribute by table instead.
    std::function<std::optional<std::string>(const std::string& table)> ttl_attribute_of;
};

/// Puts back what the journal says was applied, or the plan lets it find out: newest first, guarded
/// by the images after.
/// Repeatable: what is undone already counts as such, of an item that was changed several times too.
/// Conflicts with the item's present state are told at the end, others when they are met.
/// Errors: invalid_argument for a selected key that is no item in wire JSON.
UndoResult undo(const UndoPlan& plan, const Surroundings& surroundings, std::stop_token stop);

}  // namespace dynamigrate::backfill
