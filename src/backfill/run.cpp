#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/backfill/segment_work.hpp>

#include "deferred_run.hpp"
#include "lane.hpp"
#include "plan_facts.hpp"
#include "replay.hpp"
#include "retry.hpp"
#include "shared_run.hpp"
#include "spool.hpp"

#include <algorithm>
#include <limits>
#include <thread>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::int64_t kBytesPerSegment = 128 * 1024 * 1024;
constexpr std::int64_t kMaxSegments = 10'000;

bool is_segmented(const Plan& plan) { return std::holds_alternative<ScanSource>(plan.source); }

}  // namespace

std::uint32_t choose_segments(const Plan& plan) {
    if (!is_segmented(plan)) {
        return 1;
    }
    if (plan.segments > 0) {
        return plan.segments;
    }
    const std::int64_t by_size = plan.table_bytes / kBytesPerSegment;
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(by_size, plan.lanes, kMaxSegments));
}

bool needs_spool(const Plan& plan) {
    if (const auto* scan = std::get_if<ScanSource>(&plan.source); scan && !scan->index.empty()) {
        return true;
    }
    const bool is_read_from_table = std::holds_alternative<ScanSource>(plan.source) ||
                                    std::holds_alternative<QuerySource>(plan.source);
    if (const auto* query = std::get_if<QuerySource>(&plan.source);
        query && !query->index.empty()) {
        return true;
    }
    const bool writes_elsewhere = !plan.target_table.empty() && plan.target_table != plan.table;
    return is_read_from_table && ((plan.transform->may_change_key() && !writes_elsewhere) ||
                                  plan.transform->may_act() || plan.target_table == plan.table);
}

void check(const Plan& plan) {
    if (plan.transform == nullptr) {
        throw Error(ErrorKind::internal, "a backfill needs a transform");
    }
    if (plan.lanes == 0 || plan.lanes > kMaxLanes) {
        throw Error(ErrorKind::invalid_argument, "lanes must be 1 to " + std::to_string(kMaxLanes) +
                                                     ", not " + std::to_string(plan.lanes));
    }
    if (plan.transform->may_defer() && (plan.passes != 1 || !plan.target_table.empty() ||
                                        std::holds_alternative<ItemsSource>(plan.source))) {
        throw Error(ErrorKind::invalid_argument,
                    "deferred actions need one pass over a table, without a target of its own");
    }
    if (plan.overwrite && plan.marker) {
        throw Error(ErrorKind::invalid_argument,
                    "exactly_once: marker needs guarded writes; leave overwrite out");
    }
    if (plan.overwrite && plan.transform->may_change_key() && plan.target_table.empty()) {
        throw Error(ErrorKind::invalid_argument,
                    "overwrite: true cannot change keys; leave overwrite out");
    }
}

namespace {

/// One pass over the source.
class Pass {
public:
    Pass(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
         std::stop_token stop_now, std::uint32_t pass, DeferredStore* deferred,
         Quarantine* quarantine = nullptr)
        : plan_(plan),
          surroundings_(surroundings),
          step_(records_step(plan.step, pass)),
          states_(load()),
          run_(plan, surroundings, std::move(stop), std::move(stop_now),
               quarantine == nullptr ? pass : 1, step_, sum(states_)),
          spool_(plan, surroundings, step_, total_),
          pass_(pass) {
        run_.deferred = deferred;
        if (deferred != nullptr) {
            run_.complete_progress = [deferred](Progress& progress) {
                progress.deferred.collected = deferred->collected();
            };
        }
        if (quarantine != nullptr) {
            run_.on_page_settled = [this, quarantine] {
                quarantine->settle(run_.quarantined_keys);
            };
            run_.number_by_pass = [quarantine](std::uint64_t number) {
                return quarantine->number_in_source(number);
            };
            for (SegmentState& state : states_) {
                state.position.clear();  // what is settled is no longer in the quarantine
            }
        }
    }

