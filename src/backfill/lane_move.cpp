#include "lane.hpp"

#include <algorithm>

/// How a lane changes keys: delete, then put, each item by itself.
namespace dynamigrate::backfill {

using dynamodb::Item;
using layers::EntryKind;
using layers::EntryOutcome;

namespace {

constexpr std::size_t kMaxMoveConditions = 100;

}  // namespace

/// What will be deleted has to be known before, for the case that nobody lives to hear what was: so
/// the deletion is guarded by all that is there, and by the absence of what other items have.
Edit Lane::make_move(const Item& item, const Item& after, ReadSet read) {
    read.all = true;
    Edit remove = make_delete(run_.source, item, read, policy_, arena_);
    remove.kind = EntryKind::move_remove;
    remove.after = after;
    if (policy_.guard.kind == Guard::Kind::version) {
        return remove;
    }
    std::vector<std::string_view> absent(remove.guard_absent.begin(), remove.guard_absent.end());
    for (const std::string& name : names_seen_) {
        if (remove.guard_present.size() + absent.size() < kMaxMoveConditions &&
            item.find(name) == nullptr &&
            std::find(absent.begin(), absent.end(), name) == absent.end()) {
            absent.push_back(name);
        }
    }
    remove.guard_absent = arena_.copy(std::span<const std::string_view>(absent));
    return remove;
}

void Lane::see_names(const Item& item) {
    for (const dynamodb::Attribute& attribute : item) {
        if (names_seen_.size() < kMaxMoveConditions && !run_.source.key.contains(attribute.name) &&
            attribute.name != kMarkerAttribute) {
            names_seen_.emplace(attribute.name);
        }
    }
}

void Lane::perform_move(Edit remove) {
    while (const std::optional<Edit> next = refresh_move(remove)) {
        remove = *next;
        if (remove.kind != EntryKind::move_remove) {
            std::vector<Edit> edits;
            if (fits(remove)) {
                edits.push_back(remove);
            }
            write_wave(edits);
            return;
        }
        if (try_move(remove)) {
            return;
        }
        ++page_counts_.conflicts;
        if (++remove.rounds > kMaxRounds) {
            quarantine(run_.source, remove.key, "conflict", "the key change does not settle");
            return;
        }
    }
}

/// The move as the item is now, right before it is journalled; nothing when it is settled. Whatever
/// is at the new key then comes before this move in the journal's order.
std::optional<Edit> Lane::refresh_move(const Edit& remove) {
    Edit next = remove;
    for (std::uint32_t round = 0; round <= kMaxRounds; ++round) {
        const Edit insert = make_insert(run_.source, next.after, policy_, arena_);
        if (!fits(insert) || !is_valid_key(insert)) {
            return std::nullopt;
        }
        const std::vector<Item> keys{next.key, insert.key};
        std::vector<Item> items;
        read_items(*run_.surroundings.service, run_.source, keys, arena_, items, run_.stop_now);
        const auto at = [&](const Item& key) {
            const auto found = std::find_if(items.begin(), items.end(), [&](const Item& item) {
                return run_.source.key.key_of(item, arena_) == key;
            });
            return found == items.end() ? nullptr : &*found;
        };
        const Item* current = at(next.key);
        if (current != nullptr && *current == next.before) {
            if (at(insert.key) == nullptr) {
                return next;
            }
            quarantine(run_.source, next.key, "key_exists",
                       "an item with the new key exists already");
            return std::nullopt;
        }
        const std::optional<Edit> again = decide_again(next, current);
        perform_actions();
        if (!again || again->kind != EntryKind::move_remove) {
            return again;
        }
        next = *again;
    }
    quarantine(run_.source, next.key, "conflict", "the key change does not settle");
    return std::nullopt;
}

/// Returns false when the item is no longer as it was read.
bool Lane::try_move(Edit remove) {
    Edit insert = make_insert(run_.source, remove.after, policy_, arena_);
    insert.kind = EntryKind::move_insert;
    remove.after = {};
    if (!journal_) {
        journal_ = create_part(run_.surroundings, run_.plan.run, journal_lane_);
    }
    journal_->begin_page(page_);
    remove.id = journal_->add(journal_entry(remove, arena_, absent_));
    insert.id = journal_->add(journal_entry(insert, arena_, absent_));
    sync_deferred();
    journal_->commit_page();
    page_write_units_ += (remove.write_units() + insert.write_units()) * (run_.plan.atomic ? 2 : 1);
    std::optional<dynamodb::OwnedItem> deleted;
    const WriteEnd end = run_.plan.atomic ? writer_.write_move(remove, insert)
                                          : writer_.write_single(remove, &deleted);
    switch (end.kind) {
        case WriteEnd::Kind::applied:
            journal_->add_outcome(remove.id, EntryOutcome::applied);
            if (run_.plan.atomic) {
                journal_->add_outcome(insert.id, EntryOutcome::applied);
                ++page_counts_.changed;
                return true;
            }
            journal_->flush();  // whoever replays need not guess whether it was deleted
            if (put_moved(remove, insert, deleted ? deleted->item : remove.before)) {
                ++page_counts_.changed;
            }
            return true;
        case WriteEnd::Kind::rejected:
            journal_->add_outcome(remove.id, EntryOutcome::rejected);
            journal_->add_outcome(insert.id, EntryOutcome::rejected);
            quarantine(run_.source, remove.key, end.reason, end.message);
            return true;
        case WriteEnd::Kind::ambiguous:
            if (!is_still_there(remove)) {
                journal_->add_outcome(remove.id, EntryOutcome::unknown);
                journal_->add_outcome(insert.id, EntryOutcome::unknown);
                quarantine(run_.source, remove.key, "outcome_unknown",
                           "an answer was lost: whether the item that is here now is another one "
                           "cannot be known; what was here is in the journal");
                return true;
            }
            [[fallthrough]];
        case WriteEnd::Kind::conflict:
            journal_->add_outcome(remove.id, EntryOutcome::guard_failed);
            journal_->add_outcome(insert.id, EntryOutcome::guard_failed);
            return false;
    }
    return true;
}

bool Lane::is_still_there(const Edit& remove) {
    const std::optional<Item> current = writer_.read(*remove.target, remove.key, arena_);
    return current && holds_all(*current, remove.before);
}

bool Lane::is_valid_key(const Edit& insert) {
    const auto is_valid = [&](const dynamodb::KeyAttribute& attribute) {
        const dynamodb::AttributeValue* value = insert.key.find(attribute.name);
        return value != nullptr && value->is(attribute.type) && !value->text().empty();
    };
    const dynamodb::KeySchema& key = insert.target->key;
    if (is_valid(key.hash) && (!key.sort || is_valid(*key.sort))) {
        return true;
    }
    quarantine(run_.source, insert.key, "rejected", "the new key is empty or not of the key's type",
               false);
    return false;
}

bool Lane::put_moved(const Edit& remove, const Edit& planned_insert, const Item& deleted) {
    Edit insert = planned_insert;
    if (!(deleted == remove.before)) {
        journal_->add_outcome(planned_insert.id, EntryOutcome::guard_failed);
        if (!transform(deleted, remove.key)) {
            return restore_moved(remove, deleted);
        }
        insert = make_insert(run_.source,
                             output_.kind() == TransformOutput::Kind::changed
                                 ? output_.after().clone(arena_)
                                 : deleted.clone(arena_),
                             policy_, arena_);
        insert.kind = EntryKind::move_insert;
        journal_->begin_page(page_);
        insert.id = journal_->add(journal_entry(insert, arena_, absent_));
        sync_deferred();
        journal_->commit_page();
    }
    const WriteEnd end = writer_.write_single(insert);
    switch (end.kind) {
        case WriteEnd::Kind::applied:
            journal_->add_outcome(insert.id, EntryOutcome::applied);
            return true;
        case WriteEnd::Kind::rejected:
        case WriteEnd::Kind::conflict:
            journal_->add_outcome(insert.id, EntryOutcome::rejected);
            quarantine(run_.source, remove.key,
                       end.kind == WriteEnd::Kind::rejected ? end.reason : "key_exists",
                       end.kind == WriteEnd::Kind::rejected
                           ? end.message
                           : "another item with the new key appeared meanwhile");
            return restore_moved(remove, deleted);
        case WriteEnd::Kind::ambiguous:
            break;
    }
    journal_->add_outcome(insert.id, EntryOutcome::unknown);
    quarantine(run_.source, remove.key, "outcome_unknown",
               "the item was taken from its old key, and whether it stands at the new one cannot "
               "be known; its content is in the journal");
    return false;
}

/// Puts an item back that could not be moved.
bool Lane::restore_moved(const Edit& remove, const Item& deleted) {
    Edit back = make_insert(run_.source, deleted.clone(arena_), {}, arena_);
    back.kind = EntryKind::insert;
    journal_->begin_page(page_);
    back.id = journal_->add(journal_entry(back, arena_, absent_));
    journal_->commit_page();
    const WriteEnd end = writer_.write_single(back);
    const bool is_back = end.kind == WriteEnd::Kind::applied;
    journal_->add_outcome(back.id, is_back ? EntryOutcome::applied : EntryOutcome::unknown);
    if (!is_back) {
        quarantine(run_.source, remove.key, "outcome_unknown",
                   "the item could neither be moved nor put back; its content is in the journal");
    }
    return false;
}

}  // namespace dynamigrate::backfill
