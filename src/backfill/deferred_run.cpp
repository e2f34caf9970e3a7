#include "deferred_run.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;

namespace {

Counts of_writes(Counts counts) {
    counts.read = counts.matched = counts.quarantined = 0;
    return counts;
}

/// The parts as they were left.
std::vector<SegmentState> load_states(const Plan& plan, const Surroundings& surroundings,
                                      std::uint32_t total) {
    const std::uint32_t step = records_step(plan.step, kDeferredPass);
    if (!surroundings.records->total_segments(step)) {
        surroundings.records->begin_step(step, total);
    }
    std::vector<SegmentState> states(total);
    for (std::uint32_t segment = 0; segment < total; ++segment) {
        states[segment].segment = segment;
    }
    for (SegmentState& state : surroundings.records->load_segments(step)) {
        if (state.segment < total) {
            states[state.segment] = std::move(state);
        }
    }
    return states;
}

class Execution {
public:
    Execution(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
              std::stop_token stop_now, DeferredStore& store, const Counts& base)
        : plan_(plan),
          total_(store.total()),
          shared_(plan, surroundings, std::move(stop), std::move(stop_now), store, base),
          base_(base) {
        load();
        shared_.run.complete_progress = [this](Progress& progress) {
            progress.deferred = {true, total_, shared_.done, shared_.blocked};
        };
    }

    DeferredResult work() {
        const Surroundings& surroundings = shared_.run.surroundings;
        if (surroundings.attempt > 1 && surroundings.journal->exists()) {
            replay_deferred(shared_);
        }
        hand_out();
        shared_.run.tell_progress(true);
        start_lanes();
        shared_.run.tell_progress(true);
        end_with_failure();
        DeferredResult result;
        result.stopped = shared_.run.unfinished_segments() > 0;
        if (!result.stopped) {
            shared_.check_budget(true);
        }
        result.done = shared_.done;
        result.counts = difference(shared_.run.counts());
        result.counts.quarantined = shared_.blocked;
        result.parts = shared_.run.parts();
        return result;
    }

private:
    void load() {
        const SharedRun& run = shared_.run;
        for (SegmentState& state : load_states(plan_, run.surroundings, shared_.store.parts())) {
            shared_.done += state.counts.read;
            shared_.run.add(of_writes(state.counts));
            shared_.parts.push_back({std::move(state), {}, {}});
        }
        for (QuarantinedItem& item : run.surroundings.records->quarantined(plan_.step)) {
            if (item.records_step != run.records_step || item.segment >= shared_.parts.size()) {
                continue;
            }
            BlockedItem blocked{item.number, item.reason == "outcome_unknown", item};
            shared_.blocked += blocked.is_final ? 1 : 0;
            shared_.parts[item.segment].blocked[item.table + item.key] = std::move(blocked);
        }
    }

    /// A part with items to be tried again is not done.
    void hand_out() {
        std::vector<SegmentState> states;
        for (DeferredPart& part : shared_.parts) {
            const bool is_waiting =
                std::any_of(part.blocked.begin(), part.blocked.end(),
                            [](const auto& item) { return !item.second.is_final; });
            part.state.is_done = part.state.is_done && !is_waiting;
            states.push_back(part.state);
        }
        shared_.run.set_segments(std::move(states));
    }

    void start_lanes() {
        const auto lanes = std::min(plan_.lanes, static_cast<std::uint32_t>(shared_.parts.size()));
        shared_.run.lanes_at_work = lanes;
        std::vector<std::unique_ptr<DeferredLane>> workers;
        for (std::uint32_t lane = 0; lane < lanes; ++lane) {
            workers.push_back(std::make_unique<DeferredLane>(
                shared_, journal_lane(plan_.step, kDeferredPass, lane + 1)));
        }
        std::vector<std::jthread> threads;
        for (std::uint32_t lane = 1; lane < lanes; ++lane) {
            threads.emplace_back([&worker = *workers[lane]] { worker.work(); });
        }
        workers.front()->work();
    }

    void end_with_failure() {
        try {
            shared_.run.rethrow_failure();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::cancelled || !shared_.run.stop_now.stop_requested()) {
                throw;
            }
        }
    }

    Counts difference(Counts counts) const {
        counts.read = counts.matched = 0;
        counts.changed -= base_.changed;
        counts.unchanged -= base_.unchanged;
        counts.conflicts -= base_.conflicts;
        counts.kept -= base_.kept;
        return counts;
    }

    const Plan& plan_;
    const std::uint64_t total_;
    DeferredShared shared_;
    const Counts base_;
};

}  // namespace

PartPosition PartPosition::parse(const std::string& text) {
    PartPosition position;
    const char* end = text.data() + text.size();
    const auto number = std::from_chars(text.data(), end, position.number);
    if (number.ptr != end) {
        std::from_chars(number.ptr + 1, end, position.offset);
    }
    return position;
}

std::string PartPosition::text() const { return fmt::format("{} {}", number, offset); }

bool DeferredPart::is_settled(const std::string& name, std::uint64_t number) const {
    const auto waves = settled.find(name);
    return waves != settled.end() &&
           std::any_of(waves->second.begin(), waves->second.end(), [&](const WaveName& wave) {
               return wave.first <= number && number <= wave.last;
           });
}

DeferredShared::DeferredShared(const Plan& plan, const Surroundings& surroundings,
                               std::stop_token stop, std::stop_token stop_now, DeferredStore& all,
                               const Counts& base)
    : run(plan, surroundings, std::move(stop), std::move(stop_now), 1,
          records_step(plan.step, kDeferredPass), base),
      store(all) {}

void DeferredShared::check_budget(bool at_end) const {
    const FailureBudget& budget = run.plan.failure_budget;
    if (!at_end && (run.plan.judges_at_end || budget.percent > 0)) {
        return;
    }
    std::uint64_t allowed = budget.count;
    if (budget.percent > 0) {
        const double share = static_cast<double>(store.total()) * budget.percent / 100.0;
        allowed = std::max(allowed, static_cast<std::uint64_t>(share));
    }
    if (blocked > allowed) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("deferred actions on {} items failed, {} are allowed "
                                "(failure_budget); see `dynamigrate runs {}`",
                                blocked.load(), allowed, run.plan.run))
            .at("table " + run.plan.table);
    }
}

DeferredResult execute_deferred(const Plan& plan, const Surroundings& surroundings,
                                std::stop_token stop, std::stop_token stop_now,
                                DeferredStore& store, const Counts& base) {
    return Execution(plan, surroundings, std::move(stop), std::move(stop_now), store, base).work();
}

}  // namespace dynamigrate::backfill
