#pragma once

#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <string>
#include <vector>

/// Journals as the rows of their runs tell of them.
namespace dynamigrate::migrate {

/// What a run may still write of `max_bytes`: all but what the journals of the rows take, its own
/// too, as far as they were noted and not removed.
std::uint64_t bytes_left(const std::vector<HistoryRow>& rows, const std::string& run,
                         std::uint64_t max_bytes);

/// Where the journal of a run lies that is not here, and what to do to `act` ("resume").
/// `here`: where it would lie in the store at hand.
std::string missing_journal(const HistoryRow& row, const std::string& here, std::string_view act);

/// Whether the run's journal may be removed: the run ended for good, and what it did can then be
/// undone no more. Unfinished runs need theirs.
bool is_purgeable(const HistoryRow& row, const std::vector<HistoryRow>& rows);

/// When the run ended; the latest of what its row tells.
base::WallTime ended_at(const HistoryRow& row);

}  // namespace dynamigrate::migrate
