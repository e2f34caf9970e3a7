#include <dynamigrate/backfill/backfill.hpp>

#include "page_source.hpp"
#include "page_time.hpp"
#include "shared_run.hpp"
#include "undo_filter.hpp"

#include <dynamigrate/dynamodb/number.hpp>
#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace dynamigrate::backfill {

using dynamodb::Item;
using layers::EntryKind;
using layers::EntryOutcome;
using layers::JournalEntry;

namespace {

constexpr std::size_t kMaxWave = 200;
constexpr std::size_t kKeysPerRead = 100;

/// An entry of the wave, kept until the wave is sent.
struct UndoEntry {
    JournalEntry entry;
    std::string table;
    Edit edit;
};

/// Sends reverse writes in waves of different keys, in the order given.
class Undo {
public:
    Undo(const UndoPlan& plan, const Surroundings& surroundings, std::stop_token stop)
        : plan_(plan),
          service_(*surroundings.service),
          clock_(*surroundings.clock),
          stop_(stop),
          writer_(surroundings, endpoint_, false, stop),
          wave_time_(surroundings.pace, 1) {}

    void take(const JournalEntry& entry, EntryOutcome outcome) {
        ++result_.selected;
        if (outcome == EntryOutcome::unsettled && plan_.settles && is_as_after(entry)) {
            outcome = EntryOutcome::applied;
        }
        if (outcome == EntryOutcome::applied && !has_table(entry)) {
            ++result_.conflicts;
            tell(entry, "its table is not there any more");
            note_move(entry, true);
            return;
        }
        if (outcome == EntryOutcome::unsettled || outcome == EntryOutcome::unknown) {
            if (is_untouched(entry)) {
                ++result_.already;
                return;
            }
            ++result_.unsettled;
            tell(entry, "whether it was written cannot be known");
            note_move(entry, !is_there(entry));
            return;
        }
        if (outcome != EntryOutcome::applied) {
            note_move(entry, is_taken_back(entry));
            return;
        }
        const bool is_move = is_of_move(entry);
        const std::string name = name_of(entry);
        if (is_move || keys_.contains(name) ||
            wave_.size() >= std::min(kMaxWave, wave_time_.fitting_items())) {
            send();
        }
        keys_.insert(name);
        add(entry);
        if (is_move) {
            send_move();
        }
    }

    void send() {
        if (wave_.empty()) {
            return;
        }
        base::throw_if_stopped(stop_);
        base::Arena arena;
        const Items inserted = read_inserted(arena);
        std::vector<Edit*> edits;
        for (UndoEntry& entry : wave_) {
            if (is_expired(entry)) {
                ++result_.conflicts;
                tell(entry.entry, "the deleted item is past its time to live");
            } else if (entry.edit.is_delete() && !is_as_inserted(entry, inserted)) {
                classify(entry, {WriteEnd::Kind::conflict, {}, {}});
            } else if (entry.edit.has_effect()) {
                edits.push_back(&entry.edit);
            }
        }
        if (plan_.before_wave && !edits.empty()) {
            plan_.before_wave();
        }
        std::vector<WriteEnd> ends;
        const base::SteadyTime begun = clock_.steady_now();
        writer_.write(edits, ends);
        wave_time_.took(clock_.steady_now() - begun, static_cast<double>(edits.size()), 0, 0);
        std::size_t next = 0;
        for (UndoEntry& entry : wave_) {
            if (next < edits.size() && edits[next] == &entry.edit) {
                classify(entry, ends[next++]);
            }
        }
        forget();
    }

    UndoResult result() const { return result_; }
    void set_stopped() { result_.stopped = true; }

    void tell_conflicts() {
        for (const auto& [name, conflicts] : open_conflicts_) {
            for (const OpenConflict& conflict : conflicts) {
                tell(conflict.told);
            }
        }
    }

private:
    /// The entry of an item that has older ones may be undone although the item is not as before
    /// it: an earlier undo took back the older ones too.
    struct OpenConflict {
        UndoConflict told;
        std::set<std::string> names;  ///< attributes that are not as before it
        bool is_presence = false;     ///< the item is there and was not, or the reverse
        bool is_whole = false;
    };

    using Items = std::unordered_map<std::string, Item>;

    static std::string name_of(const JournalEntry& entry) {
        return std::string(entry.table) + dynamodb::to_wire_json(entry.key);
    }

    /// The items that are to be deleted, as they are now: a condition can name the attributes of
    /// the image only, and would let those perish that were added since.
    Items read_inserted(base::Arena& arena) {
        std::map<const Target*, std::vector<Item>> keys;
        for (const UndoEntry& entry : wave_) {
            if (entry.edit.is_delete()) {
                keys[entry.edit.target].push_back(entry.entry.key);
            }
        }
        Items found;
        for (const auto& [table, wanted] : keys) {
            for (std::size_t start = 0; start < wanted.size(); start += kKeysPerRead) {
                const std::size_t count = std::min(kKeysPerRead, wanted.size() - start);
                std::vector<Item> items;
                read_items(service_, *table, std::span(wanted).subspan(start, count), arena, items,
                           stop_);
                for (const Item& item : items) {
                    found[table->name + dynamodb::to_wire_json(table->key.key_of(item, arena))] =
                        item;
                }
            }
        }
        return found;
    }

