#include "shared_run.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::size_t kPageMemory = 28 * 1024 * 1024;
constexpr std::uint64_t kPercentNeeds = 1000;

expressions::Condition parse_where(const Plan& plan) {
    return plan.where.text.empty() ? expressions::Condition::always()
                                   : expressions::Condition::parse(plan.where, "where");
}

Target target_of(const Plan& plan) {
    return plan.target_table.empty() ? Target{plan.table, plan.key}
                                     : Target{plan.target_table, plan.target_key};
}

}  // namespace

SharedRun::SharedRun(const Plan& run_plan, const Surroundings& run_surroundings,
                     std::stop_token stop, std::stop_token stop_at_once, std::uint32_t pass,
                     std::uint32_t step_in_records, const Counts& base)
    : plan(run_plan),
      surroundings(run_surroundings),
      records_step(step_in_records),
      marker(fmt::format("{}/{}", run_plan.run, run_plan.step)),
      stop_now(std::move(stop_at_once)),
      where(parse_where(run_plan)),
      source{run_plan.table, run_plan.key},
      target(target_of(run_plan)),
      allowance(kPageMemory / std::max<std::uint32_t>(1, run_plan.lanes)),
      replay_lane(journal_lane(run_plan.step, 1, 0)),
      stop_(std::move(stop)),
      counts_(base),
      pass_(pass) {}

bool SharedRun::should_stop() const {
    return stop_.stop_requested() || stop_now.stop_requested() || failed_.stop_requested();
}

void SharedRun::set_segments(std::vector<SegmentState> states) {
    const std::lock_guard lock(mutex_);
    segments_total_ = static_cast<std::uint32_t>(states.size());
    for (SegmentState& state : states) {
        if (state.is_done) {
            ++segments_done_;
        } else {
            queue_.push_back(std::move(state));
        }
    }
    for (std::size_t i = queue_.size(); i > 1; --i) {
        std::swap(queue_[i - 1], queue_[surroundings.random->below(i)]);
    }
}

std::optional<SegmentState> SharedRun::next_segment() {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) {
        return std::nullopt;
    }
    SegmentState state = std::move(queue_.front());
    queue_.pop_front();
    return state;
}

void SharedRun::add(const Counts& difference) {
    const std::lock_guard lock(mutex_);
    counts_ += difference;
}

void SharedRun::segment_done() {
    const std::lock_guard lock(mutex_);
    ++segments_done_;
}

std::uint32_t SharedRun::unfinished_segments() const {
    const std::lock_guard lock(mutex_);
    return segments_total_ - segments_done_;
}

void SharedRun::quarantine(const Target& table, const dynamodb::Item& key, QuarantinedItem item) {
    surroundings.log->warning("quarantined {} of {}: {}: {}", dynamodb::key_digest(key), table.name,
                              item.reason, item.message);
    item.step = plan.step;
    item.records_step = records_step;
    item.table = table.name;
    item.key = dynamodb::to_wire_json(key);
    surroundings.records->quarantine(item);
    if (on_page_settled) {
        quarantined_keys.insert(item.key);
    }
}

void SharedRun::limit_quarantined(std::uint64_t most) {
    const std::lock_guard lock(mutex_);
    counts_.quarantined = std::min(counts_.quarantined, most);
}

void SharedRun::fail(std::exception_ptr failure) {
    const std::lock_guard lock(mutex_);
    if (!failure_) {
        failure_ = std::move(failure);
    }
    failed_.request_stop();
}

void SharedRun::rethrow_failure() {
    if (failure_) {
        std::rethrow_exception(failure_);
    }
}

void SharedRun::add_part(const layers::PartSummary& part) {
    const std::lock_guard lock(mutex_);
    parts_.push_back(part);
}

Counts SharedRun::counts() const {
    const std::lock_guard lock(mutex_);
    return counts_;
}

std::vector<layers::PartSummary> SharedRun::parts() const {
    const std::lock_guard lock(mutex_);
    return parts_;
}

void SharedRun::tell_progress(bool always) {
    if (!surroundings.on_progress) {
        return;
    }
    std::unique_lock telling(telling_, std::defer_lock);
    if (always) {
        telling.lock();
    } else if (!telling.try_lock()) {
        return;
    }
    const base::SteadyTime now = surroundings.clock->steady_now();
    if (!always && now - told_at_ < std::chrono::milliseconds(200)) {
        return;
    }
    told_at_ = now;
    Progress progress;
    {
        const std::lock_guard lock(mutex_);
        progress.counts = counts_;
        progress.segments_done = segments_done_;
        progress.segments_total = segments_total_;
        progress.pass = pass_;
    }
    if (complete_progress) {
        complete_progress(progress);
    }
    surroundings.on_progress(progress);
}

void SharedRun::check_budget(bool at_end) const {
    if (plan.judges_at_end && !at_end) {
        return;
    }
    const Counts now = counts();
    std::uint64_t allowed = plan.failure_budget.count;
    if (at_end || now.read >= kPercentNeeds) {
        const auto share = static_cast<double>(now.read) * plan.failure_budget.percent / 100.0;
        allowed = std::max(allowed, static_cast<std::uint64_t>(share));
    } else if (plan.failure_budget.percent > 0) {
        return;
    }
    if (now.quarantined > allowed) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("{} of {} items could not be migrated, {} are allowed "
                                "(failure_budget); see `dynamigrate runs {}`",
                                now.quarantined, now.read, allowed, plan.run))
            .at("table " + plan.table);
    }
}

void leave_to_any_lane(RunRecords& records, std::uint32_t records_step, std::uint32_t total,
                       const std::vector<SegmentState>& known) {
    std::vector<SegmentState> states(total);
    for (std::uint32_t segment = 0; segment < total; ++segment) {
        states[segment].segment = segment;
        states[segment].journal_from = 1;
    }
    for (const SegmentState& state : known) {
        if (state.segment < total) {
            states[state.segment] = state;
        }
    }
    for (SegmentState& state : states) {
        if (!state.is_done && state.journal_from > 0) {
            state.journal_from = 0;
            records.save_segment(records_step, state);
        }
    }
}

Target find_target(const Surroundings& surroundings, std::string_view table, std::stop_token stop) {
    const auto description =
        dynamodb::describe_table(*surroundings.service, table, std::move(stop));
    if (!description) {
        throw Error(ErrorKind::not_found, "an action names a table that does not exist")
            .at("table " + std::string(table));
    }
    return {std::string(table), description->key};
}

std::unique_ptr<layers::JournalWriter> create_part(const Surroundings& surroundings,
                                                   const std::string& run, std::uint32_t lane) {
    layers::PartHeader header;
    header.run = run;
    header.attempt = surroundings.attempt;
    header.fence = surroundings.fence;
    for (std::uint32_t tries = 0;; ++tries) {
        header.lane = (lane + tries) % 65'536;
        try {
            return surroundings.journal->create_part(header);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::already_exists || tries == 65'535) {
                throw;  // steps, passes and retries take the next free number
            }
        }
    }
}

}  // namespace dynamigrate::backfill
