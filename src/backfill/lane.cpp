#include "lane.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;

namespace {

constexpr std::size_t kMaxPageItems = 1000;
constexpr double kMemoryPerWireByte = 4.5;
constexpr double kMemoryPerItem = 600;
constexpr double kBytesPerReadUnit = 8192;   // of an eventually consistent read
constexpr double kReadUnitsRoundedUp = 0.5;  // of a page

}  // namespace

Lane::Lane(SharedRun& run, const SourceFactory& sources, std::uint32_t journal_lane)
    : run_(run),
      sources_(sources),
      journal_lane_(journal_lane),
      writer_(run.surroundings, run.endpoint, run.plan.overwrite, run.stop_now),
      page_time_(run.surroundings.pace, run.lanes_at_work) {
    limit_ = std::min(limit_, page_time_.fitting_items());
    policy_.guard = run.plan.guard;
    policy_.marker = run.plan.marker;
    policy_.run = run.marker;
}

Lane::~Lane() = default;

void Lane::work() {
    try {
        while (!run_.should_stop()) {
            auto segment = run_.next_segment();
            if (!segment) {
                break;
            }
            work_segment(std::move(*segment));
        }
    } catch (const std::exception&) {
        run_.fail(std::current_exception());
    }
    if (journal_) {
        try {
            journal_->flush();
            run_.add_part(journal_->summary());
        } catch (const std::exception&) {
            run_.fail(std::current_exception());
        }
    }
}

void Lane::work_segment(SegmentState state) {
    const auto settled = run_.settled.find(state.segment);
    settled_ = settled == run_.settled.end() ? nullptr : &settled->second;
    if (run_.deferred != nullptr) {
        spill_ = run_.deferred->open(run_.records_step, state.segment);
        output_.defer_to(&collector_);
    }
    const std::unique_ptr<PageSource> source = sources_(state.segment);
    while (!state.is_done && !run_.should_stop()) {
        SegmentState next = state;
        try {
            next.is_done = !work_page(*source, next);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::aborted) {
                save(state, true);
            }
            throw;
        }
        ++next.pages_done;
        if (settled_ == nullptr || settled_->empty()) {
            next.tail_from = next.tail_until = 0;
            if (run_.is_shared) {
                next.journal_from = next.attempt;
            }
        }
        if (run_.on_page_settled) {
            run_.on_page_settled();
        }
        state = std::move(next);
        save(state, state.is_done);
        run_.tell_progress(false);
        run_.check_budget(false);
    }
    save(state, true);
    if (state.is_done) {
        run_.segment_done();
    }
}

void Lane::save(const SegmentState& state, bool always) {
    const base::SteadyTime now = run_.surroundings.clock->steady_now();
    if (!always && now - saved_at_ < std::chrono::seconds(1)) {
        return;
    }
    if (journal_) {
        journal_->flush();
    }
    sync_deferred();
    run_.surroundings.records->save_segment(run_.records_step, state);
    saved_at_ = now;
}

bool Lane::work_page(PageSource& source, SegmentState& state) {
    std::unique_lock<std::mutex> borrowed;
    const bool is_beyond_share =
        bytes_per_item_ == 0 || bytes_per_item_ > static_cast<double>(run_.allowance.share());
    if (is_beyond_share) {
        borrowed = run_.allowance.borrow();
    }
    const std::size_t limit =
        run_.plan.page_items > 0 ? std::min<std::size_t>(limit_, run_.plan.page_items) : limit_;
    arena_.reset();
    items_.clear();
    page_write_units_ = 0;
    const base::SteadyTime begun = run_.surroundings.clock->steady_now();
    const bool has_more = source.read(limit, state.position, arena_, items_);
    page_.step = run_.records_step;
    page_.segment = state.segment;
    page_.page = state.pages_done;
    first_number_ = source.first_number();
    estimate_unread(source);
    if (spill_) {
        spill_->begin_page(page_.page);
    }
    process(state);
    adapt_limit(source, limit, run_.surroundings.clock->steady_now() - begun);
    const double cost = static_cast<double>(source.page_bytes()) * kMemoryPerWireByte;
    if (cost > 2.0 * static_cast<double>(run_.allowance.share())) {
        source.shrink();
        writer_.shrink();
        arena_ = base::Arena(64 * 1024);
        std::vector<Item>().swap(items_);
        std::vector<Edit>().swap(edits_);
    }
    return has_more;
}

