#pragma once

#include <dynamigrate/migrate/steps.hpp>

#include <string>

/// Indexes that somebody else owns: checked, never changed.
namespace dynamigrate::migrate {

/// Waits for the index if it is being created.
/// Errors: failed_precondition until it is there and as defined; what its owner would have to write
///         is told first.
StepResult verify_index(const StepRun& run, const std::string& table,
                        const IndexDefinition& definition);

/// Waits for the index if it is being deleted. Errors: failed_precondition while it is there.
StepResult verify_no_index(const StepRun& run, const std::string& table, const std::string& index);

/// Errors: failed_precondition until the index has these settings.
StepResult verify_index_settings(const StepRun& run, const std::string& table,
                                 const UpdateIndex& change);

/// Whether the step's table is one whose indexes are verified only.
bool is_verify_only(const StepRun& run, const std::string& table);

}  // namespace dynamigrate::migrate
