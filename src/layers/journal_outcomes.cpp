#include "journal_outcomes.hpp"

#include <algorithm>
#include <iterator>

namespace dynamigrate::layers {

void OutcomeTable::select(EntryId first, std::uint64_t count) {
    if (!selected_.empty() && selected_.back().end == first) {
        selected_.back().end += count;
    } else {
        selected_.push_back({first, first + count});
    }
}

void OutcomeTable::set(const OutcomeRun& run) {
    const EntryId end = run.first + run.count;
    auto range = std::partition_point(selected_.begin(), selected_.end(),
                                      [&](const Range& each) { return each.end <= run.first; });
    for (; range != selected_.end() && range->first < end; ++range) {
        put(std::max(range->first, run.first), std::min(range->end, end), run.outcome);
    }
}

EntryOutcome OutcomeTable::get(EntryId id) const {
    auto after = runs_.upper_bound(id);
    if (after == runs_.begin()) {
        return EntryOutcome::unsettled;
    }
    const Run& run = std::prev(after)->second;
    return id < run.end ? run.outcome : EntryOutcome::unsettled;
}

void OutcomeTable::put(EntryId first, EntryId end, EntryOutcome outcome) {
    split(first);
    split(end);
    auto place = runs_.erase(runs_.lower_bound(first), runs_.lower_bound(end));
    if (place != runs_.end() && place->first == end && place->second.outcome == outcome) {
        end = place->second.end;
        place = runs_.erase(place);
    }
    if (place != runs_.begin()) {
        Run& before = std::prev(place)->second;
        if (before.end == first && before.outcome == outcome) {
            before.end = end;
            return;
        }
    }
    runs_.emplace_hint(place, first, Run{end, outcome});
}

void OutcomeTable::split(EntryId at) {
    auto place = runs_.lower_bound(at);
    if (place == runs_.begin()) {
        return;
    }
    Run& before = std::prev(place)->second;
    if (before.end > at) {
        runs_.emplace_hint(place, at, before);
        before.end = at;
    }
}

}  // namespace dynamigrate::layers
