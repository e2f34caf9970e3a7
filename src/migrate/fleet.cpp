#include <dynamigrate/migrate/fleet.hpp>

#include "backup_policy.hpp"
#include "cloud_report.hpp"
#include "execution.hpp"
#include "fleet_steps.hpp"
#include "held_lock.hpp"
#include "live_checks.hpp"
#include "open_history.hpp"
#include "planner.hpp"
#include "raised_tables.hpp"
#include "segment_process.hpp"
#include "validation.hpp"

#include <dynamigrate/base/error.hpp>
#include <dynamigrate/migrate/control.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

namespace {

/// Among the actions of a request.
constexpr std::string_view kRetryFailed = "retry-failed";
constexpr std::array<std::string_view, 5> kActions{"up", "down", "repeat", "named", kRetryFailed};

bool has_ended(const HistoryRow& row) {
    return row.status == Status::applied || row.status == Status::rolled_back;
}

bool is_applied_or_begun(const HistoryRow* row) {
    return row && row->status != Status::rolled_back;
}

}  // namespace

void check_action(std::string_view action) {
    if (std::find(kActions.begin(), kActions.end(), action) == kActions.end()) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("a state machine runs {}, not \"{}\": \"action\" of the "
                                "execution's input is one of them",
                                fmt::join(kActions, ", "), action));
    }
}

struct Fleet::Parts : OpenHistory {
    const Registry& registry;
    std::unique_ptr<layers::JournalStore> own_journals;

    Parts(const Registry& the_registry, Settings the_settings, const World& the_world)
        : OpenHistory(std::move(the_settings), the_world),
          registry(the_registry) {
        if (world.execution.empty()) {
            throw Error(ErrorKind::invalid_argument,
                        "the calls of a state machine must name its execution");
        }
        if (!world.journals) {
            own_journals =
                layers::make_directory_journals(settings.journal_directory, *world.clock);
        }
    }

    layers::JournalStore& journals() { return world.journals ? *world.journals : *own_journals; }

    Tell teller(Listener& listener) const {
        return [&listener](const std::string& line) { listener.line(line); };
    }

    /// The run that this execution began or took over last; nullptr: none.
    const HistoryRow* own_row(const HistoryView& view) const {
        const HistoryRow* own = nullptr;
        for (const HistoryRow& row : view.rows()) {
            if (row.execution == world.execution) {
                own = &row;
            }
        }
        return own;
    }

    /// Whether its run's row does not tell how it ended or why it stands.
    bool is_left_open(const HistoryView& view) const {
        const HistoryRow* own = own_row(view);
        return own && !has_ended(*own) && own->status != Status::failed &&
               (!own->interrupted || own->error.empty());
    }

    bool holds_lock() {
        const auto owner = read_lock_owner(table);
        return owner && owner->execution == world.execution;
    }

    Planner planner(const HistoryView& view) const {
        return {registry, view,
                PlanPolicy{settings.out_of_order, settings.force, settings.default_table}};
    }

    /// Nothing: there is nothing to do.
    std::optional<PlannedMigration> plan(const FleetRequest& request, const HistoryView& view) {
        const HistoryRow* own = own_row(view);
        std::vector<PlannedMigration> plan;
        if (own) {
            plan = {planner(view).resume(*own)};
        } else {
            plan = plan_anew(request, view);
            LiveChecks checks(*world.service, settings, world.clock->now());
            for (PlannedMigration& planned : plan) {
                checks.check(planned);
            }
        }
        if (plan.empty()) {
            return std::nullopt;
        }
        if (!settings.force) {
            throw_first_error(plan.front().findings);
        }
        return plan.front();
    }

    std::vector<PlannedMigration> plan_anew(const FleetRequest& request, const HistoryView& view) {
        std::vector<PlannedMigration> plan;
        if (request.action == "up") {
            plan = planner(view).up(request.migration, true);
        } else if (request.action == "down") {
            if (is_applied_or_begun(view.latest(request.migration))) {
                plan = planner(view).down(std::nullopt);
            }
        } else if (request.action == "repeat") {
            plan = planner(view).repeat();
        } else if (request.action == "named") {
            plan = planner(view).named(request.migration);
        } else if (request.action == kRetryFailed) {
            plan = plan_retry(request.migration, view);
        }
        if (!plan.empty() && plan.front().migration->id() != request.migration) {
            throw Error(
                ErrorKind::failed_precondition,
                fmt::format("{} of {} needs {} of {} before; execute its state machine first",
                            request.action, request.migration, plan.front().action,
                            plan.front().migration->id()));
        }
        return plan;
    }

