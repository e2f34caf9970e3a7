#pragma once

#include "journalled_writes.hpp"
#include "stoppable_service.hpp"

#include <dynamigrate/migrate/code_step.hpp>

#include <mutex>
#include <optional>
#include <string>

namespace dynamigrate::migrate {

/// The client that callbacks of a step share, made when one first asks for it.
///
/// Threads: any.
class DirectClient {
public:
    /// `run` must outlive it.
    DirectClient(const StepRun& run, std::string own_table);

    Client& client();
    /// Adds what was written, if anything, to the result.
    void finish(StepResult& result);

private:
    const StepRun& run_;
    const std::string own_table_;
    std::mutex mutex_;
    std::optional<JournalledWrites> writes_;
    std::optional<StoppableService> service_;
    std::optional<Client> client_;
};

}  // namespace dynamigrate::migrate
