#pragma once

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/estimate.hpp>
#include <dynamigrate/migrate/state_machine.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace dynamigrate::migrate {

/// Prices of what a state machine's execution uses besides the migrated tables.
struct CloudPrices {
    std::string name = "us-east-1";
    double transition = 0.000025;
    double function_gb_second = 0.0000166667;  ///< x86-64; arm64 is a fifth less
    double function_request = 0.0000002;
    double object_put = 0.000005;  ///< of S3
    double object_gb_month = 0.023;
    Prices capacity;  ///< on demand
};

/// How a project's migrations are run by a function and state machines.
struct CloudSettings {
    std::uint32_t concurrency = 16;  ///< segments worked at once
    std::uint32_t memory_mb = 1024;  ///< of the function
    std::chrono::seconds call_timeout{900};
    /// What tables are given for the time that segments are worked, where they have less.
    std::optional<dynamodb::Throughput> prewarm;
    CloudPrices prices;
};

/// What calls of the function used.
struct CloudUsage {
    std::uint64_t calls = 0;
    double seconds = 0;  ///< of the function
    double read_units = 0, write_units = 0;
    std::uint64_t journal_bytes = 0, journal_writes = 0;

    CloudUsage& operator+=(const CloudUsage& other);
    bool is_any() const noexcept { return calls > 0; }
};

/// The money that these calls of one execution cost, about. `segments`: how many were worked;
/// `journal_in_table`: the units tell of the journal, too.
double cost_of(const CloudUsage& turns, const CloudUsage& segments_used, std::uint64_t segments,
               bool journal_in_table, const CloudSettings& settings);

/// What an execution is going to do.
struct CloudWork {
    Estimate read_units, write_units;  ///< of the migrated tables
    Estimate changed;                  ///< items
    double journal_bytes_per_change = 600;
    bool has_journal = true;
    bool journal_in_table = false;  ///< else S3
    double journal_months = 1;      ///< that it is kept
    bool by_turns = false;          ///< worked by one call after the other, not by segments
    std::uint32_t steps = 1;        ///< worked by segments
    std::uint32_t segments = 1;
    std::uint32_t memory_mb = 512;
    /// What all segments together are paced to, units per second; 0: as fast as they can.
    double reads_per_second = 0, writes_per_second = 0;
    /// Without a pace: what one function reads and writes.
    double function_reads_per_second = 800, function_writes_per_second = 400;
};

/// What it uses and costs, in the prices' currency.
struct CloudCost {
    Estimate seconds;           ///< from begin to end, of the segments' work
    Estimate function_seconds;  ///< billed
    Estimate calls;
    Estimate transitions;
    Estimate journal_bytes;
    Estimate journal_units;  ///< write units, where it is in a table
    Estimate journal_puts;   ///< where it is in S3
    Estimate control_units;  ///< write units of the history table: checkpoints
    Estimate tables, workflow, function, journal, control, total;  ///< money
};

/// Without failures and repeated calls. A pure function of its arguments.
CloudCost cloud_cost(const CloudWork& work, const StateMachine& machine,
                     const CloudPrices& prices = {});

}  // namespace dynamigrate::migrate
