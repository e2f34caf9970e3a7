#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/finding.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace dynamigrate::migrate {

/// What the command line and the configuration say about running backfills.
struct BackfillSettings {
    std::optional<std::uint32_t> lanes;
    std::optional<std::uint32_t> segments;
    std::optional<double> max_rcu;  ///< units per second; by the configuration's share resolved
    std::optional<double> max_wcu;
    /// Instead of the steps' own budgets.
    std::optional<backfill::FailureBudget> failure_budget;
};

class ProgramRunner;

/// What a step remembers beyond the death of its process, by name: kept in the run's records.
///
/// Errors: aborted when the run no longer belongs to the caller (lock lost).
class StepNotes {
public:
    virtual ~StepNotes() = default;
    /// Nothing when there is no such note.
    virtual std::optional<std::string> read(std::string_view name) = 0;
    /// Ensures: it is there when this returns.
    virtual void write(std::string_view name, std::string_view text) = 0;
    virtual void forget(std::string_view name) = 0;
};

/// What a step may use while it runs. Made by the migrator; all outlives the step.
struct StepRun {
    backfill::Surroundings surroundings;  ///< service, journal, records, clock, random, log ...
    ProgramRunner* programs = nullptr;    ///< nullptr: none can be run
    std::string migration;                ///< version or name
    bool rolls_back = false;
    std::string run;
    std::string started_at;         ///< ISO 8601, fixed for the run (resumes included)
    std::uint32_t index = 0;        ///< of the step in the run
    bool force = false;             ///< go on where only a person can know that it is right
    StepNotes* notes = nullptr;     ///< of this step in this run
    StepNotes* reversed = nullptr;  ///< of the step that an inverse reverses; nullptr: unknown
    bool shows_keys = false;        ///< lists name keys of items, not their digests
    BackfillSettings settings;
    std::stop_token stop;
    std::stop_token stop_now;
    /// Physical name of a table as written in the migration.
    std::function<std::string(const std::string&)> table;
    /// Sets the pace for the table of this step from the step's and the settings' limits.
    std::function<void(std::optional<double> max_rcu, std::optional<double> max_wcu)> set_pace;
    /// Whether somebody else owns the table's indexes: steps only verify them. May be empty: never.
    std::function<bool(const std::string&)> is_verify_only;
    /// How a backfill of the step is carried out; empty: by `backfill::run`.
    std::function<backfill::Result(const backfill::Plan&, const StepRun&)> carry_out;
    /// A line for people about what is going on ("index by_email: backfilling, 42 %").
    std::function<void(const std::string&)> tell;
};

/// What a step did.
struct StepResult {
    bool stopped = false;  ///< ended by a stop, resumable
    backfill::Counts counts;
    std::vector<layers::PartSummary> parts;
    std::vector<std::string> lines;  ///< for people
};

/// How a step can be reversed.
struct Reversal {
    enum class Kind { inverse, journal, impossible };
    Kind kind = Kind::impossible;
    std::string reason;  ///< for impossible: why, for people
};

struct IndexChange;
struct BackfillOptions;
struct CreateTable;
struct IndexDefinition;

/// What a step does to the shape of its table, for checks of several steps together. Points into
/// the step.
struct ShapeChange {
    const CreateTable* created = nullptr;
    bool deletes_table = false;
    const IndexDefinition* created_index = nullptr;
    std::string deleted_index = {};
    std::string expiry = {};  ///< the attribute by which items will expire
};

/// One action of a migration: immutable once made, shareable.
///
/// `run` is repeatable: when it is called again after a crash or a stop, at any point, it brings
/// the same end, or says that the outcome cannot be known. Effects that exist already (the table is
/// there, with the same definition) count as done.
class Step {
public:
    virtual ~Step() = default;
    /// "create_table", "transform" ...: the key in a migration file.
    virtual std::string kind() const = 0;
    /// One line for plans: "transform app: set emailLower".
    virtual std::string summary() const = 0;
    /// Tables it reads or writes, as written in the migration.
    virtual std::vector<std::string> tables() const = 0;
    virtual Reversal reversal() const = 0;
    /// The inverse step; requires reversal().kind == inverse.
    virtual std::unique_ptr<Step> inverse() const;
    /// Reverses what the step, begun and not ended, did besides what is journalled, by its notes;
    /// nullptr: there is nothing of the kind.
    virtual std::unique_ptr<Step> inverse_of_unfinished() const { return nullptr; }
    /// Whether it only makes the table safer (a backup, point-in-time recovery on).
    virtual bool secures_table() const { return false; }
    /// The global and local indexes that it creates, changes and deletes, in order.
    virtual std::vector<IndexChange> index_changes() const;
    /// Whether `run` brings the same end after a crash without a journal too. False for a backfill
    /// that, applied twice to an item, may differ from one application.
    virtual bool is_repeatable() const { return true; }
    virtual ShapeChange shape_change() const { return {}; }
    /// Nothing where the step is no backfill.
    virtual const BackfillOptions* backfill_options() const { return nullptr; }
    /// What becomes of one item of the table, in the arena, for trying the step on a sample; nothing
    /// where the step leaves the item as it is, deletes it, or is no change of items one by one.
    /// Errors: what makes the step quarantine the item.
    virtual std::optional<dynamodb::Item> try_on(const dynamodb::Item& item,
                                                 const dynamodb::KeySchema& key,
                                                 base::Arena& arena) const;
    /// Checks what can be known without running: expressions, limits, types.
    virtual void validate(const std::string& place, std::vector<Finding>& findings) const;
    /// What the report of a dry run must say about it; "" : nothing.
    virtual std::string dry_note() const { return {}; }
    virtual StepResult run(const StepRun& run) const = 0;
};

using StepPtr = std::shared_ptr<const Step>;

}  // namespace dynamigrate::migrate
