#pragma once

#include "execution.hpp"
#include "history_view.hpp"

#include <dynamigrate/migrate/migrator.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

/// The row of the run whose id begins so. Errors: not_found, also when several do.
const HistoryRow& row_by_prefix(const HistoryView& view, const std::string& prefix);

/// The journal of the row's run.
/// Errors: failed_precondition when it kept none, it was removed, or it is not here.
std::unique_ptr<layers::Journal> open_journal(const HistoryRow& row, layers::JournalStore& store);

/// Oldest first, until `visit` returns false.
void visit_journal(layers::Journal& journal,
                   const std::function<bool(const layers::JournalPage&, const layers::JournalEntry&,
                                            layers::EntryOutcome)>& visit);

/// The row with the parts that its segments' records tell of, too.
HistoryRow with_all_parts(const HistoryRow& row, NativeTable& table);

JournalCheck check_journal(const HistoryRow& row, layers::Journal& journal);

/// Those of runs that ended before the time (nothing: ever) whose journals the store holds. Runs
/// that can be resumed keep theirs.
std::vector<PurgedJournal> purgeable_journals(const std::vector<HistoryRow>& rows,
                                              std::optional<base::WallTime> before,
                                              layers::JournalStore& store);
/// Also what a removal that was cut short left. Errors: failed_precondition, with what hinders.
PurgedJournal expect_purgeable(const HistoryRow& row, const std::vector<HistoryRow>& rows,
                               layers::JournalStore& store);

/// Removes them; each row says so before. Tells a line for each.
void purge_journals(const std::vector<PurgedJournal>& journals, const ExecutionInputs& inputs);

}  // namespace dynamigrate::migrate
