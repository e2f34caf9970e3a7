#include "journals.hpp"

#include "undo.hpp"

#include <dynamigrate/base/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::migrate {

using base::Error;
using base::ErrorKind;

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

const HistoryRow& row_by_prefix(const HistoryView& view, const std::string& prefix) {
    const HistoryRow* found = nullptr;
    for (const HistoryRow& row : view.rows()) {
        if (prefix.empty() || !row.run.starts_with(prefix)) {
            continue;
        }
        if (found && row.run != prefix) {
            throw Error(ErrorKind::not_found,
                        fmt::format("several runs begin with {}: {} and {}; give more of its id",
                                    prefix, found->run, row.run));
        }
        found = &row;
    }
    if (!found) {
        throw Error(ErrorKind::not_found,
                    fmt::format("there is no run {}; `dynamigrate runs` lists them", prefix));
    }
    return *found;
}

std::unique_ptr<layers::Journal> open_journal(const HistoryRow& row, layers::JournalStore& store) {
    if (row.journal.empty()) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {} ({} of {}) kept no journal", row.run, row.action, row.id));
    }
    if (!row.journal_purged_at.empty() || !store.holds(row.run, row.journal)) {
        throw Error(ErrorKind::failed_precondition,
                    missing_journal(row, store.location(row.run), "look at it"));
    }
    return store.open(row.run, row.journal);
}

void visit_journal(layers::Journal& journal,
                   const std::function<bool(const layers::JournalPage&, const layers::JournalEntry&,
                                            layers::EntryOutcome)>& visit) {
    struct Enough {};
    try {
        journal.read([](const layers::JournalPage&) { return true; },
                     [&](const auto& page, const auto& entry, auto outcome) {
                         if (!visit(page, entry, outcome)) {
                             throw Enough{};
                         }
                     });
    } catch (const Enough&) {}
}

HistoryRow with_all_parts(const HistoryRow& row, NativeTable& table) {
    HistoryRow whole = row;
    if (row.turns_used.is_any()) {
        for (layers::PartSummary& part :
             NativeRunRecords(table, row.run, 0).segments_notes().parts) {
            whole.parts.push_back(std::move(part));
        }
    }
    return whole;
}

JournalCheck check_journal(const HistoryRow& row, layers::Journal& journal) {
    JournalCheck check;
    check.row = row;
    check.location = journal.location();
    try {
        layers::JournalReadResult found =
            journal.read([](const layers::JournalPage&) { return true; }, [](const auto&...) {});
        check.entries = found.entries;
        check.parts = std::move(found.parts);
        check.torn = std::move(found.torn_parts);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupted) {
            throw;
        }
        check.damages.emplace_back(error.what());
        return check;
    }
    for (const std::string& part : damaged_parts(check.parts, row)) {
        check.damages.push_back(part + " is missing, shortened or altered");
    }
    return check;
}

namespace {

bool is_kept(const HistoryRow& row) {
    return !row.journal.empty() && row.journal_purged_at.empty();
}

bool is_needed(const HistoryRow& row, const std::vector<HistoryRow>& rows) {
    return is_unfinished(row) ||
           std::any_of(rows.begin(), rows.end(), [&](const HistoryRow& other) {
               return other.undoes == row.run && is_unfinished(other);
           });
}

base::WallTime ended_at(const HistoryRow& row) {
    return base::parse_iso8601(row.finished_at.empty() ? row.started_at : row.finished_at);
}

PurgedJournal purged(const HistoryRow& row) {
    PurgedJournal journal{row, 0};
    for (const layers::PartSummary& part : row.parts) {
        journal.bytes += part.bytes;
    }
    return journal;
}

}  // namespace

std::vector<PurgedJournal> purgeable_journals(const std::vector<HistoryRow>& rows,
                                              std::optional<base::WallTime> before,
                                              layers::JournalStore& store) {
    std::vector<PurgedJournal> journals;
    for (const HistoryRow& row : rows) {
        if (is_kept(row) && !is_needed(row, rows) && (!before || ended_at(row) < *before) &&
            store.holds(row.run, row.journal)) {
            journals.push_back(purged(row));
        }
    }
    return journals;
}

PurgedJournal expect_purgeable(const HistoryRow& row, const std::vector<HistoryRow>& rows,
                               layers::JournalStore& store) {
    if (row.journal.empty()) {
        throw Error(ErrorKind::failed_precondition, fmt::format("run {} kept no journal", row.run));
    }
    if (!store.holds(row.run, row.journal)) {
        throw Error(ErrorKind::failed_precondition,
                    missing_journal(row, store.location(row.run), "remove it"));
    }
    if (is_needed(row, rows)) {
        throw Error(ErrorKind::failed_precondition,
                    fmt::format("run {} of {} is not finished and needs its journal; resume or "
                                "undo it first",
                                row.run, row.id));
    }
    return purged(row);
}

void purge_journals(const std::vector<PurgedJournal>& journals, const ExecutionInputs& inputs) {
    for (const PurgedJournal& journal : journals) {
        base::throw_if_stopped(inputs.stop);
        HistoryRow row = journal.row;
        row.fence = inputs.lock.fence();
        row.journal_purged_at = base::to_iso8601(inputs.world.clock->now());
        inputs.history.keep(row);
        inputs.journals.remove(row.run, row.journal);
        inputs.listener.line(
            fmt::format("removed the journal of run {} ({} of {}, ended {})", row.run, row.action,
                        row.id, row.finished_at.empty() ? row.started_at : row.finished_at));
    }
}

}  // namespace dynamigrate::migrate
