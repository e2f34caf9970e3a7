#include "deployment_look.hpp"

#include "capacity.hpp"
#include "stack_status.hpp"

#include <dynamigrate/migrate/control.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::cli {

namespace {

using base::Error;
using cloud::DeploymentStep;
using cloud::LookedExecution;
using cloud::NextRun;
using migrate::Deployment;
using migrate::HistoryRow;
using migrate::Status;
using Do = DeploymentStep::Do;

constexpr std::chrono::seconds kSoon{2};
/// So long after a rollback began, an execution that does not end by itself is stopped.
constexpr std::chrono::seconds kPatience{180};
/// Read units are paid for pages of items, read eventually consistent.
constexpr double kBytesOfAUnit = 8192;

bool stands(const HistoryRow& row) { return row.status != Status::rolled_back; }

bool is_under_way(const HistoryRow& row) {
    return row.status == Status::running || row.status == Status::rolling_back;
}

LookedExecution looked(const std::optional<remote::ExecutionState>& state) {
    using State = LookedExecution::State;
    if (!state) {
        return {State::unknown, "", "", ""};
    }
    return {state->is_running()            ? State::running
            : state->status == "SUCCEEDED" ? State::succeeded
                                           : State::ended,
            state->status, state->error, state->cause};
}

std::chrono::milliseconds since(const std::string& when, base::WallTime now) {
    return when.empty() ? std::chrono::milliseconds::max() : now - base::parse_iso8601(when);
}

std::string input_of(const std::string& action) {
    std::string text;
    json::Writer(text).begin_object().key("action").string(action).end_object();
    return text;
}

}  // namespace

void forsake(migrate::Deployments& deployments, Deployment& deployment,
             const cloud::CustomResourceRequest& of_resource, const std::string& later_request) {
    deployment.outcome = "failed";
    deployment.reason = fmt::format("CloudFormation went on with the request {}", later_request);
    cloud::CustomResourceRequest request = of_resource;
    request.request_id = deployment.request;
    deployment.answer = cloud::answer_body(request, cloud::answer_of(deployment, ""));
    deployments.save(deployment);
}

DeploymentLook::DeploymentLook(const DeploymentLookInputs& inputs)
    : inputs_(inputs),
      machines_(inputs.session.wiring().state_machines()),
      deployments_(inputs.session.wiring().world(), inputs.session.project.settings),
      record_(found_or_new()) {}

Deployment DeploymentLook::found_or_new() {
    const cloud::CustomResourceRequest& request = inputs_.request;
    if (auto found = deployments_.find(request.request_id)) {
        return *found;
    }
    Deployment made;
    made.request = request.request_id;
    made.stack = request.stack_id;
    made.resource = request.logical_id;
    made.began_at = base::to_iso8601(inputs_.started);
    made.digest = inputs_.wishes.digest;
    made.execution = inputs_.execution;
    const std::vector<Deployment> others =
        deployments_.of_resource(request.stack_id, request.logical_id);
    if (const Deployment* later = cloud::later_than(made, others)) {
        forsake(deployments_, made, request, later->request);
        return made;
    }
    if (cloud::may_be_rollback(request, inputs_.wishes)) {
        Session& session = inputs_.session;
        const migrate::World world = session.wiring().world();
        made.is_rollback = cloud::is_rollback(
            stack_status(session.project,
                         {session.environment, *world.clock, *world.random, session.log()},
                         request.stack_id, session.wiring().database().is_local()),
            inputs_.wishes, others);
    }
    inputs_.session.migrator().init(inputs_.stop);
    for (Deployment other : others) {
        if (!other.has_ended()) {
            supersede(other, made);
        }
    }
    deployments_.save(made);
    return made;
}

void DeploymentLook::supersede(Deployment& other, const Deployment& by) {
    forsake(deployments_, other, inputs_.request, by.request);
    const std::vector<HistoryRow> rows = inputs_.session.migrator().history();
    const bool has_begun =  // then `stop_run` ends it
        std::ranges::any_of(
            rows, [&](const HistoryRow& row) { return row.execution == other.current_execution; });
    if (by.is_rollback && inputs_.wishes.undoes && !other.current_execution.empty() && !has_begun) {
        machines_.stop(other.current_execution, "rolled_back",
                       "the stack is rolled back, and what this began is undone", inputs_.stop);
    }
}

std::chrono::seconds DeploymentLook::look() {
    while (!record_.has_ended()) {
        rows_ = inputs_.session.migrator().history();
        const cloud::DeploymentFacts known = facts();
        const DeploymentStep step = cloud::decide(known);
        switch (step.what) {
            case Do::wait:
                return step.wait;
            case Do::note_done:
                record_.done.push_back(record_.current);
                record_.current.clear();
                record_.current_execution.clear();
                save();
                break;
            case Do::adopt:
                adopt(*known.next);
                break;
            case Do::start:
                start(*known.next);
                return kSoon;
            case Do::stop_run:
                stop_run(*known.next, known.elapsed);
                return kSoon;
            case Do::finish:
                if (step.starts_first) {
                    start(*known.next);
                }
                if (step.pauses) {
                    pause(*known.current);
                }
                finish(step.outcome, step.reason);
                break;
        }
    }
    return std::chrono::seconds(0);
}

