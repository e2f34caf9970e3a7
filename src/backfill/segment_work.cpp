#include <dynamigrate/backfill/segment_work.hpp>

#include "lane.hpp"
#include "plan_facts.hpp"
#include "replay.hpp"
#include "shared_run.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;

namespace {

/// Two lanes of the journal for each segment: one for what is settled, one for what is written.
constexpr std::uint32_t kLanesOfSegment = 2;
static_assert(kMostSegments == 65'536 / kLanesOfSegment);
constexpr std::uint32_t kOnlyPass = 1;

void expect_shared(const Plan& plan) {
    check(plan);
    if (const auto reason = reason_not_shared(plan)) {
        throw Error(ErrorKind::failed_precondition,
                    "the step cannot be worked by many processes: " + *reason)
            .at("table " + plan.table);
    }
}

std::uint32_t expect_total(const Plan& plan, const Surroundings& surroundings) {
    const auto total = surroundings.records->total_segments(plan.step);
    if (!total) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("step {} of run {} has no segments yet: its owner begins them",
                                plan.step + 1, plan.run));
    }
    return *total;
}

/// Nothing of older calls is ahead of a segment whose `journal_from` is its own attempt. Where it is
/// 0, all of the run's parts up to the owner's attempt may hold something.
layers::PartRange parts_of(const SegmentState& state, std::uint32_t owner_attempt) {
    layers::PartRange range;
    range.first_lane = state.segment * kLanesOfSegment;
    range.last_lane = range.first_lane + kLanesOfSegment - 1;
    range.last_attempt = state.attempt - 1;
    if (state.journal_from > 0) {
        range.first_attempt = state.journal_from;
    } else {
        range.first_attempt = owner_attempt + 1;
        range.every_lane_until = owner_attempt;
    }
    return range;
}

/// A taken segment.
class SegmentWork {
public:
    SegmentWork(const Plan& plan, const Surroundings& surroundings, SegmentState state,
                std::uint32_t total, std::stop_token stop, std::stop_token stop_now)
        : plan_(one_lane(plan)),
          journal_(surroundings.journal->share(parts_of(state, surroundings.attempt))),
          surroundings_(own(surroundings, *journal_, state.attempt)),
          total_(total),
          segment_(state.segment),
          states_{std::move(state)},
          run_(plan_, surroundings_, std::move(stop), std::move(stop_now), kOnlyPass, plan.step,
               counts_so_far()) {
        run_.is_shared = true;
        run_.replay_lane = segment_ * kLanesOfSegment;
    }

    SegmentEnd work() {
        journal_->seal();
        if (forget_met_again() > 0 || run_.counts().quarantined > 0) {
            run_.limit_quarantined(quarantined());
        }
        const Counts before = run_.counts();
        if (surroundings_.attempt > first_attempt()) {
            replay(run_, states_);
            add_settled(before);
        }
        run_.set_segments(states_);
        walk();
        SegmentEnd end;
        end.is_done = run_.unfinished_segments() == 0;
        end.read = run_.counts().read - before.read;
        end.changed = run_.counts().changed - before.changed;
        end.parts = run_.parts();
        return end;
    }

private:
    static Plan one_lane(Plan plan) {
        plan.lanes = 1;
        return plan;
    }
    static Surroundings own(Surroundings surroundings, layers::Journal& journal,
                            std::uint32_t attempt) {
        surroundings.journal = &journal;
        surroundings.attempt = attempt;
        return surroundings;
    }

    std::uint32_t first_attempt() const {
        return states_.front().journal_from > 0 ? states_.front().journal_from : 0;
    }

    /// The others' counts matter only where some items may fail.
    Counts counts_so_far() const {
        if (plan_.failure_budget.count == 0 && plan_.failure_budget.percent == 0) {
            return states_.front().counts;
        }
        Counts counts;
        for (const SegmentState& state : surroundings_.records->load_segments(plan_.step)) {
            counts += state.counts;
        }
        return counts;
    }

    /// Items quarantined in pages that are worked again are judged anew there.
    std::size_t forget_met_again() {
        std::size_t forgotten = 0;
        for (const QuarantinedItem& item : surroundings_.records->quarantined(plan_.step)) {
            if (item.records_step == plan_.step && item.segment == segment_ &&
                item.reason != "outcome_unknown" && states_.front().is_ahead(item.page)) {
                surroundings_.records->forget_quarantined(item);
                ++forgotten;
            }
        }
        return forgotten;
    }

    std::uint64_t quarantined() const {
        return surroundings_.records->quarantined(plan_.step).size();
    }