    /// `retry`: called once what an earlier attempt left unsettled is settled; false when stopped.
    /// Returns false when it was stopped before the end.
    bool work(const std::function<bool()>& retry = {}) {
        if (surroundings_.attempt > 1) {
            forget_met_again();
        }
        if (surroundings_.attempt > 1 && surroundings_.journal->exists()) {
            replay(run_, states_);
        }
        const bool has_begun = std::any_of(states_.begin(), states_.end(), [](const auto& state) {
            return state.pages_done > 0 || state.is_done;
        });
        if (run_.deferred != nullptr) {
            run_.deferred->begin(has_begun);
            run_.deferred->settle(step_, states_, run_.settled);
        }
        if (retry) {
            if (!retry()) {
                return false;
            }
            run_.limit_quarantined(surroundings_.records->quarantined(plan_.step).size());
        }
        const bool all_done = std::all_of(states_.begin(), states_.end(),
                                          [](const auto& state) { return state.is_done; });
        const bool is_spooled = needs_spool(plan_);
        if (is_spooled && !all_done && !spool_.fill(run_, has_begun)) {
            return false;
        }
        run_.set_segments(states_);
        run_.tell_progress(true);
        start_lanes(is_spooled);
        run_.tell_progress(true);
        end_with_failure();
        const bool is_whole = run_.unfinished_segments() == 0;
        if (is_whole) {
            run_.check_budget(true);
            if (is_spooled) {
                spool_.remove();
            }
        }
        return is_whole;
    }

    Counts counts() const { return run_.counts(); }
    std::vector<layers::PartSummary> parts() const { return run_.parts(); }

private:
    std::vector<SegmentState> load() {
        if (const auto total = surroundings_.records->total_segments(step_)) {
            total_ = *total;
        } else {
            total_ = choose_segments(plan_);
            surroundings_.records->begin_step(step_, total_);
        }
        std::vector<SegmentState> states(total_);
        for (std::uint32_t segment = 0; segment < total_; ++segment) {
            states[segment].segment = segment;
        }
        std::vector<SegmentState> known = surroundings_.records->load_segments(step_);
        if (std::any_of(known.begin(), known.end(),
                        [](const SegmentState& state) { return state.attempt > 0; })) {
            leave_to_any_lane(*surroundings_.records, step_, total_, known);
        }
        for (SegmentState& state : known) {
            if (state.segment < total_) {
                state.journal_from = 0;
                states[state.segment] = std::move(state);
            }
        }
        return states;
    }

    /// Items quarantined in pages that are worked again are judged anew there, not retried.
    void forget_met_again() {
        for (const QuarantinedItem& item : surroundings_.records->quarantined(plan_.step)) {
            if (item.records_step == step_ && item.segment < states_.size() &&
                item.reason != "outcome_unknown" && states_[item.segment].is_ahead(item.page)) {
                surroundings_.records->forget_quarantined(item);
            }
        }
    }

    static Counts sum(const std::vector<SegmentState>& states) {
        Counts counts;
        for (const SegmentState& state : states) {
            counts += state.counts;
        }
        return counts;
    }

    SourceReader reader() {
        SourceReader reader;
        reader.service = surroundings_.service;
        reader.table = &run_.source;
        reader.filter = &filter_;
        reader.attributes = attributes_wanted(plan_, run_.where);
        reader.stop_now = run_.stop_now;
        return reader;
    }

