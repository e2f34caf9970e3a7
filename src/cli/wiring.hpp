#pragma once

#include "database.hpp"
#include "executions.hpp"
#include "journals.hpp"
#include "programs.hpp"
#include "project.hpp"

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/log.hpp>
#include <dynamigrate/base/random.hpp>
#include <dynamigrate/layers/layers.hpp>

#include <memory>

namespace dynamigrate::cli {

/// The real outside world, joined: the only place that picks implementations.
///
/// Owns: everything that the migrator is given.
class Wiring {
public:
    /// Opens the project's database; asks nothing of the network.
    Wiring(const Project& project, const base::Environment& environment, base::Log& log);

    /// What migrations work with: retry over pace over meter over the database.
    dynamodb::Service& service() { return *retry_; }
    migrate::World world();
    Database& database() { return *database_; }
    Journals& journals() { return *journals_; }
    const Programs& programs() const { return programs_; }
    /// Of the ARNs' own regions; asked for nothing until it is called.
    remote::StateMachines& state_machines() { return *machines_; }

    /// Errors: unavailable, unauthenticated ... when the database does not answer properly after a
    /// few attempts: sooner than a run would give up. Asks for `table`, which need not exist;
    /// `database` is its project's name for people.
    void check_connection(const std::string& table, const std::string& database);

private:
    base::Environment environment_;
    base::ProcessIdentity identity_;
    base::Log& log_;
    base::SystemClock clock_;
    base::SystemRandom random_;
    std::unique_ptr<Database> database_;
    layers::Meter meter_;
    layers::Pace pace_;
    std::unique_ptr<layers::MeterService> metered_;
    std::unique_ptr<layers::PaceService> paced_;
    std::unique_ptr<layers::RetryService> retry_;
    std::unique_ptr<layers::RetryService> unpaced_;  ///< for journals
    std::unique_ptr<Journals> journals_;
    Programs programs_;
    std::unique_ptr<remote::StateMachines> machines_;
    std::unique_ptr<migrate::ExecutionWatch> executions_;
};

/// Whether the run was last begun or resumed for this request from afar: rows say by whom.
bool is_of_request(const migrate::HistoryRow& row, const std::string& request);
/// Whether a call of this request from afar holds the lock.
bool is_of_request(const migrate::LockOwner& owner, const std::string& request);

}  // namespace dynamigrate::cli