    /// A failed run goes on; of one that was applied, what it quarantined is tried again.
    std::vector<PlannedMigration> plan_retry(const std::string& id, const HistoryView& view) {
        const HistoryRow* row = view.latest(id);
        if (row && row->status == Status::failed) {
            return {planner(view).resume(*row)};
        }
        const bool was_applied = row && row->status == Status::applied;
        const auto items = was_applied ? NativeRunRecords(table, row->run, 0).all_quarantined()
                                       : std::vector<backfill::QuarantinedItem>();
        if (std::any_of(items.begin(), items.end(), can_be_retried)) {
            return {planner(view).retry(*row)};
        }
        return {};
    }

    /// What was wished of the run before this execution took it over is no wish of it.
    void forget_wishes(const std::string& run) {
        if (run.empty()) {
            return;
        }
        const RunWishes wishes = read_wishes(table, run);
        if (wishes.pause || wishes.abort || wishes.max_rcu || wishes.max_wcu) {
            RunControl(world, settings).ask(run, [](RunWishes& changed) {
                changed.pause = changed.abort = false;
                changed.max_rcu = changed.max_wcu = std::nullopt;
            });
        }
    }

    FleetTurn run(const PlannedMigration& planned, bool is_first, bool retries, Listener& listener,
                  const Stops& stops);
    void end_run(const HistoryRow& row, const std::string& reason, bool is_interruption,
                 HeldLock& held, Listener& listener);
};

FleetTurn Fleet::Parts::run(const PlannedMigration& planned, bool is_first, bool retries,
                            Listener& listener, const Stops& stops) {
    HeldLock held(table, world, settings, teller(listener), stops);
    history.create_if_absent(held.stop_now());
    HistoryView view = history.read();
    if (!planned.basis.empty() && planned.basis != view.digest()) {
        throw Error(ErrorKind::aborted, "the history changed since the plan was made");
    }
    history.note_news(held.fence());
    if (is_first) {
        forget_wishes(planned.resumed_run);
    }
    const std::vector<PlannedMigration> plan{planned};
    BackupPolicy backups(settings, world, plan);
    backups.check_pitr(held.stop());
    FleetSteps steps(table, settings, world.execution, retries);
    const ExecutionInputs inputs{
        registry,       settings, world,       table,           history,  journals(), held.lock(),
        held.control(), listener, held.stop(), held.stop_now(), &backups, &steps};
    view = history.read();
    const HistoryRow row = Execution(inputs, view, plan.front()).run();
    FleetTurn turn;
    turn.run = row.run;
    if (const auto& awaited = steps.awaited()) {
        turn.next = FleetTurn::Next::segments;
        turn.step = awaited->step;
        turn.segments = awaited->segments;
        turn.unfinished = static_cast<std::uint32_t>(turn.segments.size());
        turn.segments.resize(std::min(turn.segments.size(), kMostSegmentsOfATurn));
    } else if (row.interrupted) {
        turn.next =
            held.control().wishes().abort ? FleetTurn::Next::aborted : FleetTurn::Next::turn;
    }
    if (turn.next == FleetTurn::Next::segments || turn.next == FleetTurn::Next::turn) {
        held.lock().keep();
    }
    return turn;
}

void Fleet::Parts::end_run(const HistoryRow& row, const std::string& reason, bool is_interruption,
                           HeldLock& held, Listener& listener) {
    HistoryRow ended = row;
    ended.fence = held.fence();
    ended.error = reason;
    if (is_interruption) {
        ended.interrupted = true;
    } else {
        ended.status = Status::failed;
        ended.finished_at = std::max(base::to_iso8601(world.clock->now()), row.started_at);
    }
    NativeRunRecords records(table, row.run, ended.fence);
    sum_up_cloud(ended, records, settings);
    history.write(ended);
    listener.line(fmt::format("run {} of {} {}: {}", row.run, row.id,
                              is_interruption ? "interrupted" : "failed", reason));
    listener.line(cloud_report_line(ended));
}

Fleet::Fleet(const Registry& registry, Settings settings, const World& world)
    : parts_(std::make_unique<Parts>(registry, std::move(settings), world)) {}

Fleet::~Fleet() = default;

