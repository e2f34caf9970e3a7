#include <dynamigrate/migrate/dry_fleet.hpp>

#include "lower_limit.hpp"
#include "table_names.hpp"

#include <dynamigrate/backfill/segment_work.hpp>
#include <dynamigrate/base/error.hpp>
#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/json/value.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dynamigrate::migrate {

namespace {

using backfill::SegmentTrial;
using base::Error;
using base::ErrorKind;

constexpr double kBytesOfAReadUnit = 8192;  ///< eventually consistent
constexpr std::size_t kNumbersOfATrial = 5;

/// Lets reads pass.
class Reads final : public dynamodb::Service {
public:
    explicit Reads(dynamodb::Service& inner) : inner_(inner) {}
    void call(const dynamodb::Call& call, dynamodb::Reply& reply) override {
        if (!dynamodb::is_read_only(call.operation)) {
            throw Error(
                ErrorKind::unimplemented,
                fmt::format("the step asks for {}, which a dry run does not send", call.operation));
        }
        inner_.call(call, reply);
    }
    std::string location() const override { return inner_.location(); }

private:
    dynamodb::Service& inner_;
};

bool can_be_asked(const Step& step) { return step.backfill_options() && step.kind() != "verify"; }

/// Spread evenly where there are more.
std::vector<std::uint32_t> tried_of(std::uint32_t total) {
    const std::uint64_t tried = std::min<std::uint64_t>(total, kMostDrySegments);
    std::vector<std::uint32_t> segments;
    for (std::uint64_t i = 0; i < tried; ++i) {
        segments.push_back(static_cast<std::uint32_t>(i * total / tried));
    }
    return segments;
}

double number(const json::Value& value) {
    double number = -1;
    const std::string text = value.is_number() ? value.text() : "";
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (number < 0) {
        throw Error(ErrorKind::invalid_argument, "a segment's result is no list of five numbers");
    }
    return number;
}

Estimate estimate(const std::vector<SegmentTrial>& trials, double population,
                  const std::function<double(const SegmentTrial&)>& amount) {
    std::vector<Cluster> clusters;
    for (const SegmentTrial& trial : trials) {
        clusters.push_back({static_cast<double>(trial.read), amount(trial)});
    }
    return estimate_total(clusters, population);
}

void write(json::Writer& out, std::string_view name, const Estimate& estimate) {
    out.key(name).begin_object().key("value").number(estimate.value);
    out.key("low").number(estimate.low).key("high").number(estimate.high).end_object();
}

}  // namespace

const Migration& DryFleet::find(const std::string& migration) const {
    const Migration* found = registry_.find(migration);
    if (!found) {
        throw Error(ErrorKind::not_found, fmt::format("there is no migration {} here", migration));
    }
    return *found;
}

void DryFleet::keep_pace(std::optional<double> max_rcu, std::uint32_t processes) const {
    if (world_.pace) {
        world_.pace->set_limits({lower_limit(max_rcu, settings_.backfill.max_rcu) / processes, 0});
    }
}

template <class CarryOut>
void DryFleet::ask(const Migration& migration, std::uint32_t step, std::uint32_t processes,
                   const CarryOut& carry_out, std::stop_token stop,
                   std::stop_token stop_now) const {
    Reads service(*world_.service);
    StepRun run;
    run.surroundings.service = &service;
    run.surroundings.pace = world_.pace;
    run.surroundings.clock = world_.clock;
    run.surroundings.random = world_.random;
    run.surroundings.log = world_.log;
    run.programs = nullptr;
    run.migration = migration.id();
    run.run = "dry";
    run.started_at = base::to_iso8601(world_.clock->now());
    run.index = step;
    run.settings = settings_.backfill;
    run.stop = std::move(stop);
    run.stop_now = std::move(stop_now);
    run.table = [&](const std::string& name) { return real_table(settings_, migration, name); };
    run.tell = [](const std::string&) {};
    run.set_pace = [&](std::optional<double> max_rcu, std::optional<double>) {
        keep_pace(max_rcu, processes);
    };
    run.carry_out = [&](const backfill::Plan& plan, const StepRun& asked) {
        carry_out(plan, asked);
        return backfill::Result{};
    };
    migration.up_steps()[step]->run(run);
}

DryWork DryFleet::plan(const std::string& migration) const {
    const Migration& found = find(migration);
    DryWork work;
    work.why_not = "none of its steps scans a table";
    for (std::uint32_t step = 0; step < found.up_steps().size(); ++step) {
        if (!can_be_asked(*found.up_steps()[step])) {
            continue;
        }
        try {
            ask(found, step, 1,
                [&](const backfill::Plan& plan, const StepRun&) {
                    work.why_not = backfill::reason_not_shared(plan).value_or("");
                    work.total = backfill::segments_of(plan);
                },
                {}, {});
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::unimplemented) {
                throw;
            }
            work.why_not = error.message();
        }
        work.step = step;
        work.line = found.up_steps()[step]->summary();
        if (work.why_not.empty()) {
            work.segments = tried_of(work.total);
            return work;
        }
    }
    work.total = 0;
    return work;
}

