#include "action_edit.hpp"
#include "deferred_run.hpp"
#include "lane.hpp"
#include "page_source.hpp"

#include <dynamigrate/dynamodb/operations.hpp>
#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;
using layers::EntryOutcome;

namespace {

constexpr std::size_t kMostItems = 100;
constexpr std::uint64_t kMostActions = 2000;
constexpr std::size_t kMostBytes = 1024 * 1024;

/// Only one attempt at a part at a time: no marker is needed.
const EditPolicy kPolicy;

}  // namespace

DeferredLane::DeferredLane(DeferredShared& shared, std::uint32_t journal_lane)
    : shared_(shared),
      journal_lane_(journal_lane),
      writer_(shared.run.surroundings, shared.run.endpoint, false, shared.run.stop_now),
      wave_time_(shared.run.surroundings.pace, shared.run.lanes_at_work) {}

void DeferredLane::work() {
    SharedRun& run = shared_.run;
    try {
        while (!run.should_stop()) {
            const auto segment = run.next_segment();
            if (!segment) {
                break;
            }
            work_part(shared_.parts[segment->segment]);
        }
    } catch (const std::exception&) {
        run.fail(std::current_exception());
    }
    if (journal_) {
        try {
            journal_->flush();
            run.add_part(journal_->summary());
        } catch (const std::exception&) {
            run.fail(std::current_exception());
        }
    }
}

void DeferredLane::work_part(DeferredPart& part) {
    SharedRun& run = shared_.run;
    PartPosition position = PartPosition::parse(part.state.position);
    bool is_whole = retry_blocked(part, position);
    RecordReader reader(shared_.store.part(part.state.segment));
    reader.seek(position.offset);
    while (is_whole && !run.should_stop()) {
        const base::SteadyTime begun = run.surroundings.clock->steady_now();
        const bool has_more = take_wave(part, reader, position);
        const auto items = static_cast<double>(items_.size());
        perform(part);
        part.state.position = position.text();
        part.state.is_done = !has_more;
        save(part, !has_more);
        wave_time_.took(run.surroundings.clock->steady_now() - begun, items, items, write_units_);
        run.tell_progress(false);
        shared_.check_budget(false);
        if (!has_more) {
            run.segment_done();
            return;
        }
    }
    save(part, true);
}

/// The actions on items that are blocked come first, up to where the part is; false when stopped.
bool DeferredLane::retry_blocked(DeferredPart& part, const PartPosition& until) {
    std::map<std::string, BlockedItem> waiting;
    for (const auto& [name, item] : part.blocked) {
        if (!item.is_final) {
            waiting.emplace(name, item);
        }
    }
    if (waiting.empty()) {
        return true;
    }
    for (const auto& [name, item] : waiting) {
        part.blocked.erase(name);
    }
    RecordReader reader(shared_.store.part(part.state.segment));
    std::string_view record;
    for (std::uint64_t number = 1; number <= until.number && reader.next(record); ++number) {
        const NumberedAction action = read_numbered(record);
        const std::string name(action.name);
        const auto known = waiting.find(name);
        if (known == waiting.end() || number < known->second.number ||
            part.blocked.contains(name) || part.is_settled(name, number)) {
            continue;
        }
        if (shared_.run.should_stop()) {
            return false;
        }
        wave_ = {number, number};
        add(action, number);
        perform(part);
    }
    save(part, true);
    for (const auto& [name, item] : waiting) {
        if (!part.blocked.contains(name)) {
            shared_.run.surroundings.records->forget_quarantined(item.record);
        }
    }
    return true;
}

/// The next actions, of so many different items as fit; false when these are the last.
bool DeferredLane::take_wave(DeferredPart& part, RecordReader& reader, PartPosition& position) {
    const std::size_t most = std::min(kMostItems, wave_time_.fitting_items());
    std::size_t bytes = 0;
    std::string_view record;
    wave_ = {position.number + 1, position.number};
    while (bytes < kMostBytes && position.number - wave_.first + 1 < kMostActions) {
        if (!reader.next(record)) {
            return false;
        }
        const NumberedAction action = read_numbered(record);
        const std::string name(action.name);
        if (items_.size() >= most && !by_name_.contains(name)) {
            reader.seek(position.offset);
            return true;
        }
        position = {position.number + 1, reader.offset()};
        wave_.last = position.number;
        if (part.is_settled(name, position.number)) {
            ++executed_;
        } else if (!part.blocked.contains(name)) {
            bytes += record.size();
            add(action, position.number);
        }
    }
    return true;
}

