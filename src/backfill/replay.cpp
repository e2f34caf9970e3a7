#include "replay.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <limits>
#include <map>

namespace dynamigrate::backfill {

using dynamodb::Item;
using layers::EntryKind;
using layers::EntryOutcome;
using layers::JournalEntry;

namespace {

constexpr int kMaxRounds = 10;

/// An entry of the tail, kept beyond the visit.
struct TailEntry {
    std::uint32_t segment = 0;
    std::uint64_t page = 0;
    std::uint64_t order = 0;
    EntryOutcome outcome = EntryOutcome::unsettled;
    base::Arena arena{512};
    JournalEntry entry;
    std::string table;

    TailEntry(const layers::JournalPage& page_of_entry, const JournalEntry& source,
              EntryOutcome what)
        : segment(page_of_entry.segment),
          page(page_of_entry.page),
          order(page_of_entry.order),
          outcome(what),
          entry(source),
          table(source.table) {
        entry.table = table;
        entry.key = source.key.clone(arena);
        entry.before = source.before.clone(arena);
        entry.after = source.after.clone(arena);
        for (std::string_view& name : entry.absent) {
            name = arena.copy(name);
        }
    }
    TailEntry(const TailEntry&) = delete;
};

bool is_action(EntryKind kind) {
    return kind == EntryKind::action_update || kind == EntryKind::action_insert ||
           kind == EntryKind::action_remove;
}

bool is_insert(EntryKind kind) {
    return kind == EntryKind::insert || kind == EntryKind::action_insert ||
           kind == EntryKind::move_insert;
}

std::string key_name(const JournalEntry& entry) {
    return std::string(entry.table) + dynamodb::to_wire_json(entry.key);
}

Item with_key(Item image, const Item& key, base::Arena& arena) {
    for (const dynamodb::Attribute& attribute : key) {
        image = image.with(arena, attribute.name, attribute.value);
    }
    return image;
}

/// What is settled at once: an entry, of a move with the latest put for its deletion.
struct TailStep {
    std::unique_ptr<TailEntry> entry;  ///< nullptr: a later step stands for its item
    std::unique_ptr<TailEntry> put;
};

/// What happened to an item itself and what actions did to it are settled apart.
std::string name_of(const JournalEntry& entry) {
    return (is_action(entry.kind) ? "action " : "own ") + key_name(entry);
}

class Replay {
public:
    explicit Replay(SharedRun& run)
        : run_(run),
          writer_(run.surroundings, run.endpoint, false, run.stop_now) {
        policy_.guard = run.plan.guard;
        policy_.marker = run.plan.marker;
        policy_.run = run.marker;
    }

    void read(std::vector<SegmentState>& states) {
        std::map<std::uint32_t, SegmentState*> by_segment;
        for (SegmentState& state : states) {
            by_segment[state.segment] = &state;
        }
        const auto is_tail = [&](const layers::JournalPage& page) {
            const auto found = by_segment.find(page.segment);
            if (page.step != run_.records_step || found == by_segment.end()) {
                return false;
            }
            return found->second->is_ahead(page.page);
        };
        std::map<std::uint32_t, std::uint64_t> ends;
        run_.surroundings.journal->read(
            is_tail,
            [&](const layers::JournalPage& page, const JournalEntry& entry, EntryOutcome outcome) {
                std::uint64_t& end = ends[page.segment];
                end = std::max(end, page.page + 1);
                keep(std::make_unique<TailEntry>(page, entry, outcome));
            });
        read_later();
        for (const auto& [segment, end] : ends) {
            SegmentState& state = *by_segment[segment];
            const bool has_tail = state.tail_from < state.tail_until;
            state.tail_from =
                has_tail ? std::min(state.tail_from, state.pages_done) : state.pages_done;
            state.tail_until = std::max(end, state.pages_done);
            state.pages_done = state.tail_until;
        }
    }

    void settle_all() {
        for (TailStep& step : steps_) {
            base::throw_if_stopped(run_.stop_now);
            if (step.entry == nullptr) {
                continue;
            }
            if (step.entry->entry.kind != EntryKind::move_remove) {
                settle(*step.entry);
            } else if (step.put != nullptr) {
                settle_move(*step.entry, *step.put);
            }
        }
        if (journal_) {
            journal_->flush();
            run_.add_part(journal_->summary());
        }
    }

private:
    /// The put of a moved item is not the latest of what is at its key: another item may have left
    /// that key within the same tail.
    void keep(std::unique_ptr<TailEntry> entry) {
        if (entry->entry.kind == EntryKind::move_insert) {
            const auto move = latest_move_.find(entry->segment);
            if (move != latest_move_.end()) {
                TailStep& step = steps_[move->second];
                if (step.entry != nullptr && step.entry->page == entry->page) {
                    step.put = std::move(entry);
                }
            }
            return;
        }
        const auto [place, is_new] = places_.try_emplace(name_of(entry->entry), steps_.size());
        if (!is_new) {
            steps_[place->second] = {};
            place->second = steps_.size();
        }
        if (entry->entry.kind == EntryKind::move_remove) {
            latest_move_[entry->segment] = steps_.size();
        }
        steps_.push_back({std::move(entry), nullptr});
    }

