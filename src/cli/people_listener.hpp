#pragma once

#include "console.hpp"
#include "progress.hpp"
#include "tables.hpp"

#include <dynamigrate/migrate/migrator.hpp>

namespace dynamigrate::cli {

/// Tells a person what happens during a run.
class PeopleListener final : public migrate::Listener {
public:
    PeopleListener(Console& console, Tables& tables, base::Clock& clock, bool is_dry)
        : console_(console),
          tables_(tables),
          clock_(clock),
          is_dry_(is_dry) {}

    void migration_begins(const migrate::PlannedMigration& planned) override;
    void step_begins(const migrate::Migration& migration, std::uint32_t index, std::size_t count,
                     const migrate::Step& step) override;
    void undo_begins(const migrate::Migration& migration, std::uint32_t index, std::size_t count,
                     const std::string& line) override;
    void step_ends(const migrate::Migration& migration, std::uint32_t index,
                   const migrate::StepResult& result) override;
    void progress(const backfill::Progress& progress, const layers::MeterReading& meter) override;
    void line(const std::string& text) override;
    void migration_ends(const migrate::PlannedMigration& planned,
                        const migrate::HistoryRow& row) override;

private:
    void result(const std::string& text);

    Console& console_;
    Tables& tables_;
    base::Clock& clock_;
    bool is_dry_;
    ProgressView view_;
    base::SteadyTime began_{};
    base::SteadyTime shown_{};
};

/// `Upgrade database to "1.0.0 - Users"` and its kin.
std::string headline(const migrate::PlannedMigration& planned);

}  // namespace dynamigrate::cli