void DeferredLane::add(const NumberedAction& numbered, std::uint64_t number) {
    const Action action = parser_.parse(numbered.text, arena_);
    const auto [place, is_new] =
        by_name_.try_emplace(std::string(numbered.name), static_cast<std::uint32_t>(items_.size()));
    if (!is_new) {
        items_[place->second].actions.push_back(action);
        return;
    }
    auto table = tables_.find(action.table);
    if (table == tables_.end()) {
        table =
            tables_
                .emplace(std::string(action.table),
                         find_target(shared_.run.surroundings, action.table, shared_.run.stop_now))
                .first;
    }
    WaveItem& item = items_.emplace_back();
    item.name = numbered.name;
    item.table = &table->second;
    item.key = item.table->key.key_of(action.item, arena_);
    item.first = number;
    item.actions.push_back(action);
}

void DeferredLane::perform(DeferredPart& part) {
    counts_ = {};
    write_units_ = 0;
    read_items_now();
    std::vector<Edit> edits;
    for (std::uint32_t index = 0; index < items_.size(); ++index) {
        const auto& current = current_[index];
        if (auto edit = decide(part, index, current ? &*current : nullptr, true)) {
            edits.push_back(*edit);
        }
    }
    std::vector<Edit> again;
    while (!edits.empty()) {
        again.clear();
        send(part, edits, again);
        edits.swap(again);
    }
    for (const WaveItem& item : items_) {
        executed_ += part.blocked.contains(item.name) ? 0 : item.actions.size();
    }
    shared_.done += executed_;
    part.state.counts += counts_;
    part.state.counts.read += executed_;
    shared_.run.add(counts_);
    executed_ = 0;
    items_.clear();
    by_name_.clear();
    arena_.reset();
}

void DeferredLane::read_items_now() {
    current_.assign(items_.size(), std::nullopt);
    std::map<const Target*, std::vector<Item>> keys;
    for (const WaveItem& item : items_) {
        keys[item.table].push_back(item.key);
    }
    for (const auto& [table, wanted] : keys) {
        std::vector<Item> found;
        read_items(*shared_.run.surroundings.service, *table, wanted, arena_, found,
                   shared_.run.stop_now);
        for (const Item& item : found) {
            const auto place = by_name_.find(
                table->name + dynamodb::to_wire_json(table->key.key_of(item, arena_)));
            if (place != by_name_.end()) {
                current_[place->second] = item;
            }
        }
    }
}

std::optional<Edit> DeferredLane::decide(DeferredPart& part, std::uint32_t index,
                                         const Item* current, bool counts) {
    const WaveItem& item = items_[index];
    ActionState state;
    if (current != nullptr) {
        state.before = state.after = *current;
    }
    std::uint64_t kept = 0;
    for (const Action& action : item.actions) {
        const ActionEffect effect = apply(action, state, arena_);
        if (effect.kind == ActionEffect::Kind::exists) {
            block(part, item, "key_exists",
                  "an item with this key exists already (if_exists: fail)");
            return std::nullopt;
        }
        if (effect.kind == ActionEffect::Kind::refused) {
            block(part, item, "rejected", effect.message);
            return std::nullopt;
        }
        kept += effect.kind == ActionEffect::Kind::kept ? 1 : 0;
    }
    std::optional<Edit> edit = edit_for(state, *item.table, kPolicy, arena_);
    if (edit && edit->after_bytes > dynamodb::kMaxItemBytes.value) {
        block(part, item, "too_large", "the changed item would exceed 400 KB");
        return std::nullopt;
    }
    if (counts) {
        counts_.kept += kept;
        counts_.unchanged += edit || kept > 0 ? 0 : 1;
    }
    if (edit) {
        edit->origin = index;
    }
    return edit;
}

