#include <dynamigrate/migrate/cloud_plan.hpp>

#include "table_names.hpp"

#include <dynamigrate/backfill/segment_work.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dynamigrate::migrate {

namespace {

using base::Error;
using base::ErrorKind;

constexpr double kBytesOfAReadUnit = 8192;  ///< eventually consistent
constexpr double kBytesOfAWriteUnit = 1024;
/// What beginning and ending a step takes besides its items.
constexpr std::chrono::seconds kTimeOfAStep{5};

/// Lets descriptions of tables pass.
class Descriptions final : public dynamodb::Service {
public:
    explicit Descriptions(dynamodb::Service& inner) : inner_(inner) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (!call.operation.starts_with("Describe")) {
            throw Error(ErrorKind::unimplemented, "the step does more than change items");
        }
        inner_.call(call, reply);
    }
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
};

/// What a step's backfill is, as far as it is known before it is run.
struct Shape {
    std::string why_turns = "it is no scan of a table's items";
    std::string table, target;
    bool is_backfill = false, is_unknown = false, has_filter = false;
    std::uint32_t segments = 0;
};

StepRun asking_run(const PlannedMigration& planned, const Settings& settings, const World& world,
                   dynamodb::Service& service, Shape& shape) {
    StepRun run;
    run.surroundings.service = &service;
    run.surroundings.clock = world.clock;
    run.surroundings.random = world.random;
    run.surroundings.log = world.log;
    run.migration = planned.migration->id();
    run.settings = settings.backfill;
    run.started_at = base::to_iso8601(world.clock->now());
    run.table = [&](const std::string& name) {
        return real_table(settings, *planned.migration, name);
    };
    run.tell = [](const std::string&) {};
    run.carry_out = [&shape](const backfill::Plan& plan, const StepRun&) {
        shape.is_backfill = true;
        shape.table = plan.table;
        shape.target = plan.target_table;
        shape.has_filter = !plan.where.text.empty();
        shape.why_turns = backfill::reason_not_shared(plan).value_or("");
        shape.segments = shape.why_turns.empty() ? backfill::segments_of(plan) : 0;
        backfill::Result result;
        result.stopped = true;
        return result;
    };
    return run;
}

Shape shape_of(const Step& step, const PlannedMigration& planned, const Settings& settings,
               const World& world) {
    Shape shape;
    // A verification scans by itself.
    if (!step.backfill_options() || step.kind() == "verify") {
        return shape;
    }
    Descriptions service(*world.service);
    const StepRun run = asking_run(planned, settings, world, service, shape);
    try {
        step.run(run);
    } catch (const Error& error) {
        const bool is_ours =
            error.kind() == ErrorKind::unimplemented || error.kind() == ErrorKind::not_found;
        if (shape.is_backfill || !is_ours) {
            throw;
        }
        shape.is_unknown = error.kind() == ErrorKind::not_found;
        shape.why_turns = shape.is_unknown ? "" : error.message();
    }
    return shape;
}

double units_of_an_item(double bytes) {
    return std::max(1.0, std::ceil(bytes / kBytesOfAWriteUnit));
}

/// All items are read, and each may be written, with its entries in indexes.
void estimate(CloudStep& step, const Shape& shape, const Step& kind, dynamodb::Service& service) {
    const auto source = dynamodb::describe_table(service, shape.table);
    const auto target =
        shape.target.empty() ? source : dynamodb::describe_table(service, shape.target);
    if (!source || !target) {
        step.is_unknown = true;
        return;
    }
    const auto* options = kind.backfill_options();
    const bool is_scan = std::holds_alternative<backfill::ScanSource>(options->source);
    step.items = is_scan ? static_cast<double>(source->item_count) : 0;
    const double bytes = is_scan ? static_cast<double>(source->size_bytes) : 0;
    const double units = units_of_an_item(step.items > 0 ? bytes / step.items : 0);
    const double on_table = step.items * units;
    const double with_indexes = on_table * (1 + static_cast<double>(target->indexes.size()));
    step.read_units = Estimate::exact(std::ceil(bytes / kBytesOfAReadUnit));
    step.write_units = {on_table, step.has_filter ? 0 : on_table, with_indexes};
}

CloudWork work_of(const CloudStep& step, const CloudTerms& terms) {
    CloudWork work;
    work.read_units = step.read_units;
    work.write_units = step.write_units;
    work.changed = {step.items, step.has_filter ? 0 : step.items, step.items};
    work.has_journal = terms.has_journal;
    work.journal_in_table = terms.journal_in_table;
    work.journal_months = terms.journal_months;
    work.by_turns = !step.why_turns.empty() || step.is_unknown;
    work.segments = step.segments;
    work.memory_mb = terms.memory_mb;
    work.reads_per_second = terms.reads_per_second;
    work.writes_per_second = terms.writes_per_second;
    return work;
}