    void start_lanes(bool is_spooled) {
        filter_ = server_filter(plan_, filter_arena_);
        const SourceFactory sources = [&](std::uint32_t segment) -> std::unique_ptr<PageSource> {
            if (is_spooled) {
                return make_spool_reader(reader(), spool_.file(segment));
            }
            if (const auto* scan = std::get_if<ScanSource>(&plan_.source)) {
                return make_scan(reader(), scan->index, segment, total_);
            }
            if (const auto* query = std::get_if<QuerySource>(&plan_.source)) {
                return make_query(reader(), *query);
            }
            if (const auto* keys = std::get_if<KeysSource>(&plan_.source)) {
                return make_stream(reader(), keys->open(), true);
            }
            return make_stream(reader(), std::get<ItemsSource>(plan_.source).open(), false);
        };
        const std::uint32_t lanes = std::min(plan_.lanes, std::max<std::uint32_t>(1, total_));
        run_.lanes_at_work = lanes;
        std::vector<std::unique_ptr<Lane>> workers;
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
            workers.push_back(
                std::make_unique<Lane>(run_, sources, journal_lane(plan_.step, pass_, lane + 1)));
        }
        std::vector<std::jthread> threads;
        for (std::uint32_t lane = 1; lane < lanes; ++lane) {
            threads.emplace_back([&worker = *workers[lane]] { worker.work(); });
        }
        workers.front()->work();
        threads.clear();
    }

    void end_with_failure() {
        try {
            run_.rethrow_failure();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::cancelled || !run_.stop_now.stop_requested()) {
                throw;
            }
        }
    }

    const Plan& plan_;
    const Surroundings& surroundings_;
    const std::uint32_t step_;
    std::uint32_t total_ = 0;
    std::vector<SegmentState> states_;
    SharedRun run_;
    Spool spool_;
    std::uint32_t pass_;
    base::Arena filter_arena_{512};
    expressions::ExpressionText filter_;
};

/// Tries again what earlier attempts quarantined, in rounds that are passes of their own.
class Retry {
public:
    Retry(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
          std::stop_token stop_now, DeferredStore* deferred)
        : plan_(plan),
          surroundings_(surroundings),
          stop_(std::move(stop)),
          stop_now_(std::move(stop_now)),
          deferred_(deferred) {}

    /// Returns false when it was stopped.
    bool work() {
        std::uint32_t pass = kFirstRetry;
        while (is_done(pass)) {
            ++pass;
        }
        Quarantine quarantine(plan_, surroundings_);
        const bool is_begun =
            surroundings_.records->total_segments(records_step(plan_.step, pass)).has_value();
        if (quarantine.empty() && !is_begun) {
            return true;
        }
        Plan round = plan_;
        round.source = quarantine.source();
        round.lanes = 1;
        round.failure_budget.count = std::numeric_limits<std::uint64_t>::max();
        Pass work(round, surroundings_, stop_, stop_now_, pass, deferred_, &quarantine);
        const bool is_whole = work.work();
        changed_ += work.counts().changed;
        parts_ = work.parts();
        return is_whole;
    }

    /// What the rounds that are done have changed. For a step whose items are all done.
    std::uint64_t changed_before() {
        for (std::uint32_t pass = kFirstRetry; is_done(pass); ++pass) {}
        return changed_;
    }
    std::uint64_t changed() const noexcept { return changed_; }
    const std::vector<layers::PartSummary>& parts() const noexcept { return parts_; }

private:
    static constexpr std::uint32_t kFirstRetry = 2000;

    bool is_done(std::uint32_t pass) {
        const std::vector<SegmentState> states =
            surroundings_.records->load_segments(records_step(plan_.step, pass));
        if (states.empty() || !states.front().is_done) {
            return false;
        }
        changed_ += states.front().counts.changed;
        return true;
    }

    const Plan& plan_;
    const Surroundings& surroundings_;
    std::stop_token stop_;
    std::stop_token stop_now_;
    DeferredStore* deferred_;
    std::uint64_t changed_ = 0;
    std::vector<layers::PartSummary> parts_;
};

/// The second half of a step whose transform defers actions.
class DeferredHalf {
public:
    DeferredHalf(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
                 std::stop_token stop_now)
        : plan_(plan),
          surroundings_(surroundings),
          stop_(std::move(stop)),
          stop_now_(std::move(stop_now)),
          store_(surroundings, plan.run, plan.step) {}

    DeferredStore& store() { return store_; }