    static bool is_as_inserted(const UndoEntry& entry, const Items& inserted) {
        const auto found = inserted.find(name_of(entry.entry));
        return found != inserted.end() && found->second == entry.entry.after;
    }

    /// Whether something is at the key of a moved item's put.
    bool is_there(const JournalEntry& entry) {
        base::Arena arena;
        return entry.kind == EntryKind::move_insert &&
               writer_.read(target(std::string(entry.table)), entry.key, arena).has_value();
    }

    /// Of one item: whether it is as before the entry. What is newer is taken back first.
    bool is_untouched(const JournalEntry& entry) {
        if (is_of_move(entry) || !has_table(entry)) {
            return false;
        }
        send();
        base::Arena arena;
        const auto item = writer_.read(target(std::string(entry.table)), entry.key, arena);
        return equals_before(entry, item ? &*item : nullptr, true);
    }

    bool is_as_after(const JournalEntry& entry) {
        if (is_of_move(entry) || !has_table(entry) || is_untouched(entry)) {
            return false;
        }
        base::Arena arena;
        const auto item = writer_.read(target(std::string(entry.table)), entry.key, arena);
        return equals_after(entry, item ? &*item : nullptr);
    }

    /// A put decides over the deletion that follows in its part; after that, the next move begins.
    void note_move(const JournalEntry& entry, bool is_taken_back) {
        const std::uint32_t part = layers::part_of(entry.id);
        if (entry.kind == EntryKind::move_insert && !is_taken_back) {
            puts_left_.insert(part);
        } else if (entry.kind == EntryKind::move_insert || entry.kind == EntryKind::move_remove) {
            puts_left_.erase(part);
        }
    }
    bool is_taken_back(const JournalEntry& entry) const {
        return !puts_left_.contains(layers::part_of(entry.id));
    }

    void add(const JournalEntry& entry) {
        UndoEntry& kept = wave_.emplace_back();
        kept.table = entry.table;
        kept.entry = entry;
        kept.entry.table = kept.table;
        kept.entry.key = entry.key.clone(arena_);
        kept.entry.before = entry.before.clone(arena_);
        kept.entry.after = entry.after.clone(arena_);
        for (std::string_view& name : kept.entry.absent) {
            name = arena_.copy(name);
        }
        kept.edit = reverse_edit_of(kept.entry, target(kept.table), arena_);
    }

    /// The put of a moved item comes first (newest first); if it cannot be taken back, the item
    /// must not come back at its old key either.
    void send_move() {
        JournalEntry entry;  // what is to be noted of it when the wave is gone
        entry.id = wave_.front().entry.id;
        entry.kind = wave_.front().entry.kind;
        if (entry.kind == EntryKind::move_remove && !is_taken_back(entry)) {
            ++result_.conflicts;
            tell(wave_.front().entry, "the item at its new key was changed since");
            forget();
            note_move(entry, true);
            return;
        }
        const std::uint64_t conflicts = result_.conflicts;
        send();
        note_move(entry, result_.conflicts == conflicts);
    }

    void forget() {
        wave_.clear();
        keys_.clear();
        arena_.reset();
    }

    bool has_table(const JournalEntry& entry) {
        const std::string table(entry.table);
        if (targets_.contains(table)) {
            return true;
        }
        try {
            target(table);
            return true;
        } catch (const base::Error& error) {
            if (error.kind() != base::ErrorKind::not_found) {
                throw;
            }
            return false;
        }
    }

    static bool is_whole(const JournalEntry& entry) {
        return entry.kind != EntryKind::update && entry.kind != EntryKind::action_update &&
               entry.kind != EntryKind::replace;
    }

    void open_conflict(const UndoEntry& entry, const Item* item) {
        const JournalEntry& journalled = entry.entry;
        OpenConflict conflict;
        conflict.told = conflict_of(journalled, item == nullptr ? "the item was deleted since"
                                                                : "the item was changed since");
        if (plan_.with_images && item != nullptr) {
            conflict.told.now = dynamodb::to_wire_json(*item);
        }
        conflict.is_whole = is_whole(journalled);
        conflict.is_presence = item == nullptr || entry.edit.is_delete();
        const auto add_differing = [&](const Item& image) {
            for (const dynamodb::Attribute& attribute : image) {
                const auto* now = item == nullptr ? nullptr : item->find(attribute.name);
                const auto* before = journalled.before.find(attribute.name);
                if (now == nullptr || before == nullptr ? now != before : *now != *before) {
                    conflict.names.insert(std::string(attribute.name));
                }
            }
        };
        add_differing(journalled.before);
        add_differing(conflict.is_whole && item != nullptr ? *item : journalled.after);
        open_conflicts_[name_of(journalled)].push_back(std::move(conflict));
    }

