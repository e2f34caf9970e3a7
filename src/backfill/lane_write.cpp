#include "action_edit.hpp"
#include "lane.hpp"

#include <dynamigrate/dynamodb/size.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <fmt/format.h>

#include <algorithm>

/// How a lane writes: in waves of edits whose keys differ. Each wave is journalled as one page and
/// synced before anything is sent; guards that failed make the next wave.
namespace dynamigrate::backfill {

using base::Error;
using base::ErrorKind;
using dynamodb::Item;
using layers::EntryKind;
using layers::EntryOutcome;

namespace {

constexpr std::size_t kMaxWave = 1000;

}  // namespace

bool Lane::fits(const Edit& edit) {
    if (edit.after_bytes <= dynamodb::kMaxItemBytes.value) {
        return true;
    }
    quarantine(edit, "too_large", "the changed item would exceed 400 KB");
    return false;
}

/// Actions come first: once the item itself is written, a later attempt does not ask for them again.
void Lane::write_waves() {
    perform_actions();
    write_wave(edits_);
    for (std::size_t i = 0; i < moves_.size(); ++i) {  // what changes while it goes may add some
        perform_move(moves_[i]);
    }
}

void Lane::write_wave(std::vector<Edit>& edits) {
    std::vector<Edit> again;
    while (!edits.empty()) {
        again.clear();
        send_wave(edits, again);
        edits.swap(again);
        if (!is_performing_) {
            perform_actions();  // what changed items ask for now
        }
    }
}

void Lane::send_wave(std::vector<Edit>& edits, std::vector<Edit>& again) {
    if (!journal_) {
        journal_ = create_part(run_.surroundings, run_.plan.run, journal_lane_);
    }
    journal_->begin_page(page_);
    sending_.clear();
    for (Edit& edit : edits) {
        if (run_.plan.overwrite && edit.kind == EntryKind::update) {
            edit.kind = EntryKind::replace;
        }
        edit.id = journal_->add(journal_entry(edit, arena_, absent_));
        sending_.push_back(&edit);
        page_write_units_ += edit.write_units();
    }
    sync_deferred();
    journal_->commit_page();
    writer_.write(sending_, ends_);
    for (std::size_t i = 0; i < edits.size(); ++i) {
        finish(edits[i], ends_[i], again);
    }
}

void Lane::finish(Edit& edit, const WriteEnd& end, std::vector<Edit>& again) {
    switch (end.kind) {
        case WriteEnd::Kind::applied:
            journal_->add_outcome(edit.id, EntryOutcome::applied);
            ++page_counts_.changed;
            return;
        case WriteEnd::Kind::rejected:
            journal_->add_outcome(edit.id, EntryOutcome::rejected);
            quarantine(edit, end.reason, end.message);
            return;
        case WriteEnd::Kind::ambiguous:
            if (edit.action == nullptr && !is_idempotent_at(edit.after)) {
                journal_->add_outcome(edit.id, EntryOutcome::unknown);
                quarantine(edit, "outcome_unknown",
                           "an answer was lost and the item was changed by somebody else since: "
                           "whether this run changed it cannot be known");
                return;
            }
            [[fallthrough]];
        case WriteEnd::Kind::conflict:
            journal_->add_outcome(edit.id, EntryOutcome::guard_failed);
            after_conflict(edit, again);
            return;
    }
}

void Lane::after_conflict(Edit& edit, std::vector<Edit>& again) {
    ++page_counts_.conflicts;
    if (edit.rounds >= kMaxRounds) {
        quarantine(edit, "conflict", describe_conflict(edit));
        return;
    }
    std::optional<Edit> next = edit.action != nullptr ? resolve_action(edit) : resolve(edit);
    if (next && next->kind == EntryKind::move_remove) {
        moves_.push_back(*next);
    } else if (next && fits(*next)) {
        next->rounds = edit.rounds + 1;
        again.push_back(*next);
    }
}

std::string Lane::describe_conflict(const Edit& edit) {
    const std::optional<Item> current = writer_.read(*edit.target, edit.key, arena_);
    if (current && !edit.before.empty() && holds_all(*current, edit.before)) {
        return "the guard fails although the item is as it was read: the endpoint does not compare "
               "values of its types (dynalite compares no lists, maps and binary values)";
    }
    return "somebody else changes the item faster than it can be migrated";
}

bool Lane::is_idempotent_at(const Item& after) {
    if (after.empty() || !run_.where.matches(after)) {
        return true;
    }
    TransformOutput output;
    try {
        run_.plan.transform->apply(after, arena_, output);
    } catch (const Error&) {
        return false;
    }
    return output.kind() == TransformOutput::Kind::unchanged ||
           (output.kind() == TransformOutput::Kind::changed && output.after() == after);
}

bool Lane::transform(const Item& item, const Item& key) {
    output_.clear();
    try {
        begin_group(key);
        run_.plan.transform->apply(item, arena_, output_);
        end_group(true);
        return true;
    } catch (const Error& error) {
        end_group(false);
        if (error.kind() == ErrorKind::cancelled) {
            throw;
        }
        quarantine(run_.source, key, "transform_error", error.what());
        return false;
    }
}

std::optional<Edit> Lane::resolve(const Edit& edit) {
    const std::optional<Item> current = writer_.read(*edit.target, edit.key, arena_);
    return decide_again(edit, current ? &*current : nullptr);
}

std::optional<Edit> Lane::decide_again(const Edit& edit, const Item* current) {
    if (current == nullptr || !run_.where.matches(*current) || is_marked(*current)) {
        drop_group(edit.key);
        ++page_counts_.unchanged;
        return std::nullopt;
    }
    if (!transform(*current, edit.key)) {
        return std::nullopt;
    }
    take_actions(edit.origin);
    ReadSet read;
    read.names = &output_.read();
    read.always = &run_.where.attributes();
    read.all = output_.has_read_all();
    Edit next;
    switch (output_.kind()) {
        case TransformOutput::Kind::unchanged:
            ++page_counts_.unchanged;
            return std::nullopt;
        case TransformOutput::Kind::removed:
            read.all = true;
            next = make_delete(*edit.target, *current, read, policy_, arena_);
            break;
        case TransformOutput::Kind::changed:
            if (run_.plan.transform->may_change_key() &&
                edit.target->key.key_of(output_.after(), arena_) != edit.key) {
                next = make_move(*current, output_.after(), read);
            } else {
                next = make_update(*edit.target, *current, output_.after(), read, policy_, arena_);
            }
            break;
    }
    next.origin = edit.origin;
    next.rounds = edit.rounds + 1;
    if (!next.has_effect()) {
        ++page_counts_.unchanged;
        return std::nullopt;
    }
    return next;
}

const Target& Lane::table_of(const Action& action) {
    if (action.table.empty() || action.table == run_.source.name) {
        return run_.source;
    }
    if (action.table == run_.target.name) {
        return run_.target;
    }
    auto known = targets_.find(action.table);
    if (known == targets_.end()) {
        known = targets_
                    .emplace(std::string(action.table),
                             find_target(run_.surroundings, action.table, run_.stop_now))
                    .first;
    }
    return known->second;
}

std::optional<Edit> Lane::edit_of_action(const PendingAction& pending, const Item* current) {
    const Action& action = *pending.action;
    const Target& table = table_of(action);
    EditPolicy policy = policy_;
    policy.guard = {};
    if (is_done_already(action, table)) {
        ++page_counts_.unchanged;
        return std::nullopt;
    }
    ActionState state;
    if (current != nullptr) {
        state.before = state.after = *current;
    }
    const ActionEffect effect = apply(action, state, arena_);
    std::optional<Edit> edit;
    if (effect.kind == ActionEffect::Kind::done) {
        edit = edit_for(state, table, policy, arena_);
    }
    if (effect.kind == ActionEffect::Kind::kept) {
        ++page_counts_.kept;
        return std::nullopt;
    }
    if (effect.kind == ActionEffect::Kind::done && !edit) {
        ++page_counts_.unchanged;
        return std::nullopt;
    }
    if (!edit) {
        edit.emplace();
        edit->target = &table;
        edit->key = table.key.key_of(action.item, arena_);
    }
    edit->action = pending.action;
    edit->origin = pending.origin;
    edit->is_copy = pending.is_copy;
    if (effect.kind == ActionEffect::Kind::exists) {
        quarantine(*edit, "key_exists", "an item with this key exists already (if_exists: fail)");
        return std::nullopt;
    }
    if (effect.kind == ActionEffect::Kind::refused) {
        quarantine(*edit, "rejected", effect.message);
        return std::nullopt;
    }
    if (!is_idempotent(action, edit->after, arena_)) {
        quarantine(
            *edit, "rejected",
            fmt::format("applied twice, as after a crash, the update \"{}\" would not be "
                        "the same as once; defer the action: then it is applied exactly once",
                        action.expression));
        return std::nullopt;
    }
    return fits(*edit) ? edit : std::nullopt;
}

/// Whether an earlier attempt had exactly this effect: the application may have written since.
bool Lane::is_done_already(const Action& action, const Target& table) {
    if (run_.settled_actions.empty()) {
        return false;
    }
    const auto settled = run_.settled_actions.find(
        table.name + dynamodb::to_wire_json(table.key.key_of(action.item, arena_)));
    if (settled == run_.settled_actions.end()) {
        return false;
    }
    const Item& after = settled->second->item;
    if (action.kind == Action::Kind::remove) {
        return after.empty();
    }
    if (!action.expression.empty()) {
        return !after.empty() && is_idempotent(action, after, arena_);
    }
    const Item& wanted = action.kind == Action::Kind::put ? action.item : action.update;
    return !after.empty() && std::all_of(wanted.begin(), wanted.end(), [&](const auto& attribute) {
        const dynamodb::AttributeValue* value = after.find(attribute.name);
        return value == nullptr ? table.key.contains(attribute.name) : *value == attribute.value;
    });
}

std::optional<Edit> Lane::resolve_action(const Edit& edit) {
    const std::optional<Item> current = writer_.read(*edit.target, edit.key, arena_);
    return edit_of_action({edit.action, edit.origin, edit.is_copy}, current ? &*current : nullptr);
}

void Lane::perform_actions() {
    const std::vector<PendingAction> actions = std::move(actions_);
    actions_.clear();
    is_performing_ = true;
    std::size_t at = 0;
    while (at < actions.size()) {
        action_edits_.clear();
        std::unordered_set<std::string> keys;
        for (; at < actions.size() && action_edits_.size() < kMaxWave; ++at) {
            const Action& action = *actions[at].action;
            const Target& table = table_of(action);
            const Item key = table.key.key_of(action.item, arena_);
            if (!keys.insert(table.name + dynamodb::to_wire_json(key)).second) {
                break;
            }
            // Where lanes may delete what others put, a put is journalled after it was seen that
            // nothing is there: so undo finds it later than the deletion that made room for it.
            const bool is_optimistic = actions[at].is_copy && !run_.plan.transform->may_act() &&
                                       action.if_exists != IfExists::replace;
            std::optional<Item> current;
            if (!is_optimistic) {
                current = writer_.read(table, key, arena_);
            }
            if (auto edit = edit_of_action(actions[at], current ? &*current : nullptr)) {
                action_edits_.push_back(*edit);
            }
        }
        write_wave(action_edits_);
    }
    is_performing_ = false;
}

}  // namespace dynamigrate::backfill
