#pragma once

#include "deferred_store.hpp"
#include "edit_writer.hpp"
#include "page_source.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dynamigrate::backfill {

/// Memory for pages: each lane has its share; a page that needs more is worked by one lane at a
/// time.
class PageAllowance {
public:
    explicit PageAllowance(std::size_t share) : share_(share) {}
    std::size_t share() const noexcept { return share_; }
    /// Held while a page beyond the share is in memory.
    std::unique_lock<std::mutex> borrow() { return std::unique_lock(mutex_); }

private:
    std::size_t share_;
    std::mutex mutex_;
};

/// What the lanes of one pass share. Threads: any.
class SharedRun {
public:
    SharedRun(const Plan& plan, const Surroundings& surroundings, std::stop_token stop,
              std::stop_token stop_now, std::uint32_t pass, std::uint32_t records_step,
              const Counts& base);

    const Plan& plan;
    const Surroundings& surroundings;
    const std::uint32_t records_step;  ///< the step's number in records and journal, by pass
    /// What `exactly_once: marker` writes: names the run and the step.
    const std::string marker;
    const std::stop_token stop_now;
    const expressions::Condition where;
    const Target source;
    const Target target;
    Endpoint endpoint;
    PageAllowance allowance;
    std::uint32_t lanes_at_work = 1;  ///< not changed while lanes run
    /// Whether other processes work the step's other segments.
    bool is_shared = false;
    std::uint32_t replay_lane;  ///< of the journal, for what is settled

    bool should_stop() const;
    /// Hands out the segments that are not done, each once.
    std::optional<SegmentState> next_segment();
    void set_segments(std::vector<SegmentState> states);

    /// Keys (wire JSON) of the segment that an earlier attempt settled: skipped once each.
    std::map<std::uint32_t, std::unordered_set<std::string>> settled;
    /// Actions (by table, then key as wire JSON) that an earlier attempt surely applied, with their
    /// images after (empty: deleted). Not changed while lanes run.
    std::unordered_map<std::string, std::unique_ptr<dynamodb::OwnedItem>> settled_actions;

    /// Takes deferred actions; nullptr where there are none.
    DeferredStore* deferred = nullptr;

    /// Completes what is told of the progress. May be empty.
    std::function<void(Progress&)> complete_progress;
    /// Called by a lane when a page is settled, before it is checkpointed. May be empty.
    std::function<void()> on_page_settled;
    /// An item's number in the plan's own stream, by its number in this pass's stream. May be empty.
    std::function<std::uint64_t(std::uint64_t)> number_by_pass;
    std::uint64_t number_in_source(std::uint64_t number) const {
        return number_by_pass ? number_by_pass(number) : number;
    }
    /// Keys (wire JSON) quarantined by a pass with `on_page_settled`, which has one lane.
    std::unordered_set<std::string> quarantined_keys;

    void add(const Counts& difference);
    void segment_done();
    std::uint32_t unfinished_segments() const;
    /// Completes the record by step and table and keeps it.
    void quarantine(const Target& table, const dynamodb::Item& key, QuarantinedItem item);
    /// Remembers the first failure and stops the other lanes after their pages.
    void fail(std::exception_ptr failure);
    void rethrow_failure();
    void add_part(const layers::PartSummary& part);

    /// Of what earlier attempts quarantined, so many items are quarantined still.
    void limit_quarantined(std::uint64_t most);
    Counts counts() const;
    std::vector<layers::PartSummary> parts() const;
    void tell_progress(bool always);
    /// Throws Error failed_precondition when more was quarantined than the plan allows.
    void check_budget(bool at_end) const;

private:
    const std::stop_token stop_;
    std::stop_source failed_;
    mutable std::mutex mutex_;
    std::mutex telling_;
    std::deque<SegmentState> queue_;
    Counts counts_;
    std::uint32_t segments_done_ = 0;
    std::uint32_t segments_total_ = 0;
    std::uint32_t pass_;
    std::exception_ptr failure_;
    std::vector<layers::PartSummary> parts_;
    base::SteadyTime told_at_{};
};

/// Says in the records of the segments that are not done that any lane of the journal may hold
/// something of them. `known`: what the records hold of them.
void leave_to_any_lane(RunRecords& records, std::uint32_t records_step, std::uint32_t total,
                       const std::vector<SegmentState>& known);

/// The step's number in records and journal for a pass: passes have their own segments.
constexpr std::uint32_t records_step(std::uint32_t step, std::uint32_t pass) {
    return step + (pass - 1) * 1'000'000;
}
constexpr std::uint32_t plain_step(std::uint32_t records_step) { return records_step % 1'000'000; }

/// The lane number of journal parts: unique over the steps of a run. 0: the replay's part.
constexpr std::uint32_t journal_lane(std::uint32_t step, std::uint32_t pass, std::uint32_t lane) {
    return (step * 64 + (pass - 1) * 2048 + lane) % 65'536;
}
inline constexpr std::uint32_t kMaxLanes = 63;

/// A table by its physical name. Errors: not_found.
Target find_target(const Surroundings& surroundings, std::string_view table, std::stop_token stop);

std::unique_ptr<layers::JournalWriter> create_part(const Surroundings& surroundings,
                                                   const std::string& run, std::uint32_t lane);

}  // namespace dynamigrate::backfill