void DeploymentLook::fail(const std::string& reason) {
    if (!record_.has_ended()) {
        finish("failed", reason);
    }
}

cloud::DeploymentFacts DeploymentLook::facts() {
    cloud::DeploymentFacts facts{inputs_.wishes, record_};
    facts.elapsed = std::max(std::chrono::milliseconds(0), now() - inputs_.started);
    facts.function = inputs_.function;
    facts.current = current_run();
    if (!facts.current) {
        plan(facts);
    }
    return facts;
}

std::optional<cloud::CurrentRun> DeploymentLook::current_run() {
    if (record_.current.empty()) {
        return std::nullopt;
    }
    cloud::CurrentRun run;
    run.migration = record_.current;
    run.execution = record_.current_execution;
    run.looked = looked(machines_.describe(run.execution, inputs_.stop));
    run.age = since(record_.current_since, now());
    if (const HistoryRow* row = row_of(run.execution)) {
        run.run = row->run;
        run.row_error = row->error;
        run.row_has_ended = !is_under_way(*row) && row->status != Status::failed;
        migrate::RunControl control(inputs_.session.wiring().world(),
                                    inputs_.session.project.settings);
        if (const migrate::RunWishes wishes = control.wishes(row->run);
            wishes.pause && record_.paused != row->run) {
            run.paused_by = wishes.by;
        }
    }
    return run;
}

void DeploymentLook::plan(cloud::DeploymentFacts& facts) {
    try {
        facts.next = record_.is_rollback ? next_down() : next_up();
    } catch (const Error& error) {
        if (cloud::may_pass(error.kind(), facts.elapsed)) {
            throw;
        }
        facts.refusal = error.what();
    }
}

std::optional<NextRun> DeploymentLook::next_up() {
    const std::vector<migrate::PlannedMigration> plan =
        inputs_.session.migrator().plan_up(std::nullopt, true);
    if (plan.empty()) {
        return std::nullopt;
    }
    const migrate::PlannedMigration& first = plan.front();
    NextRun next;
    next.migration = first.migration->id();
    next.machine = cloud::machine_of(inputs_.wishes.machines, next.migration);
    next.others = plan.size() - 1;
    const HistoryRow* row = first.resumed_run.empty() ? nullptr : latest_row(next.migration);
    next.run = row ? row->run : "";
    next.execution = running_execution(row);
    if (!row) {
        next.estimate = estimate(*first.migration);
    }
    return next;
}

std::optional<NextRun> DeploymentLook::next_down() {
    const cloud::DeploymentWishes& wishes = inputs_.wishes;
    if (!wishes.undoes) {
        return std::nullopt;
    }
    std::vector<std::string> standing;
    for (const HistoryRow& row : rows_) {
        if (const HistoryRow* latest = latest_row(row.id); latest == &row && stands(row)) {
            standing.push_back(row.id);
        }
    }
    std::vector<Deployment> others = deployments_.of_resource(record_.stack, record_.resource);
    std::erase_if(others, [&](const Deployment& one) { return one.request == record_.request; });
    const std::vector<std::string> undone = cloud::to_undo(wishes, others, standing);
    if (undone.empty()) {
        return std::nullopt;
    }
    NextRun next;
    next.migration = undone.front();
    next.action = "down";
    next.machine = cloud::machine_of(wishes.old_machines, next.migration);
    next.others = undone.size() - 1;
    next.execution = running_execution(latest_row(next.migration));
    return next;
}

/// The execution of the run that is under way, where there is one that has not ended.
std::string DeploymentLook::running_execution(const HistoryRow* row) {
    if (!row || !is_under_way(*row) || row->execution.empty()) {
        return {};
    }
    const auto state = machines_.describe(row->execution, inputs_.stop);
    const bool is_running =
        state ? state->is_running() : since(row->started_at, now()) < cloud::kLateKnowledge;
    return is_running ? row->execution : "";
}

/// At the least: reading the tables that are scanned, at the pace that the project allows.
std::optional<std::chrono::seconds> DeploymentLook::estimate(const migrate::Migration& migration) {
    Session& session = inputs_.session;
    CapacityWishes wishes = session.project.capacity;
    wishes.has_default = !session.wiring().database().is_local();
    const CapacityLimits limits = capacity_limits(wishes, session.tables().touched({&migration}));
    if (!limits.read || *limits.read <= 0) {
        return std::nullopt;
    }
    double units = 0;
    for (const migrate::StepPtr& step : migration.up_steps()) {
        const migrate::BackfillOptions* options = step->backfill_options();
        const auto* scan = options ? std::get_if<backfill::ScanSource>(&options->source) : nullptr;
        const std::vector<std::string> names = session.tables().names_of(migration, *step);
        if (scan && scan->index.empty() && !names.empty()) {
            const dynamodb::TableDescription* table = session.tables().find(names.front());
            units += table ? static_cast<double>(table->size_bytes) / kBytesOfAUnit : 0;
        }
    }
    return std::chrono::seconds(static_cast<std::int64_t>(units / *limits.read));
}