void DeferredLane::send(DeferredPart& part, std::vector<Edit>& edits, std::vector<Edit>& again) {
    SharedRun& run = shared_.run;
    if (!journal_) {
        journal_ = create_part(run.surroundings, run.plan.run, journal_lane_);
    }
    journal_->begin_page({run.records_step, part.state.segment, wave_.page()});
    sending_.clear();
    for (Edit& edit : edits) {
        edit.id = journal_->add(journal_entry(edit, arena_, absent_));
        sending_.push_back(&edit);
        write_units_ += edit.write_units();
    }
    journal_->commit_page();
    writer_.write(sending_, ends_);
    for (std::size_t i = 0; i < edits.size(); ++i) {
        finish(part, edits[i], ends_[i], again);
    }
}

void DeferredLane::finish(DeferredPart& part, Edit& edit, const WriteEnd& end,
                          std::vector<Edit>& again) {
    const WaveItem& item = items_[edit.origin];
    switch (end.kind) {
        case WriteEnd::Kind::applied:
            journal_->add_outcome(edit.id, EntryOutcome::applied);
            ++counts_.changed;
            return;
        case WriteEnd::Kind::rejected:
            journal_->add_outcome(edit.id, EntryOutcome::rejected);
            block(part, item, end.reason, end.message);
            return;
        case WriteEnd::Kind::ambiguous:
            if (!is_repeatable(item, edit.after)) {
                journal_->add_outcome(edit.id, EntryOutcome::unknown);
                block(part, item, "outcome_unknown",
                      "an answer was lost and the item was changed by somebody else since: whether "
                      "this run changed it cannot be known");
                return;
            }
            [[fallthrough]];
        case WriteEnd::Kind::conflict:
            journal_->add_outcome(edit.id, EntryOutcome::guard_failed);
            after_conflict(part, edit, again);
            return;
    }
}

void DeferredLane::after_conflict(DeferredPart& part, Edit& edit, std::vector<Edit>& again) {
    const WaveItem& item = items_[edit.origin];
    ++counts_.conflicts;
    if (edit.rounds >= kMaxRounds) {
        block(part, item, "conflict",
              "somebody else changes the item faster than the action can be done");
        return;
    }
    const std::optional<Item> current = writer_.read(*item.table, item.key, arena_);
    if (auto next = decide(part, edit.origin, current ? &*current : nullptr, true)) {
        next->rounds = edit.rounds + 1;
        again.push_back(*next);
    }
}

bool DeferredLane::is_repeatable(const WaveItem& item, const Item& after) {
    return std::all_of(item.actions.begin(), item.actions.end(),
                       [&](const Action& action) { return is_idempotent(action, after, arena_); });
}

void DeferredLane::block(DeferredPart& part, const WaveItem& item, std::string reason,
                         std::string message) {
    BlockedItem blocked;
    blocked.number = item.first;
    blocked.is_final = reason == "outcome_unknown";
    QuarantinedItem& record = blocked.record;
    record.table = item.table->name;
    record.key = dynamodb::to_wire_json(item.key);
    record.reason = std::move(reason);
    record.message = std::move(message);
    record.is_source = false;
    record.number = item.first;
    record.segment = part.state.segment;
    record.page = item.first;
    shared_.run.quarantine(*item.table, item.key, record);
    ++counts_.quarantined;
    ++shared_.blocked;
    part.blocked[item.name] = std::move(blocked);
}

void DeferredLane::save(DeferredPart& part, bool always) {
    SharedRun& run = shared_.run;
    const base::SteadyTime now = run.surroundings.clock->steady_now();
    if (!always && now - saved_at_ < std::chrono::seconds(1)) {
        return;
    }
    if (journal_) {
        journal_->flush();
    }
    run.surroundings.records->save_segment(run.records_step, part.state);
    saved_at_ = now;
}

}  // namespace dynamigrate::backfill
