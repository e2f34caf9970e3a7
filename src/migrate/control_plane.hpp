#pragma once

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/table.hpp>
#include <dynamigrate/migrate/step.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// Requests about tables and indexes, which take effect later, and waiting for them.
namespace dynamigrate::migrate {

/// Sends one request; returns the answer's body.
std::string send(const StepRun& run, std::string_view operation, std::string_view body);

std::optional<dynamodb::TableDescription> describe(const StepRun& run, const std::string& table);
/// Errors: not_found that names the table.
dynamodb::TableDescription require_table(const StepRun& run, const std::string& table);

/// Pauses that grow from a tenth of a second to ten.
class Pauses {
public:
    explicit Pauses(const StepRun& run) : run_(run), began_(run.surroundings.clock->steady_now()) {}
    /// Waits; false when the run is to stop.
    bool next();
    /// Tells a line when it differs from the last one, or half a minute after it.
    void tell(const std::string& line);
    /// Since this was made.
    std::chrono::seconds elapsed() const;

private:
    const StepRun& run_;
    base::SteadyTime began_;
    base::SteadyTime told_{};
    std::string last_line_;
    std::chrono::milliseconds pause_{100};
};

/// Why the table, or one of its global indexes, cannot be changed now ("index by_email is
/// CREATING"); empty when it can.
std::string busy_with(const dynamodb::TableDescription& table);

/// Waits until the table is there and neither it nor an index is changing.
/// Returns nothing when stopped. Errors: not_found when it is gone.
std::optional<dynamodb::TableDescription> wait_until_idle(const StepRun& run,
                                                          const std::string& table);

/// Waits until there is no such table; false when stopped.
bool wait_until_gone(const StepRun& run, const std::string& table);

/// Whether the service refused because something else is being changed: wait and ask again.
bool is_busy(const base::Error& error);

/// Sends a request that changes the table as soon as nothing else does: waits and repeats.
/// `request`: its body for the table as it is, or nothing when there is nothing left to do.
/// Returns the last answer's body, "" when nothing was to do; nothing when stopped.
std::optional<std::string> change_table(
    const StepRun& run, const std::string& table, std::string_view operation,
    const std::function<std::optional<std::string>(const dynamodb::TableDescription&)>& request);

}  // namespace dynamigrate::migrate