/// Where a page's items were read in part, what it took to read them tells how large they are at
/// least.
void Lane::estimate_unread(const PageSource& source) {
    unread_bytes_ = 0;
    if (!source.reads_in_part() || items_.empty()) {
        return;
    }
    const double item_bytes = (source.read_units() - kReadUnitsRoundedUp) * kBytesPerReadUnit /
                              static_cast<double>(std::max<std::uint64_t>(1, source.scanned()));
    const double read_bytes = static_cast<double>(dynamodb::item_size(items_.front()).value);
    unread_bytes_ = static_cast<std::uint64_t>(std::max(0.0, item_bytes - read_bytes));
}

void Lane::adapt_limit(const PageSource& source, std::size_t limit,
                       base::SteadyTime::duration took) {
    const auto scanned = static_cast<double>(std::max<std::uint64_t>(1, source.scanned()));
    const double page_cost = static_cast<double>(source.page_bytes()) * kMemoryPerWireByte +
                             kMemoryPerItem * static_cast<double>(items_.size() + 1);
    bytes_per_item_ = std::max(page_cost / scanned, bytes_per_item_ * 0.7);
    const double fitting = static_cast<double>(run_.allowance.share()) / bytes_per_item_;
    const double read_units = source.read_units() > 0
                                  ? source.read_units()
                                  : static_cast<double>(source.page_bytes()) / kBytesPerReadUnit;
    page_time_.took(took, scanned, read_units, page_write_units_);
    const auto wanted =
        std::min(static_cast<std::size_t>(std::max(1.0, fitting)), page_time_.fitting_items());
    limit_ = std::clamp<std::size_t>(wanted, 1, std::min(kMaxPageItems, limit * 8));
    if (limit_ > kBatchStatements) {
        limit_ -= limit_ % kBatchStatements;  // so that a page ends with a full batch
    }
}

void Lane::process(SegmentState& state) {
    page_counts_ = {};
    page_counts_.read = items_.size();
    edits_.clear();
    moves_.clear();
    actions_.clear();
    action_store_.clear();
    if (run_.plan.transform->may_change_key()) {
        std::for_each(items_.begin(), items_.end(), [&](const Item& item) { see_names(item); });
    }
    chosen_.clear();
    for (std::uint32_t index = 0; index < items_.size(); ++index) {
        const Item& item = items_[index];
        if (settled_ != nullptr && !settled_->empty() &&
            settled_->erase(dynamodb::to_wire_json(run_.source.key.key_of(item, arena_))) > 0) {
            continue;
        }
        if (!run_.where.matches(item) || is_marked(item)) {
            continue;
        }
        ++page_counts_.matched;
        chosen_.push_back(index);
    }
    decide_chosen();
    write_waves();
    state.counts += page_counts_;
    run_.add(page_counts_);
}

bool Lane::is_marked(const Item& item) const {
    return run_.plan.marker && item.text(kMarkerAttribute) == run_.marker;
}

void Lane::decide_chosen() {
    if (!run_.plan.transform->is_paged()) {
        for (const std::uint32_t index : chosen_) {
            decide(index, items_[index], nullptr);
        }
        return;
    }
    std::vector<Item> items;
    for (const std::uint32_t index : chosen_) {
        items.push_back(items_[index]);
    }
    std::vector<PageOutput> outputs(items.size());
    run_.plan.transform->apply_page(items, arena_, outputs);
    for (std::size_t i = 0; i < items.size(); ++i) {
        decide(chosen_[i], items[i], &outputs[i]);
    }
}

