#pragma once

#include <dynamigrate/migrate/cloud_cost.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// What a state machine's execution of a planned migration takes and costs, before it is begun.
namespace dynamigrate::migrate {

/// What it is worked out with.
struct CloudTerms {
    StateMachine machine;  ///< of its migration nothing is read
    CloudPrices prices;
    std::uint32_t memory_mb = 1024;
    bool has_journal = true;
    bool journal_in_table = false;
    double journal_months = 1;
    /// What all processes together are paced to, units per second; 0: no limit.
    double reads_per_second = 0, writes_per_second = 0;
};

/// One step of it.
struct CloudStep {
    std::string line;         ///< for people
    std::string why_turns;    ///< why turns work it, one after the other; "": segments do
    std::string table;        ///< that is read; "": it is no change of many items
    bool is_unknown = false;  ///< the table is not there yet: nothing is estimated
    bool has_filter = false;  ///< how many items match is not known: all are counted
    std::uint32_t segments = 0;
    double items = 0;
    Estimate read_units, write_units;
    CloudCost cost;
};

/// A migration's execution.
struct CloudMigration {
    std::string id, action;
    std::vector<CloudStep> steps;
    CloudCost cost;      ///< of all steps
    ExecutionSize size;  ///< of its execution
    std::vector<Finding> findings;
};

/// What CloudFormation waits for a deployment, less what answering takes.
inline constexpr std::chrono::minutes kDeploymentTime{55};

/// Asks the service for descriptions of tables only; nothing is written, no item is read. What the
/// steps do is not known before: each item is taken to change.
///
/// Codes of findings: `too_many_events`, `too_many_segments` (errors), `deployment_too_long`
/// (warning, see `check_deployment`).
/// Errors: of the service.
CloudMigration plan_cloud(const PlannedMigration& planned, const Settings& settings,
                          const World& world, const CloudTerms& terms);

/// Notes at the migration with which a deployment of all of them is too long for CloudFormation.
void check_deployment(std::vector<CloudMigration>& migrations);

}  // namespace dynamigrate::migrate
