#pragma once

#include <dynamigrate/backfill/backfill.hpp>

#include <string>
#include <unordered_set>
#include <vector>

namespace dynamigrate::backfill {

/// Whether the page was committed in the selected time. A page without a time is in any.
bool is_selected(const UndoSelection& selection, const layers::JournalPage& page);

/// The entries that the selected keys name; of a moved item both.
class KeyFilter {
public:
    /// Reads the pages once when there are keys. Errors: invalid_argument for what is no key.
    KeyFilter(const UndoSelection& selection, layers::Journal& journal,
              const std::function<bool(const layers::JournalPage&)>& pages);
    bool has(const layers::JournalEntry& entry) const;

private:
    struct Move {
        std::string key;  ///< of the removal
        std::vector<layers::EntryId> ids;
        bool is_named = false;
    };
    void follow(Move& move, const layers::JournalEntry& entry);
    bool names(const layers::JournalEntry& entry) const;

    std::unordered_set<std::string> keys_;
    std::unordered_set<layers::EntryId> moves_;  ///< of selected moves, those of the other key too
    bool has_all_;
};

}  // namespace dynamigrate::backfill