    /// Whether an earlier attempt has collected all.
    bool has_begun() const {
        return store_.is_numbered() || surroundings_.records->total_segments(step()).has_value();
    }
    /// What the items' half counted.
    Counts collected_counts() {
        Counts counts;
        for (const SegmentState& state : surroundings_.records->load_segments(plan_.step)) {
            counts += state.counts;
        }
        Retry retry(plan_, surroundings_, stop_, stop_now_, &store_);
        counts.changed += retry.changed_before();
        return counts;
    }

    /// Numbers what was collected, if need be, and executes it.
    void work(Result& result) {
        if (!store_.is_numbered()) {
            if (has_begun()) {
                check_done();
                return;
            }
            store_.number(plan_.lanes == 1 ? 1 : plan_.lanes * kPartsOfALane, stop_now_);
        }
        DeferredResult done =
            execute_deferred(plan_, surroundings_, stop_, stop_now_, store_, result.counts);
        result.counts += done.counts;
        result.deferred = done.done;
        result.stopped = done.stopped;
        result.parts.insert(result.parts.end(), done.parts.begin(), done.parts.end());
        if (!done.stopped) {
            end();
        }
    }

private:
    static constexpr std::uint32_t kPartsOfALane = 4;

    std::uint32_t step() const { return records_step(plan_.step, kDeferredPass); }

    /// The files go when all is done; what says so is kept as one segment more.
    void end() {
        SegmentState state;
        state.segment = surroundings_.records->total_segments(step()).value_or(0);
        state.is_done = true;
        surroundings_.records->save_segment(step(), state);
        store_.remove();
    }

    void check_done() {
        const std::uint32_t total = surroundings_.records->total_segments(step()).value_or(0);
        const std::vector<SegmentState> states = surroundings_.records->load_segments(step());
        if (std::none_of(states.begin(), states.end(), [&](const SegmentState& state) {
                return state.segment == total && state.is_done;
            })) {
            throw Error(ErrorKind::failed_precondition,
                        "the deferred actions that this run has collected are not here; resume it "
                        "on the machine where they lie, or undo it")
                .at("spool " + surroundings_.spool_directory.string());
        }
    }

    const Plan& plan_;
    const Surroundings& surroundings_;
    std::stop_token stop_;
    std::stop_token stop_now_;
    DeferredStore store_;
};

}  // namespace

Result run(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
           std::stop_token stop_now) {
    check(plan);
    Result result;
    std::optional<DeferredHalf> deferred;
    if (plan.transform->may_defer()) {
        deferred.emplace(plan, surroundings, stop, stop_now);
        if (deferred->has_begun()) {
            result.counts = deferred->collected_counts();
            deferred->work(result);
            return result;
        }
    }
    DeferredStore* store = deferred ? &deferred->store() : nullptr;
    Retry retry(plan, surroundings, stop, stop_now, store);
    const bool is_resumed = surroundings.attempt > 1;
    for (std::uint32_t pass = 1;; ++pass) {
        Pass work(plan, surroundings, stop, stop_now, pass, store);
        const bool is_whole =
            is_resumed && pass == 1 ? work.work([&] { return retry.work(); }) : work.work();
        const Counts counts = work.counts();
        result.counts += counts;
        if (pass == 1) {
            result.counts.changed += retry.changed();
            result.parts = retry.parts();
        }
        for (const layers::PartSummary& part : work.parts()) {
            result.parts.push_back(part);
        }
        if (!is_whole) {
            result.stopped = true;
            return result;
        }
        const bool is_last = plan.passes ? pass >= *plan.passes : counts.changed == 0;
        if (is_last) {
            if (deferred) {
                deferred->work(result);
            }
            return result;
        }
    }
}

Result retry_quarantined(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
                         std::stop_token stop_now) {
    check(plan);
    Retry retry(plan, surroundings, std::move(stop), std::move(stop_now), nullptr);
    Result result;
    result.stopped = !retry.work();
    result.counts.changed = retry.changed();
    result.parts = retry.parts();
    return result;
}

}  // namespace dynamigrate::backfill
