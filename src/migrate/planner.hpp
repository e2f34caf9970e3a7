#pragma once

#include "history_view.hpp"

#include <dynamigrate/migrate/migrator.hpp>
#include <dynamigrate/migrate/rollback_plan.hpp>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

struct PlanPolicy {
    OutOfOrder out_of_order = OutOfOrder::error;
    bool force = false;
    std::string default_table;  ///< of steps and migrations that name none
};

/// Decides what a command would do: a pure function of registry, history and policy.
///
/// Requires: registry and history outlive it. The members are those of Migrator.
class Planner {
public:
    /// Errors: invalid_argument for a registry with structural errors.
    Planner(const Registry& registry, const HistoryView& history, PlanPolicy policy);

    std::vector<const Migration*> outstanding() const;
    std::vector<LateVersion> late() const;
    std::vector<PlannedMigration> up(const std::optional<std::string>& target, bool all) const;
    std::vector<PlannedMigration> down(const std::optional<std::string>& target_exclusive) const;
    RollbackPlan explain_down(const std::optional<std::string>& target_exclusive) const;
    std::vector<PlannedMigration> to(const std::string& version) const;
    std::vector<PlannedMigration> named(const std::string& name) const;
    std::vector<PlannedMigration> repeat() const;
    std::vector<PlannedMigration> reset() const;
    std::vector<PlannedMigration> retry_failed() const;
    PlannedMigration resume(const HistoryRow& row) const;
    /// Once more over what the finished run quarantined.
    PlannedMigration retry(const HistoryRow& row) const;

private:
    using Ids = std::set<std::string>;  ///< canonical

    std::vector<const Migration*> ordered(Ids wanted) const;
    void add_dependencies(const Migration& migration, Ids& ids) const;
    const HistoryRow* blocker(const Migration& migration) const;
    void check_not_elsewhere(const HistoryRow& row) const;
    void check_order(const Migration& migration) const;
    void check_named_dependencies(const Migration& migration) const;
    void check_applied_checksums() const;
    void check_nothing_else_unfinished(const std::vector<PlannedMigration>& plan) const;
    std::vector<const Migration*> to_roll_back(
        const std::optional<std::string>& target_exclusive) const;
    std::vector<std::string> applied_dependents(
        const Migration& needed, const std::vector<const Migration*>& migrations) const;
    void check_dependents(const std::vector<const Migration*>& migrations) const;
    PlannedRollback explain(const Migration& migration) const;
    std::vector<const HistoryRow*> standing_versions() const;
    const Migration& require(const HistoryRow& row) const;
    PlannedMigration begin(const Migration& migration, const std::string& action) const;
    PlannedMigration begin_or_resume(const Migration& migration, const std::string& action) const;
    PlannedMigration roll_back(const Migration& migration) const;

    const Registry& registry_;
    const HistoryView& history_;
    PlanPolicy policy_;
};

}  // namespace dynamigrate::migrate