/// `output`: what a transform of whole pages has decided.
void Lane::decide(std::uint32_t index, const Item& item, PageOutput* output) {
    output_.clear();
    try {
        if (spill_) {
            begin_group(run_.source.key.key_of(item, arena_));
        }
        if (output == nullptr) {
            run_.plan.transform->apply(item, arena_, output_);
        } else if (output->failure) {
            throw *output->failure;
        } else {
            output_ = std::move(output->output);
        }
        end_group(true);
        ReadSet read;
        read.names = &output_.read();
        read.always = &run_.where.attributes();
        read.all = output_.has_read_all();
        take_actions(index);
        if (!run_.plan.target_table.empty() ||
            std::holds_alternative<ItemsSource>(run_.plan.source)) {
            copy_to_target(
                index, output_.kind() == TransformOutput::Kind::changed ? output_.after() : item);
            return;
        }
        decide_change(index, item, read);
    } catch (const Error& error) {
        end_group(false);
        if (error.kind() == ErrorKind::cancelled) {
            throw;
        }
        Item key;
        try {
            key = run_.source.key.key_of(item, arena_);
        } catch (const Error&) {
            key = item;
        }
        quarantine(run_.source, key, "transform_error", error.what(), true, number_of(index));
    }
}

void Lane::take_actions(std::uint32_t origin) {
    for (const Action& action : output_.actions()) {
        action_store_.push_back(action);
        actions_.push_back({&action_store_.back(), origin});
    }
}

void Lane::copy_to_target(std::uint32_t index, const Item& item) {
    if (output_.kind() == TransformOutput::Kind::removed) {
        return;
    }
    (void)run_.target.key.key_of(item, arena_);  // throws when the item has no key
    Action action;
    action.kind = Action::Kind::put;
    action.table = run_.target.name;
    action.item = item;
    action.if_exists = run_.plan.if_exists;
    action_store_.push_back(action);
    actions_.push_back({&action_store_.back(), index, true});
}

void Lane::decide_change(std::uint32_t index, const Item& item, ReadSet read) {
    if (output_.kind() == TransformOutput::Kind::unchanged) {
        if (output_.actions().empty()) {
            ++page_counts_.unchanged;
        }
        return;
    }
    if (output_.kind() == TransformOutput::Kind::removed) {
        read.all = true;  // what the journal keeps of it must be what is deleted
        Edit edit = make_delete(run_.source, item, read, policy_, arena_);
        edit.origin = index;
        edits_.push_back(edit);
        return;
    }
    const Item& after = output_.after();
    if (run_.plan.transform->may_change_key() &&
        run_.source.key.key_of(after, arena_) != run_.source.key.key_of(item, arena_)) {
        moves_.push_back(make_move(item, after, read));
        moves_.back().origin = index;
        return;
    }
    Edit edit = make_update(run_.source, item, after, read, policy_, arena_);
    edit.origin = index;
    edit.unread_bytes = unread_bytes_;
    if (!edit.has_effect()) {
        ++page_counts_.unchanged;
    } else if (fits(edit)) {
        edits_.push_back(edit);
    }
}

void Lane::quarantine(const Target& table, const Item& key, std::string reason, std::string message,
                      bool is_source, std::uint64_t number) {
    ++page_counts_.quarantined;
    if (is_source && reason != "outcome_unknown") {
        drop_group(key);  // the transform is asked again when the item is tried again
    }
    QuarantinedItem item;
    item.reason = std::move(reason);
    item.message = std::move(message);
    item.is_source = is_source;
    item.number = number;
    item.segment = page_.segment;
    item.page = page_.page;
    run_.quarantine(table, key, std::move(item));
}

void Lane::quarantine(const Edit& edit, std::string reason, std::string message) {
    if (edit.is_copy) {
        quarantine_origin(edit.origin, edit.key, std::move(reason), std::move(message));
    } else {
        quarantine(*edit.target, edit.key, std::move(reason), std::move(message),
                   edit.action == nullptr);
    }
}

void Lane::quarantine_origin(std::uint32_t origin, const Item& put_key, std::string reason,
                             std::string message) {
    const std::uint64_t number = number_of(origin);
    const Item key = number > 0 ? put_key : run_.source.key.key_of(items_[origin], arena_);
    quarantine(run_.source, key, std::move(reason), std::move(message), true, number);
}

std::uint64_t Lane::number_of(std::uint32_t origin) const {
    return first_number_ == 0 ? 0 : run_.number_in_source(first_number_ + origin);
}

}  // namespace dynamigrate::backfill
