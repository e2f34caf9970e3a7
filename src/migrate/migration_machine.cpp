#include <dynamigrate/migrate/migration_machine.hpp>

#include <dynamigrate/migrate/steps.hpp>

#include <algorithm>

namespace dynamigrate::migrate {

double tolerated_failure_percent(const Migration& migration, const BackfillSettings& settings) {
    constexpr double kAll = 100;
    double percent = 0;
    for (const StepPtr& step : migration.up_steps()) {
        if (const BackfillOptions* options = step->backfill_options()) {
            percent = std::max(percent,
                               settings.failure_budget.value_or(options->failure_budget).percent);
        }
    }
    return std::min(percent, kAll);
}

StateMachine machine_of(const Migration& migration, const Settings& settings,
                        std::string function_arn) {
    StateMachine machine;
    machine.migration = migration.id();
    machine.action = migration.is_named() ? "named" : "up";
    machine.function_arn = std::move(function_arn);
    machine.concurrency = settings.cloud.concurrency;
    machine.tolerated_failure_percent = tolerated_failure_percent(migration, settings.backfill);
    machine.call_timeout = settings.cloud.call_timeout;
    return machine;
}

}  // namespace dynamigrate::migrate
