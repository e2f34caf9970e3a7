#include "deferred_run.hpp"

#include <dynamigrate/dynamodb/wire.hpp>

#include <algorithm>

namespace dynamigrate::backfill {

using dynamodb::Item;
using layers::EntryOutcome;
using layers::JournalEntry;

namespace {

constexpr int kMaxRounds = 10;

/// The latest entry of an item in a wave, kept beyond the visit.
struct WaveEntry {
    WaveName wave;
    EntryOutcome outcome = EntryOutcome::unsettled;
    base::Arena arena{512};
    JournalEntry entry;
    std::string table;

    WaveEntry(const layers::JournalPage& page, const JournalEntry& source, EntryOutcome what)
        : wave(WaveName::of(page.page)),
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
    WaveEntry(const WaveEntry&) = delete;
};

class DeferredReplay {
public:
    explicit DeferredReplay(DeferredShared& shared)
        : shared_(shared),
          writer_(shared.run.surroundings, shared.run.endpoint, false, shared.run.stop_now) {}

    void read() {
        std::vector<std::uint64_t> floors;
        for (const DeferredPart& part : shared_.parts) {
            std::uint64_t floor = PartPosition::parse(part.state.position).number + 1;
            for (const auto& [name, item] : part.blocked) {
                floor = std::min(floor, item.number);
            }
            floors.push_back(floor);
        }
        shared_.run.surroundings.journal->read(
            [&](const layers::JournalPage& page) {
                return page.step == shared_.run.records_step && page.segment < floors.size() &&
                       WaveName::of(page.page).first >= floors[page.segment];
            },
            [&](const layers::JournalPage& page, const JournalEntry& entry, EntryOutcome outcome) {
                keep(page, entry, outcome);
            });
    }

    void settle_all() {
        for (auto& [place, entries] : entries_) {
            for (std::size_t i = 0; i < entries.size(); ++i) {
                base::throw_if_stopped(shared_.run.stop_now);
                settle(shared_.parts[place.first], place.second, *entries[i],
                       i + 1 < entries.size() ? entries[i + 1].get() : nullptr);
            }
        }
        if (journal_) {
            journal_->flush();
            shared_.run.add_part(journal_->summary());
        }
    }

private:
    /// Of what lies before the part's position, only blocked items are worked again.
    void keep(const layers::JournalPage& page, const JournalEntry& entry, EntryOutcome outcome) {
        const DeferredPart& part = shared_.parts[page.segment];
        const std::string name = std::string(entry.table) + dynamodb::to_wire_json(entry.key);
        const WaveName wave = WaveName::of(page.page);
        const auto blocked = part.blocked.find(name);
        const bool is_ahead = wave.first > PartPosition::parse(part.state.position).number;
        if (!is_ahead && (blocked == part.blocked.end() || wave.first < blocked->second.number)) {
            return;
        }
        auto& entries = entries_[{page.segment, name}];
        if (!entries.empty() && entries.back()->wave.first == wave.first &&
            entries.back()->wave.last == wave.last) {
            entries.pop_back();
        }
        entries.push_back(std::make_unique<WaveEntry>(page, entry, outcome));
    }

    const Target& table(const std::string& name) {
        auto known = tables_.find(name);
        if (known == tables_.end()) {
            known = tables_
                        .emplace(name,
                                 find_target(shared_.run.surroundings, name, shared_.run.stop_now))
                        .first;
        }
        return known->second;
    }

    void note(const WaveEntry& entry, EntryOutcome outcome) {
        if (!journal_) {
            journal_ = create_part(shared_.run.surroundings, shared_.run.plan.run,
                                   journal_lane(shared_.run.plan.step, kDeferredPass, 0));
        }
        journal_->add_outcome(entry.entry.id, outcome);
    }

    void settle(DeferredPart& part, const std::string& name, const WaveEntry& entry,
                const WaveEntry* later) {
        EntryOutcome outcome = entry.outcome;
        if (outcome == EntryOutcome::unsettled) {
            const bool was_met_later =
                later != nullptr && holds_all(later->entry.before, entry.entry.after);
            outcome = was_met_later ? EntryOutcome::applied : find_out(entry);
            note(entry, outcome);
            if (outcome == EntryOutcome::unknown) {
                quarantine(part, name, entry);
            }
        }
        if (outcome == EntryOutcome::applied || outcome == EntryOutcome::unknown) {
            part.settled[name].push_back(entry.wave);
        }
    }

    /// Writes the image after where the item is still as before.
    EntryOutcome find_out(const WaveEntry& entry) {
        const Target& target = table(entry.table);
        for (int round = 0; round < kMaxRounds; ++round) {
            base::Arena arena;
            const auto current = writer_.read(target, entry.entry.key, arena);
            const Item* item = current ? &*current : nullptr;
            if (equals_after(entry.entry, item)) {
                return EntryOutcome::applied;
            }
            if (!equals_before(entry.entry, item)) {
                return EntryOutcome::unknown;
            }
            Edit edit = edit_of(entry.entry, target, {}, arena);
            const WriteEnd end = writer_.write_single(edit);
            if (end.kind == WriteEnd::Kind::applied) {
                Counts counts;
                counts.changed = 1;
                shared_.run.add(counts);
                return EntryOutcome::applied;
            }
            if (end.kind == WriteEnd::Kind::rejected) {
                return EntryOutcome::rejected;  // met again, and blocked then
            }
        }
        return EntryOutcome::unknown;
    }

    void quarantine(DeferredPart& part, const std::string& name, const WaveEntry& entry) {
        BlockedItem blocked;
        blocked.number = entry.wave.first;
        blocked.is_final = true;
        QuarantinedItem& record = blocked.record;
        record.table = entry.table;
        record.key = dynamodb::to_wire_json(entry.entry.key);
        record.reason = "outcome_unknown";
        record.message =
            "the run ended while a deferred action was done to this item, and somebody else "
            "changed it since; before " +
            dynamodb::to_wire_json(entry.entry.before) + " after " +
            dynamodb::to_wire_json(entry.entry.after);
        record.is_source = false;
        record.number = record.page = entry.wave.first;
        record.segment = part.state.segment;
        shared_.run.quarantine(table(entry.table), entry.entry.key, record);
        ++shared_.blocked;
        part.blocked[name] = std::move(blocked);
    }

    DeferredShared& shared_;
    EditWriter writer_;
    std::unique_ptr<layers::JournalWriter> journal_;
    std::map<std::string, Target> tables_;
    /// By part and name, in the order of reading.
    std::map<std::pair<std::uint32_t, std::string>, std::vector<std::unique_ptr<WaveEntry>>>
        entries_;
};

}  // namespace

void replay_deferred(DeferredShared& shared) {
    DeferredReplay replay(shared);
    replay.read();
    replay.settle_all();
}

}  // namespace dynamigrate::backfill