const HistoryRow* DeploymentLook::latest_row(const std::string& id) const {
    const auto found = std::find_if(rows_.rbegin(), rows_.rend(),
                                    [&](const HistoryRow& row) { return row.id == id; });
    return found == rows_.rend() ? nullptr : &*found;
}

const HistoryRow* DeploymentLook::row_of(const std::string& execution) const {
    const auto found = std::find_if(rows_.rbegin(), rows_.rend(), [&](const HistoryRow& row) {
        return row.execution == execution;
    });
    return found == rows_.rend() ? nullptr : &*found;
}

/// What a rollback undoes must be known before it begins.
void DeploymentLook::note_begin(const std::string& migration) {
    if (std::ranges::find(record_.begun, migration) == record_.begun.end()) {
        record_.begun.push_back(migration);
        save();
    }
}

void DeploymentLook::start(const NextRun& next) {
    note_begin(next.migration);
    const std::string name = cloud::execution_name(record_.request, next.migration, next.action);
    record_.current_since = base::to_iso8601(now());
    record_.current_execution =
        machines_.start(next.machine, name, input_of(next.action), inputs_.stop);
    record_.current = next.migration;
    save();
    inputs_.session.log().info("deployment {}: {} of {} runs as {}", record_.request, next.action,
                               next.migration, record_.current_execution);
}

bool DeploymentLook::is_pause_of_a_deployment(const std::string& run, std::uint64_t paused_at) {
    return paused_at > 0 &&
           std::ranges::any_of(deployments_.of_resource(record_.stack, record_.resource),
                               [&](const Deployment& one) {
                                   return one.paused == run && one.paused_at == paused_at;
                               });
}

void DeploymentLook::adopt(const NextRun& next) {
    migrate::RunControl control(inputs_.session.wiring().world(), inputs_.session.project.settings);
    const std::uint64_t paused_at = control.wishes(next.run).paused_at;
    if (is_pause_of_a_deployment(next.run, paused_at)) {
        control.ask(next.run, [&](migrate::RunWishes& wishes) {
            wishes.pause = wishes.pause && wishes.paused_at != paused_at;
        });
    }
    note_begin(next.migration);
    record_.current = next.migration;
    record_.current_since = base::to_iso8601(now());
    record_.current_execution = next.execution;
    save();
    inputs_.session.log().info("deployment {}: {} is under way as {}", record_.request,
                               next.migration, next.execution);
}

/// Calls that are under way would go on after their execution is stopped: they are asked to end.
void DeploymentLook::stop_run(const NextRun& next, std::chrono::milliseconds elapsed) {
    if (const HistoryRow* row = row_of(next.execution)) {
        migrate::RunControl control(inputs_.session.wiring().world(),
                                    inputs_.session.project.settings);
        const migrate::RunWishes wishes = control.wishes(row->run);
        if (!wishes.abort && !wishes.pause) {
            control.ask(row->run, [](migrate::RunWishes& changed) { changed.abort = true; });
            return;
        }
        if (!wishes.pause && elapsed < kPatience) {
            return;
        }
    }
    machines_.stop(next.execution, "rolled_back",
                   "the stack is rolled back, and what this began is undone", inputs_.stop);
}

void DeploymentLook::pause(const cloud::CurrentRun& current) {
    if (current.run.empty()) {
        machines_.stop(current.execution, "deployment_timed_out",
                       "the deployment's time was over before it began", inputs_.stop);
        return;
    }
    migrate::RunControl control(inputs_.session.wiring().world(), inputs_.session.project.settings);
    const bool is_repeated = record_.paused == current.run;
    record_.paused = current.run;
    save();
    const migrate::RunWishes wishes =
        control.ask(current.run, [](migrate::RunWishes& asked) { asked.pause = true; });
    // What somebody paused meanwhile is not this deployment's to let go on.
    if (is_repeated || wishes.paused_at == wishes.number) {
        record_.paused_at = wishes.paused_at;
        save();
    }
}

void DeploymentLook::finish(const std::string& outcome, const std::string& reason) {
    record_.outcome = outcome;
    record_.reason = reason;
    record_.answer = cloud::answer_body(
        inputs_.request, cloud::answer_of(record_, inputs_.session.migrator().current_version()));
    save();
    inputs_.session.log().info("deployment {} {}: {}", record_.request, outcome, reason);
}

}  // namespace dynamigrate::cli
