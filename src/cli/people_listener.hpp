#pragma once

#include "console.hpp"
#include "progress.hpp"
#include "tables.hpp"

#include <dynamigrate/migrate/migrator.hpp>

namespace dynamigrate::cli {

/// Tells a person what happens during a run.
class PeopleListener final : public migrate::Listener {
public:
    /// `is_verbose`: keys and images of items are shown.
    PeopleListener(Console& console, Tables& tables, base::Clock& clock, bool is_dry,
                   bool is_verbose = false)
        : console_(console),
          tables_(tables),
          clock_(clock),
          is_dry_(is_dry),
          is_verbose_(is_verbose) {}

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
    void result(const std::string& text);

    Console& console_;
    Tables& tables_;
    base::Clock& clock_;
    bool is_dry_;
    bool is_verbose_;
    std::uint64_t conflicts_ = 0;
    ProgressView view_;
    base::SteadyTime began_{};
    base::SteadyTime shown_{};
};

/// `Upgrade database to "1.0.0 - Users"` and its kin.
std::string headline(const migrate::PlannedMigration& planned);

}  // namespace dynamigrate::cli
