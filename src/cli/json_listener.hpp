#pragma once

#include "console.hpp"
#include "progress.hpp"
#include "tables.hpp"

#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/migrator.hpp>

namespace dynamigrate::cli {

/// Tells a program what happens during a run: one JSON object a line.
class JsonListener final : public migrate::Listener {
public:
    JsonListener(Console& console, Tables& tables, base::Clock& clock)
        : console_(console),
          tables_(tables),
          clock_(clock) {}

    void migration_begins(const migrate::PlannedMigration& planned) override;
    void step_begins(const migrate::Migration& migration, std::uint32_t index, std::size_t count,
                     const migrate::Step& step) override;
    void undo_begins(const migrate::Migration& migration, std::uint32_t index, std::size_t count,
                     const std::string& line) override;
    void step_ends(const migrate::Migration& migration, std::uint32_t index,
                   const migrate::StepResult& result) override;
    void progress(const backfill::Progress& progress, const layers::MeterReading& meter) override;
    void line(const std::string& text) override;
    void undo_conflict(const backfill::UndoConflict& conflict) override;
    void migration_ends(const migrate::PlannedMigration& planned,
                        const migrate::HistoryRow& row) override;

private:
    template <class Members>
    void event(std::string_view name, Members&& members);

    Console& console_;
    Tables& tables_;
    base::Clock& clock_;
    ProgressView view_;
    base::SteadyTime shown_{};
};

}  // namespace dynamigrate::cli
