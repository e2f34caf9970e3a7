#include "step_run.hpp"

#include "table_names.hpp"

namespace dynamigrate::migrate {

namespace {

backfill::Surroundings surroundings_of(const World& world, const Settings& settings,
                                       const HistoryRow& row) {
    backfill::Surroundings surroundings;
    surroundings.service = world.service;
    surroundings.pace = world.pace;
    surroundings.clock = world.clock;
    surroundings.random = world.random;
    surroundings.log = world.log;
    surroundings.attempt = row.attempt;
    surroundings.fence = row.fence;
    surroundings.spool_directory = settings.journal_directory / "spool" / row.run;
    return surroundings;
}

}  // namespace

StepRun step_run_of(const World& world, const Settings& settings, const Migration& migration,
                    const HistoryRow& row, std::uint32_t index) {
    StepRun run;
    run.surroundings = surroundings_of(world, settings, row);
    run.programs = world.programs;
    run.migration = migration.id();
    run.rolls_back = row.status == Status::rolling_back;
    run.run = row.run;
    run.started_at = row.started_at;
    run.index = index;
    run.force = settings.force;
    run.shows_keys = settings.shows_keys;
    run.settings = settings.backfill;
    run.table = [&settings, &migration](const std::string& name) {
        return real_table(settings, migration, name);
    };
    run.is_verify_only = [&settings, &migration](const std::string& name) {
        const VerifyOnly& verify_only = settings.verify_only;
        return verify_only.all || verify_only.tables.contains(name) ||
               verify_only.tables.contains(real_table(settings, migration, name));
    };
    return run;
}

}  // namespace dynamigrate::migrate