void add(CloudCost& sum, const CloudCost& cost) {
    for (Estimate CloudCost::*part :
         {&CloudCost::seconds, &CloudCost::function_seconds, &CloudCost::calls,
          &CloudCost::transitions, &CloudCost::journal_bytes, &CloudCost::journal_units,
          &CloudCost::journal_puts, &CloudCost::control_units, &CloudCost::tables,
          &CloudCost::workflow, &CloudCost::function, &CloudCost::journal, &CloudCost::control,
          &CloudCost::total}) {
        sum.*part += cost.*part;
    }
}

std::chrono::seconds whole(double seconds) {
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(seconds)));
}

ExecutionSize execution_size(const std::vector<CloudStep>& steps, const StateMachine& machine) {
    ExecutionWork work;
    work.steps = 0;
    work.time_of_turns = kTimeOfAStep * static_cast<std::int64_t>(steps.size());
    work.time_of_a_segment = std::chrono::seconds(0);
    for (const CloudStep& step : steps) {
        if (!step.why_turns.empty() || step.is_unknown) {
            work.time_of_turns += whole(step.cost.seconds.high);
            continue;
        }
        ++work.steps;
        work.segments = std::max(work.segments, step.segments);
        const double at_once = std::min(machine.concurrency, std::max(1U, step.segments));
        work.time_of_a_segment =
            std::max(work.time_of_a_segment,
                     whole(step.cost.seconds.high * at_once / std::max(1U, step.segments)));
    }
    return size_of(work, machine);
}

/// The steps are of one execution, which begins and ends once.
void share_execution(CloudMigration& migration, const CloudPrices& prices) {
    CloudCost& cost = migration.cost;
    const double share =
        static_cast<double>(migration.size.transitions) / std::max(1.0, cost.transitions.high);
    for (double Estimate::*point : {&Estimate::value, &Estimate::low, &Estimate::high}) {
        cost.transitions.*point *= share;
        const double money = cost.transitions.*point * prices.transition;
        cost.total.*point += money - cost.workflow.*point;
        cost.workflow.*point = money;
    }
}

void judge(CloudMigration& migration) {
    auto find = [&](const char* code, std::string message, std::string remedy) {
        migration.findings.push_back(
            {Finding::Severity::error, code, migration.id, std::move(message), std::move(remedy)});
    };
    const ExecutionSize& size = migration.size;
    if (size.events > kMostEvents) {
        find("too_many_events",
             fmt::format("its execution has {} events, {} are allowed: steps that turns work "
                         "take too long",
                         size.events, kMostEvents),
             "let segments work them (see why they are not), or run it from a machine");
    }
    if (size.child_events > kMostEvents) {
        find("too_many_events",
             fmt::format("a segment's execution has {} events, {} are allowed", size.child_events,
                         kMostEvents),
             "take more segments (`segments`) or a higher pace");
    }
    for (const CloudStep& step : migration.steps) {
        if (step.segments > backfill::kMostSegments) {
            find("too_many_segments",
                 fmt::format("{} segments are too many for processes that share a journal",
                             step.segments),
                 fmt::format("take at most {} (`segments`)", backfill::kMostSegments));
        }
    }
}

}  // namespace

CloudMigration plan_cloud(const PlannedMigration& planned, const Settings& settings,
                          const World& world, const CloudTerms& terms) {
    CloudMigration migration;
    migration.id = planned.migration->id();
    migration.action = planned.action;
    for (const StepPtr& kind : planned.migration->up_steps()) {
        const Shape shape = shape_of(*kind, planned, settings, world);
        CloudStep step;
        step.line = kind->summary();
        step.why_turns = shape.why_turns;
        step.table = shape.table;
        step.is_unknown = shape.is_unknown;
        step.has_filter = shape.has_filter;
        step.segments = shape.segments;
        if (shape.is_backfill) {
            estimate(step, shape, *kind, *world.service);
        }
        step.cost = cloud_cost(work_of(step, terms), terms.machine, terms.prices);
        add(migration.cost, step.cost);
        migration.steps.push_back(std::move(step));
    }
    migration.size = execution_size(migration.steps, terms.machine);
    share_execution(migration, terms.prices);
    judge(migration);
    return migration;
}

void check_deployment(std::vector<CloudMigration>& migrations) {
    Estimate seconds;
    const double most = std::chrono::duration<double>(kDeploymentTime).count();
    for (CloudMigration& migration : migrations) {
        const bool was_short = seconds.value <= most;
        seconds += migration.cost.seconds;
        if (was_short && seconds.value > most) {
            migration.findings.push_back(
                {Finding::Severity::warning, "deployment_too_long", migration.id,
                 fmt::format("with it a deployment by CloudFormation takes about {:.0f} minutes; "
                             "after {} it fails, or goes on in the background (OnTimeout: detach)",
                             seconds.value / 60, kDeploymentTime.count()),
                 "execute its state machine before the deployment, raise the pace or the "
                 "concurrency, or choose detach"});
        }
    }
}

}  // namespace dynamigrate::migrate