FleetTurn Fleet::turn(const FleetRequest& request, Listener& listener, std::stop_token stop,
                      std::stop_token stop_now) {
    check_action(request.action);
    Parts& parts = *parts_;
    const HistoryView view = parts.history.read();
    const HistoryRow* own = parts.own_row(view);
    FleetTurn turn;
    turn.run = own ? own->run : "";
    const bool is_at_work = own && !has_ended(*own);
    const RunWishes wishes = is_at_work ? read_wishes(parts.table, own->run) : RunWishes{};
    if (wishes.abort) {
        fail("it was aborted by " + wishes.by, true, listener, stop);
        turn.next = FleetTurn::Next::aborted;
        return turn;
    }
    if (wishes.pause) {
        turn.next = FleetTurn::Next::wait;
        return turn;
    }
    if (own && !is_at_work) {
        if (parts.holds_lock()) {
            const HeldLock released(parts.table, parts.world, parts.settings,
                                    parts.teller(listener), {stop, stop_now});
        }
        return turn;
    }
    parts.check_untold();
    const auto planned = parts.plan(request, view);
    const bool retries = request.action == kRetryFailed;
    return planned ? parts.run(*planned, own == nullptr, retries, listener, {stop, stop_now})
                   : turn;
}

FleetSegmentTurn Fleet::work_segment(const FleetSegment& segment, Listener& listener,
                                     std::stop_token stop, std::stop_token stop_now) {
    Parts& parts = *parts_;
    const auto owner = read_lock_owner(parts.table);
    const HistoryView view = parts.history.read();
    const HistoryRow* row = view.row_of_run(segment.run);
    if (!row) {
        throw Error(ErrorKind::not_found, fmt::format("there is no run {}", segment.run));
    }
    if (!owner || owner->execution != parts.world.execution || row->fence != owner->fence) {
        throw Error(ErrorKind::aborted,
                    fmt::format("run {} does not belong to execution {} any more; {}", row->run,
                                parts.world.execution,
                                owner ? "the lock is held by " + owner->owner
                                      : std::string("nobody holds the lock")));
    }
    const Migration* migration = parts.registry.find(row->id);
    if (!migration || (migration->checksum() != row->checksum && !parts.settings.force)) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("migration {} is {} here; deploy the files that the run began with",
                                row->id, migration ? "another one" : "not"));
    }
    const SegmentInputs inputs{parts.settings, parts.world, parts.table, parts.journals(),
                               view,           *row,        *migration,  owner->fence,
                               segment,        listener};
    return SegmentProcess(inputs, std::move(stop), std::move(stop_now)).work();
}

bool Fleet::fail(const std::string& reason, bool is_interruption, Listener& listener,
                 std::stop_token stop) {
    Parts& parts = *parts_;
    const auto owner = read_lock_owner(parts.table);
    if (owner && owner->execution != parts.world.execution) {
        return false;  // whoever holds it knows what became of the run
    }
    if (!owner && !parts.is_left_open(parts.history.read())) {
        return false;
    }
    HeldLock held(parts.table, parts.world, parts.settings, parts.teller(listener), {stop, {}});
    const HistoryView view = parts.history.read();
    if (!parts.is_left_open(view)) {
        return false;
    }
    const HistoryRow& own = *parts.own_row(view);
    parts.end_run(own, reason, is_interruption, held, listener);
    give_back_capacity(parts.table, parts.world, held.fence(), {held.stop(), held.stop_now()},
                       parts.teller(listener));
    return true;
}

std::string Fleet::reason_of_segments(const std::string& reason) const {
    Parts& parts = *parts_;
    const HistoryView view = parts.history.read();
    const HistoryRow* own = parts.own_row(view);
    if (!own) {
        return reason;
    }
    NativeStepNotes notes(parts.table, own->run, own->steps_done, own->fence);
    return migrate::reason_of_segments(notes, parts.world.execution, reason);
}

DryFleet Fleet::dry() const { return {parts_->registry, parts_->settings, parts_->world}; }

std::string_view to_string(FleetTurn::Next next) noexcept {
    switch (next) {
        case FleetTurn::Next::turn:
            return "turn";
        case FleetTurn::Next::segments:
            return "segments";
        case FleetTurn::Next::wait:
            return "wait";
        case FleetTurn::Next::done:
            return "done";
        case FleetTurn::Next::aborted:
            break;
    }
    return "aborted";
}

std::string_view to_string(FleetSegmentTurn::Next next) noexcept {
    switch (next) {
        case FleetSegmentTurn::Next::segment:
            return "segment";
        case FleetSegmentTurn::Next::wait:
            return "wait";
        case FleetSegmentTurn::Next::done:
            return "done";
        case FleetSegmentTurn::Next::aborted:
            break;
    }
    return "aborted";
}

}  // namespace dynamigrate::migrate