    /// The item is as it was before an older entry: newer ones that have no other difference to it
    /// are undone as well, and so is all that is newer than the coming or going of the whole item.
    void close_conflicts(const JournalEntry& older) {
        const auto found = open_conflicts_.find(name_of(older));
        if (found == open_conflicts_.end()) {
            return;
        }
        bool is_all_closed = is_whole(older);
        std::vector<OpenConflict> left;
        for (auto newer = found->second.rbegin(); newer != found->second.rend(); ++newer) {
            for (const Item& image : {older.before, older.after}) {
                for (const dynamodb::Attribute& attribute : image) {
                    newer->names.erase(std::string(attribute.name));
                }
            }
            const bool is_closed = is_all_closed || (!newer->is_presence && newer->names.empty());
            is_all_closed = is_all_closed || (is_closed && newer->is_whole);
            if (is_closed) {
                --result_.conflicts;
                ++result_.already;
            } else {
                left.insert(left.begin(), std::move(*newer));
            }
        }
        found->second = std::move(left);
    }

    const Target& target(const std::string& table) {
        auto known = targets_.find(table);
        if (known == targets_.end()) {
            known = targets_.emplace(table, Target{table, plan_.key_schema(table)}).first;
        }
        return known->second;
    }

    /// A deleted item that is past its TTL by now is not brought back.
    bool is_expired(const UndoEntry& entry) const {
        if (!entry.edit.is_insert()) {
            return false;
        }
        const std::optional<std::string> name =
            plan_.ttl_attribute_of ? plan_.ttl_attribute_of(entry.table) : plan_.ttl_attribute;
        const dynamodb::AttributeValue* expiry = name ? entry.edit.after.find(*name) : nullptr;
        if (expiry == nullptr || !expiry->is(dynamodb::AttributeType::number)) {
            return false;
        }
        const auto now =
            std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch());
        return dynamodb::compare_numbers(expiry->text(), std::to_string(now.count())) < 0;
    }

    void classify(UndoEntry& entry, const WriteEnd& end) {
        if (end.kind == WriteEnd::Kind::applied) {
            ++result_.restored;
            return;
        }
        if (end.kind == WriteEnd::Kind::rejected) {
            ++result_.conflicts;
            tell(entry.entry, end.message);
            return;
        }
        base::Arena arena;
        const auto current = writer_.read(*entry.edit.target, entry.entry.key, arena);
        const Item* item = current ? &*current : nullptr;
        if (equals_before(entry.entry, item, true)) {
            ++result_.already;
            close_conflicts(entry.entry);
        } else {
            ++result_.conflicts;
            open_conflict(entry, item);
        }
    }

    void tell(const JournalEntry& entry, std::string reason) {
        tell(conflict_of(entry, std::move(reason)));
    }
    UndoConflict conflict_of(const JournalEntry& entry, std::string reason) const {
        UndoConflict conflict;
        conflict.table = entry.table;
        conflict.key = dynamodb::to_wire_json(entry.key);
        conflict.reason = std::move(reason);
        if (plan_.with_images) {
            conflict.before = entry.before.empty() ? "" : dynamodb::to_wire_json(entry.before);
            conflict.after = entry.after.empty() ? "" : dynamodb::to_wire_json(entry.after);
        }
        return conflict;
    }
    void tell(const UndoConflict& conflict) {
        if (plan_.on_conflict) {
            plan_.on_conflict(conflict);
        }
    }

    const UndoPlan& plan_;
    dynamodb::Service& service_;
    base::Clock& clock_;
    std::stop_token stop_;
    Endpoint endpoint_;
    EditWriter writer_;
    PageTime wave_time_;
    UndoResult result_;
    base::Arena arena_;
    std::deque<UndoEntry> wave_;
    std::unordered_set<std::string> keys_;
    std::map<std::string, Target> targets_;
    std::map<std::string, std::vector<OpenConflict>> open_conflicts_;  ///< by `name_of`
    std::unordered_set<std::uint32_t> puts_left_;  ///< parts whose move at hand is not taken back
};

}  // namespace

UndoResult undo(const UndoPlan& plan, const Surroundings& surroundings, std::stop_token stop) {
    Undo undo(plan, surroundings, stop);
    const auto is_wanted = [&](const layers::JournalPage& page) {
        const bool has_step =
            plan.steps.empty() || std::find(plan.steps.begin(), plan.steps.end(),
                                            plain_step(page.step)) != plan.steps.end();
        return has_step && is_selected(plan.selection, page);
    };
    try {
        const KeyFilter selected(plan.selection, *surroundings.journal, is_wanted);
        surroundings.journal->read_newest_first(
            is_wanted,
            [&](const layers::JournalPage&, const JournalEntry& entry, EntryOutcome outcome) {
                if (selected.has(entry)) {
                    undo.take(entry, outcome);
                }
            });
        undo.send();
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::cancelled || !stop.stop_requested()) {
            throw;
        }
        undo.set_stopped();
    }
    undo.tell_conflicts();
    return undo.result();
}

}  // namespace dynamigrate::backfill
