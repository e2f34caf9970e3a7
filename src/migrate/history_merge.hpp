#pragma once

#include "history_layout.hpp"

#include <dynamigrate/migrate/migrator.hpp>

#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// Where the foreign rows come from.
struct MergeSource {
    std::string place;          ///< ForeignHistory::place
    std::string action;         ///< of the rows that are made: `elsewhere` or `adopt`
    bool tells_absence = true;  ///< whether what has no foreign row is not applied
    const HistoryLayout* layout = nullptr;
};

/// Rows for what the foreign rows tell and the native ones do not: runs of another tool, and what it
/// reverted. In the order of their times; each is later than every native row of its migration.
/// A pure function: the same rows give the same ones, with the same run ids.
///
/// A foreign row is known when a native row of its migration has its time and status. Where the
/// layout keeps no times: when a native run that stands was applied.
std::vector<HistoryRow> news_of(const std::vector<HistoryRow>& native,
                                const std::vector<ForeignRow>& foreign, const MergeSource& source);

/// Oldest first, as the native table orders them.
void sort_rows(std::vector<HistoryRow>& rows);

}  // namespace dynamigrate::migrate
