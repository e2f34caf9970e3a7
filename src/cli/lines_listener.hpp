#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <functional>
#include <string>
#include <utility>

namespace dynamigrate::cli {

/// Tells only the lines of a run.
class LinesListener final : public migrate::Listener {
public:
    explicit LinesListener(std::function<void(const std::string&)> tell) : tell_(std::move(tell)) {}

    void migration_begins(const migrate::PlannedMigration&) override {}
    void step_begins(const migrate::Migration&, std::uint32_t, std::size_t,
                     const migrate::Step&) override {}
    void undo_begins(const migrate::Migration&, std::uint32_t, std::size_t,
                     const std::string&) override {}
    void step_ends(const migrate::Migration&, std::uint32_t, const migrate::StepResult&) override {}
    void progress(const backfill::Progress&, const layers::MeterReading&) override {}
    void line(const std::string& text) override { tell_(text); }
    void migration_ends(const migrate::PlannedMigration&, const migrate::HistoryRow&) override {}

private:
    std::function<void(const std::string&)> tell_;
};

}  // namespace dynamigrate::cli
