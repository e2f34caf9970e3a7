#pragma once

#include <dynamigrate/migrate/step.hpp>

#include <memory>
#include <string>

/// What steps share with each other.
namespace dynamigrate::migrate {

/// The result of a step that was stopped and can be resumed.
StepResult stopped_step();
/// The result of a step that has nothing to count.
StepResult done_step(std::string line);

/// The inverse of create_table.
std::unique_ptr<Step> make_delete_empty_table(std::string table);

/// Switches expiry by the attribute on or off, unless it is so already.
/// Errors: failed_precondition when another attribute is in use.
void set_ttl(const StepRun& run, const std::string& table, const std::string& attribute,
             bool enabled);

}  // namespace dynamigrate::migrate