    void add_settled(const Counts& before) {
        const Counts after = run_.counts();
        states_.front().counts.changed += after.changed - before.changed;
        states_.front().counts.quarantined += after.quarantined - before.quarantined;
    }

    void walk() {
        const expressions::ExpressionText filter = server_filter(plan_, filter_arena_);
        SourceReader reader;
        reader.service = surroundings_.service;
        reader.table = &run_.source;
        reader.filter = &filter;
        reader.attributes = attributes_wanted(plan_, run_.where);
        reader.stop_now = run_.stop_now;
        const SourceFactory sources = [&](std::uint32_t segment) {
            return make_scan(reader, {}, segment, total_);
        };
        Lane(run_, sources, run_.replay_lane + 1).work();
        try {
            run_.rethrow_failure();
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::cancelled || !run_.stop_now.stop_requested()) {
                throw;
            }
        }
    }

    const Plan plan_;
    const std::unique_ptr<layers::Journal> journal_;
    const Surroundings surroundings_;
    const std::uint32_t total_;
    const std::uint32_t segment_;
    std::vector<SegmentState> states_;
    SharedRun run_;
    base::Arena filter_arena_{512};
};

}  // namespace

std::optional<std::string> reason_not_shared(const Plan& plan) {
    const auto* scan = std::get_if<ScanSource>(&plan.source);
    if (scan == nullptr || !scan->index.empty()) {
        return "its source is no scan of the table";
    }
    if (plan.transform->may_defer()) {
        return "its transform defers actions, which are collected on one machine";
    }
    if (plan.transform->may_act()) {
        return "its transform acts on other items, in an order that one machine keeps";
    }
    if (needs_spool(plan)) {
        return "what it writes could be met by its own scan, so that its keys are collected first";
    }
    if (plan.passes != 1) {
        return "it needs several passes";
    }
    return std::nullopt;
}

std::uint32_t segments_of(const Plan& plan) { return choose_segments(plan); }

std::uint32_t begin_segments(const Plan& plan, const Surroundings& surroundings) {
    expect_shared(plan);
    RunRecords& records = *surroundings.records;
    (void)surroundings.journal->share({});
    const auto known = records.total_segments(plan.step);
    if (!known) {
        const std::uint32_t total = choose_segments(plan);
        if (total > kMostSegments) {
            throw Error(ErrorKind::invalid_argument,
                        fmt::format("{} segments are too many for processes that share a journal; "
                                    "take at most {}",
                                    total, kMostSegments));
        }
        records.begin_step(plan.step, total);
        return total;
    }
    const std::vector<SegmentState> states = records.load_segments(plan.step);
    const bool was_shared = std::any_of(states.begin(), states.end(),
                                        [](const auto& state) { return state.attempt > 0; });
    if (!was_shared) {
        leave_to_any_lane(records, plan.step, *known, states);
    }
    return *known;
}

SegmentEnd work_segment(const Plan& plan, const Surroundings& surroundings, std::uint32_t segment,
                        std::stop_token stop, std::stop_token stop_now) {
    expect_shared(plan);
    const std::uint32_t total = expect_total(plan, surroundings);
    if (segment >= total) {
        throw Error(ErrorKind::invalid_argument,
                    fmt::format("there is no segment {} among {}", segment, total));
    }
    SegmentState state =
        surroundings.records->take_segment(plan.step, segment, surroundings.attempt);
    if (state.is_done) {
        return {true, 0, 0, {}};
    }
    return SegmentWork(plan, surroundings, std::move(state), total, std::move(stop),
                       std::move(stop_now))
        .work();
}

SegmentsEnd end_segments(const Plan& plan, const Surroundings& surroundings) {
    SegmentsEnd end;
    end.total = expect_total(plan, surroundings);
    std::vector<bool> is_done(end.total);
    for (const SegmentState& state : surroundings.records->load_segments(plan.step)) {
        end.counts += state.counts;
        end.last_attempt = std::max(end.last_attempt, state.attempt);
        if (state.segment < end.total) {
            is_done[state.segment] = state.is_done;
        }
    }
    for (std::uint32_t segment = 0; segment < end.total; ++segment) {
        if (!is_done[segment]) {
            end.unfinished.push_back(segment);
        }
    }
    const std::uint64_t quarantined = surroundings.records->quarantined(plan.step).size();
    end.counts.quarantined = std::min(end.counts.quarantined, quarantined);
    if (end.unfinished.empty()) {
        SharedRun(plan, surroundings, {}, {}, kOnlyPass, plan.step, end.counts).check_budget(true);
    }
    return end;
}

}  // namespace dynamigrate::backfill
