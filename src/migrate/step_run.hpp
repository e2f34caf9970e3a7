#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>

namespace dynamigrate::migrate {

/// What the project and the run's row say of a step that is about to run. Whoever runs it adds the
/// journal, the records, notes, stops, pace and who is told. All must outlive it.
StepRun step_run_of(const World& world, const Settings& settings, const Migration& migration,
                    const HistoryRow& row, std::uint32_t index);

}  // namespace dynamigrate::migrate