    /// What was written down after an unsettled move about either of its keys, by any lane: it tells
    /// what had become of the move.
    void read_later() {
        std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
        for (const TailStep& step : steps_) {
            if (step.entry && step.put && step.put->outcome == EntryOutcome::unsettled) {
                first = std::min(first, step.entry->order);
                later_[key_name(step.entry->entry)];
                later_[key_name(step.put->entry)];
            }
        }
        if (later_.empty()) {
            return;
        }
        run_.surroundings.journal->read(
            [&](const layers::JournalPage& page) {
                return plain_step(page.step) == run_.plan.step && page.order > first;
            },
            [&](const layers::JournalPage& page, const JournalEntry& entry, EntryOutcome outcome) {
                if (const auto found = later_.find(key_name(entry)); found != later_.end()) {
                    found->second.push_back(std::make_unique<TailEntry>(page, entry, outcome));
                }
            });
    }

    template <class Predicate>
    bool any_later(const TailEntry& entry, const Predicate& holds) const {
        const auto found = later_.find(key_name(entry.entry));
        return found != later_.end() &&
               std::any_of(found->second.begin(), found->second.end(), [&](const auto& later) {
                   return later->order > entry.order && holds(*later);
               });
    }

    /// Whether the item was surely taken from its key: it is gone, or another one was put there.
    bool is_removed(const TailEntry& remove, const Item* old_item) const {
        return remove.outcome == EntryOutcome::applied || old_item == nullptr ||
               (!holds_all(*old_item, remove.entry.before) &&
                any_later(remove, [&](const TailEntry& later) {
                    return is_insert(later.entry.kind) && (later.outcome == EntryOutcome::applied ||
                                                           equals_after(later.entry, old_item));
                }));
    }

    /// Whether the moved item surely stood at its new key: it does, or was met there.
    bool is_put(const TailEntry& insert, const Item* new_item) const {
        return (new_item != nullptr && equals_after(insert.entry, new_item)) ||
               any_later(insert, [&](const TailEntry& later) {
                   return !is_insert(later.entry.kind) &&
                          holds_all(insert.entry.after, later.entry.before);
               });
    }

    layers::JournalWriter& journal() {
        if (!journal_) {
            journal_ = create_part(run_.surroundings, run_.plan.run, run_.replay_lane);
        }
        return *journal_;
    }

    const Target& target_of(const TailEntry& entry) {
        if (entry.table == run_.source.name) {
            return run_.source;
        }
        return run_.target;
    }

    void exclude(const TailEntry& entry) {
        run_.settled[entry.segment].insert(dynamodb::to_wire_json(entry.entry.key));
    }

    void note(const TailEntry& entry, EntryOutcome outcome) {
        journal().add_outcome(entry.entry.id, outcome);
    }

    void applied(const TailEntry& entry, bool by_us_now) {
        if (entry.outcome != EntryOutcome::applied) {
            note(entry, EntryOutcome::applied);
        }
        if (by_us_now || entry.outcome == EntryOutcome::unsettled) {
            Counts counts;
            counts.changed = 1;
            run_.add(counts);
        }
        if (is_action(entry.entry.kind)) {
            run_.settled_actions[entry.table + dynamodb::to_wire_json(entry.entry.key)] =
                std::make_unique<dynamodb::OwnedItem>(entry.entry.after);
        } else {
            exclude(entry);
        }
    }

    void unknown(const TailEntry& insert, const TailEntry& remove) {
        unknown(insert);
        exclude(remove);
    }

    void unknown(const TailEntry& entry) {
        note(entry, EntryOutcome::unknown);
        Counts counts;
        counts.quarantined = 1;
        run_.add(counts);
        QuarantinedItem item;
        item.reason = "outcome_unknown";
        item.message =
            "the run ended while this item was written, and somebody else changed it "
            "since; before " +
            dynamodb::to_wire_json(entry.entry.before) + " after " +
            dynamodb::to_wire_json(entry.entry.after);
        item.segment = entry.segment;
        item.page = entry.page;
        run_.quarantine(target_of(entry), entry.entry.key, std::move(item));
        exclude(entry);
    }

    void settle(TailEntry& entry) {
        if (entry.outcome == EntryOutcome::applied) {
            applied(entry, false);
            return;
        }
        if (entry.outcome == EntryOutcome::unknown) {
            exclude(entry);
            return;
        }
        if (entry.outcome != EntryOutcome::unsettled) {
            return;  // surely not applied: the scan meets the item again
        }
        if (is_action(entry.entry.kind)) {
            settle_action(entry);
        } else {
            settle_own(entry);
        }
    }

    /// An action is asked for again when its page is worked again, and is no change then if it was
    /// applied: only its outcome for undo is to be found out.
    void settle_action(TailEntry& entry) {
        base::Arena arena;
        const auto description_key = key_schema_known(entry);
        if (!description_key) {
            return;
        }
        const auto current = writer_.read(*description_key, entry.entry.key, arena);
        if (equals_after(entry.entry, current ? &*current : nullptr)) {
            applied(entry, false);
        } else {
            note(entry, equals_before(entry.entry, current ? &*current : nullptr)
                            ? EntryOutcome::guard_failed
                            : EntryOutcome::unknown);
        }
    }

