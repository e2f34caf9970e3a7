#pragma once

#include "journal_frames.hpp"

#include <map>
#include <vector>

namespace dynamigrate::layers {

/// The final outcomes of selected entries; consecutive equal ones take one place together.
class OutcomeTable {
public:
    /// Selects entries. Requires: ranges come in ascending order of id.
    void select(EntryId first, std::uint64_t count);
    /// Sets the outcomes of the selected ones among the run's entries; the last set counts.
    void set(const OutcomeRun& run);
    EntryOutcome get(EntryId id) const;
    std::size_t runs() const noexcept { return runs_.size(); }

private:
    struct Range {
        EntryId first;
        EntryId end;
    };
    struct Run {
        EntryId end;
        EntryOutcome outcome;
    };
    void put(EntryId first, EntryId end, EntryOutcome outcome);
    void split(EntryId at);

    std::vector<Range> selected_;
    std::map<EntryId, Run> runs_;  ///< by first entry, not overlapping
};

}  // namespace dynamigrate::layers