SegmentTrial DryFleet::try_segment(const std::string& migration, const DrySegment& segment,
                                   std::stop_token stop, std::stop_token stop_now) const {
    const Migration& found = find(migration);
    if (segment.step >= found.up_steps().size() || !can_be_asked(*found.up_steps()[segment.step]) ||
        segment.segment >= segment.total) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("step {} of {} has no segment {} to be tried", segment.step + 1,
                                migration, segment.segment));
    }
    SegmentTrial trial;
    ask(
        found, segment.step, std::max(1U, std::min(segment.concurrency, segment.total)),
        [&](const backfill::Plan& plan, const StepRun& run) {
            trial = backfill::try_segment(plan, run.surroundings, segment.segment, segment.total,
                                          run.stop, run.stop_now);
        },
        std::move(stop), std::move(stop_now));
    return trial;
}

DryTotal DryFleet::add_up(const std::string& migration, std::uint32_t step, std::uint32_t total,
                          const std::vector<SegmentTrial>& trials) const {
    const Migration& found = find(migration);
    if (step >= found.up_steps().size()) {
        throw Error(ErrorKind::invalid_argument, "there is no such step");
    }
    const Step& tried = *found.up_steps()[step];
    DryTotal sum;
    sum.line = tried.summary();
    sum.total = total;
    sum.tried = static_cast<std::uint32_t>(trials.size());
    for (const SegmentTrial& trial : trials) {
        sum.read += static_cast<double>(trial.read);
        sum.cut += trial.is_done ? 0 : 1;
    }
    const auto tables = real_tables(settings_, found, tried);
    const auto table =
        tables.empty() ? std::nullopt : dynamodb::describe_table(*world_.service, tables.front());
    const bool is_whole = sum.cut == 0 && sum.tried == total;
    const double counted = table ? static_cast<double>(table->item_count) : 0;
    const double population = is_whole ? sum.read : std::max(sum.read, counted);
    sum.items = Estimate::exact(population);
    sum.changed = estimate(trials, population,
                           [](const auto& trial) { return static_cast<double>(trial.changed); });
    sum.failed = estimate(trials, population,
                          [](const auto& trial) { return static_cast<double>(trial.failed); });
    sum.write_units =
        estimate(trials, population, [](const auto& trial) { return trial.write_units; });
    const double bytes = table ? static_cast<double>(table->size_bytes) : 0;
    sum.read_units = Estimate::exact(std::ceil(bytes / kBytesOfAReadUnit));
    CloudWork work;
    work.read_units = sum.read_units;
    work.write_units = sum.write_units;
    work.changed = sum.changed;
    work.has_journal = settings_.journal;
    work.segments = total;
    work.memory_mb = settings_.cloud.memory_mb;
    work.reads_per_second = settings_.backfill.max_rcu.value_or(0);
    work.writes_per_second = settings_.backfill.max_wcu.value_or(0);
    StateMachine machine;
    machine.concurrency = settings_.cloud.concurrency;
    machine.call_timeout = settings_.cloud.call_timeout;
    sum.cost = cloud_cost(work, machine, settings_.cloud.prices);
    return sum;
}

std::string to_json(const SegmentTrial& trial) {
    return fmt::format("[{},{},{},{:.0f},{}]", trial.read, trial.changed, trial.failed,
                       trial.write_units, trial.is_done ? 1 : 0);
}

SegmentTrial to_trial(const json::Value& value) {
    if (!value.is_array() || value.elements().size() != kNumbersOfATrial) {
        throw Error(ErrorKind::invalid_argument, "a segment's result is no list of five numbers");
    }
    const auto& numbers = value.elements();
    SegmentTrial trial;
    trial.read = static_cast<std::uint64_t>(number(numbers[0]));
    trial.changed = static_cast<std::uint64_t>(number(numbers[1]));
    trial.failed = static_cast<std::uint64_t>(number(numbers[2]));
    trial.write_units = number(numbers[3]);
    trial.is_done = number(numbers[4]) > 0;
    return trial;
}

std::string to_json(const DryTotal& total) {
    std::string text;
    json::Writer out(text);
    out.begin_object().key("dry").boolean(true).key("step").string(total.line);
    out.key("segments").number(total.total).key("tried").number(total.tried);
    out.key("cut").number(total.cut).key("read").number(total.read);
    write(out, "items", total.items);
    write(out, "changed", total.changed);
    write(out, "failed", total.failed);
    write(out, "read_units", total.read_units);
    write(out, "write_units", total.write_units);
    write(out, "seconds", total.cost.seconds);
    write(out, "cost", total.cost.total);
    out.end_object();
    return text;
}

std::string to_line(const DryTotal& total, const std::string& currency) {
    return fmt::format(
        "dry run of {}: {} of {} segments, {} cut short; {:.0f} items read, about "
        "{:.0f} would change ({:.0f} to {:.0f}), {:.0f} fail; {:.0f} WCU; about "
        "{:.4f} {}",
        total.line, total.tried, total.total, total.cut, total.read, total.changed.value,
        total.changed.low, total.changed.high, total.failed.value, total.write_units.value,
        total.cost.total.value, currency);
}

}  // namespace dynamigrate::migrate