    std::optional<Target> key_schema_known(const TailEntry& entry) {
        if (entry.table == run_.source.name) {
            return run_.source;
        }
        if (entry.table == run_.target.name) {
            return run_.target;
        }
        return Target{entry.table, {}};
    }

    void settle_own(TailEntry& entry) {
        for (int round = 0; round < kMaxRounds; ++round) {
            base::Arena arena;
            const std::optional<Item> current =
                writer_.read(target_of(entry), entry.entry.key, arena);
            const Item* item = current ? &*current : nullptr;
            if (run_.plan.marker && item != nullptr) {
                if (item->text(kMarkerAttribute) == run_.marker) {
                    applied(entry, false);
                    return;
                }
                note(entry, EntryOutcome::guard_failed);
                return;  // surely not applied: the scan meets the item again
            }
            const bool is_after = equals_after(entry.entry, item);
            const bool is_put_back = item == nullptr && entry.entry.kind == EntryKind::insert;
            if (!is_put_back && leaves_unchanged(item, arena)) {
                if (is_after) {
                    applied(entry, false);
                } else {
                    note(entry, EntryOutcome::unknown);
                    exclude(entry);
                }
                return;
            }
            if (equals_before(entry.entry, item)) {
                if (write_again(entry, arena)) {
                    return;
                }
                continue;
            }
            if (is_after) {
                applied(entry, false);
                return;
            }
            const Item whole_after = with_key(entry.entry.after, entry.entry.key, arena);
            if (entry.entry.kind == EntryKind::remove || leaves_unchanged(&whole_after, arena)) {
                note(entry, EntryOutcome::guard_failed);
                return;  // idempotent: the scan meets the item again
            }
            break;
        }
        unknown(entry);
    }

    /// Whether the step has nothing to do for the item (absent, not matching, or as wanted).
    bool leaves_unchanged(const Item* item, base::Arena& arena) {
        if (item == nullptr) {
            return true;
        }
        try {
            if (!run_.where.matches(*item)) {
                return true;
            }
            TransformOutput output;
            run_.plan.transform->apply(*item, arena, output);
            return output.kind() == TransformOutput::Kind::unchanged ||
                   (output.kind() == TransformOutput::Kind::changed && output.after() == *item);
        } catch (const base::Error&) {
            return false;
        }
    }

    bool write_again(TailEntry& entry, base::Arena& arena) {
        Edit edit = edit_of(entry.entry, target_of(entry), policy_, arena);
        const WriteEnd end = writer_.write_single(edit);
        if (end.kind == WriteEnd::Kind::applied) {
            applied(entry, true);
            return true;
        }
        if (end.kind == WriteEnd::Kind::rejected) {
            note(entry, EntryOutcome::rejected);
            return true;  // the scan meets the item again and quarantines it
        }
        return false;
    }

    void settle_move(TailEntry& remove, TailEntry& insert) {
        if (remove.outcome == EntryOutcome::guard_failed ||
            remove.outcome == EntryOutcome::rejected) {
            return;
        }
        if (insert.outcome == EntryOutcome::applied) {
            applied(remove, false);
            return;
        }
        if (insert.outcome == EntryOutcome::unknown) {
            exclude(remove);
            return;
        }
        base::Arena arena;
        const auto old_item = writer_.read(run_.source, remove.entry.key, arena);
        const auto new_item = writer_.read(run_.source, insert.entry.key, arena);
        if (is_put(insert, new_item ? &*new_item : nullptr)) {
            note(remove, EntryOutcome::applied);
            applied(insert, false);
            exclude(remove);
            return;
        }
        if (!is_removed(remove, old_item ? &*old_item : nullptr)) {
            if (!holds_all(*old_item, remove.entry.before)) {
                note(remove, EntryOutcome::unknown);
                unknown(insert, remove);
                return;
            }
            note(remove, EntryOutcome::guard_failed);
            note(insert, EntryOutcome::guard_failed);
            return;  // not deleted: the spool's key is worked again
        }
        Edit put = edit_of(insert.entry, run_.source, policy_, arena);
        if (!new_item && writer_.write_single(put).kind == WriteEnd::Kind::applied) {
            note(remove, EntryOutcome::applied);
            applied(insert, true);
            exclude(remove);
            return;
        }
        unknown(insert, remove);
    }

    SharedRun& run_;
    EditWriter writer_;
    EditPolicy policy_;
    std::unique_ptr<layers::JournalWriter> journal_;
    std::vector<TailStep> steps_;                       ///< in the order of reading
    std::map<std::string, std::size_t> places_;         ///< of items among the steps
    std::map<std::uint32_t, std::size_t> latest_move_;  ///< of each segment
    std::unordered_map<std::string, std::vector<std::unique_ptr<TailEntry>>> later_;
};

}  // namespace

void replay(SharedRun& run, std::vector<SegmentState>& states) {
    Replay replay(run);
    replay.read(states);
    replay.settle_all();
}

}  // namespace dynamigrate::backfill
