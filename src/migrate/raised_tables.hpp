#pragma once

#include "held_lock.hpp"
#include "native_table.hpp"

#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/step.hpp>

#include <string>

/// More capacity for the time that a run's segments are worked.
namespace dynamigrate::migrate {

/// Sees that the table has the capacity, and its global indexes the write capacity, where they have
/// less, and waits until it is in force; returns false when stopped before. Once for each run and table:
/// what somebody sets afterwards stays.
///
/// A provisioned table's capacity as it was is noted before it is changed. A table on demand is
/// warmed, which cannot be taken back. What the service refuses or does not know is told.
/// `run`: names the run, and the fence under which it writes.
bool raise_capacity(NativeTable& records, const StepRun& run, const std::string& table,
                    const dynamodb::Throughput& wanted);

/// Gives back what runs of this history noted and still owe: each table and index that still has
/// what it was raised to gets what it had. What cannot be given back now is told or logged, and
/// stays noted for the next run. Returns false when it was stopped before it was through.
/// Requires: the lock under that fence; no run that is to go on under it owes anything.
bool give_back_capacity(NativeTable& records, const World& world, std::uint64_t fence,
                        const Stops& stops, const Tell& tell);

}  // namespace dynamigrate::migrate
