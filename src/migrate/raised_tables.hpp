#pragma once

#include "step_notes.hpp"

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
/// `notes`: of the run's first step.
bool raise_capacity(NativeStepNotes& notes, const StepRun& run, const std::string& table,
                    const dynamodb::Throughput& wanted);

/// Gives back what was noted: each table and index that still has what it was raised to gets what it
/// had. What cannot be given back now is told, and stays noted for a resume.
void restore_capacity(NativeStepNotes& notes, const StepRun& run);

}  // namespace dynamigrate::migrate
