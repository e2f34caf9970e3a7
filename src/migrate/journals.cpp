#include "journals.hpp"

#include "history_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

std::uint64_t bytes_left(const std::vector<HistoryRow>& rows, const std::string& run,
                         std::uint64_t max_bytes) {
    std::uint64_t used = 0;
    for (const HistoryRow& row : rows) {
        if (!row.journal_purged_at.empty() && row.run != run) {
            continue;
        }
        for (const layers::PartSummary& part : row.parts) {
            used += part.bytes;
        }
    }
    return max_bytes - std::min(max_bytes, used);
}

std::string missing_journal(const HistoryRow& row, const std::string& here, std::string_view act) {
    if (!row.journal_purged_at.empty()) {
        return fmt::format("the journal of run {} was removed at {}", row.run,
                           row.journal_purged_at);
    }
    std::string text = fmt::format("the journal of run {} is not here but in {} (written by {}); ",
                                   row.run, row.journal, row.by);
    bool is_directory = row.journal.starts_with('/');
    return is_directory ? text + fmt::format("{} there or copy the directory to {}", act, here)
                        : text + fmt::format("{} where that can be reached", act);
}

bool is_purgeable(const HistoryRow& row, const std::vector<HistoryRow>& rows) {
    return !row.journal.empty() && row.journal_purged_at.empty() && !is_unfinished(row) &&
           std::none_of(rows.begin(), rows.end(), [&](const HistoryRow& other) {
               return other.undoes == row.run && is_unfinished(other);
           });
}

base::WallTime ended_at(const HistoryRow& row) {
    return base::parse_iso8601(row.finished_at.empty() ? row.started_at : row.finished_at);
}

}  // namespace dynamigrate::migrate
