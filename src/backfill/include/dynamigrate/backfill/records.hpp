#pragma once

#include <dynamigrate/base/clock.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dynamigrate::backfill {

/// Counts of a backfill, of one segment or of all.
struct Counts {
    std::uint64_t read = 0;       ///< items read from the source
    std::uint64_t matched = 0;    ///< items for which `where` holds
    std::uint64_t changed = 0;    ///< writes applied
    std::uint64_t unchanged = 0;  ///< matched, but nothing to write
    std::uint64_t conflicts = 0;  ///< guard failures, each followed by a re-read
    std::uint64_t quarantined = 0;
    std::uint64_t kept = 0;  ///< puts that met an existing item and kept it

    Counts& operator+=(const Counts& other) {
        read += other.read;
        matched += other.matched;
        changed += other.changed;
        unchanged += other.unchanged;
        conflicts += other.conflicts;
        quarantined += other.quarantined;
        kept += other.kept;
        return *this;
    }
};

/// How far a segment is: everything before `position` is done.
struct SegmentState {
    std::uint32_t segment = 0;
    bool is_done = false;
    std::uint64_t pages_done = 0;
    /// Pages of earlier attempts that reach beyond `position`, from (included) until (excluded):
    /// their entries tell which items ahead are dealt with. None when both are equal.
    std::uint64_t tail_from = 0;
    std::uint64_t tail_until = 0;
    std::string position;  ///< the source's own words: a LastEvaluatedKey, an offset; "" : start
    Counts counts;
    /// Of a segment that many processes may take: rises with each that does. 0: none has.
    std::uint32_t attempt = 0;
    /// The first attempt whose parts of the journal may reach beyond `position`; 0: any part may.
    std::uint32_t journal_from = 0;

    /// Whether the page was worked by an earlier attempt and is met again.
    bool is_ahead(std::uint64_t page) const noexcept {
        return !is_done && (page >= pages_done || (page >= tail_from && page < tail_until));
    }
};

/// An item that could not be migrated.
struct QuarantinedItem {
    std::uint32_t step = 0;
    std::string table;
    std::string key;  ///< wire JSON
    std::string
        reason;  ///< one of transform_error, too_large, conflict, rejected, outcome_unknown,
                 ///< guard_too_large, key_exists
    std::string message;
    /// Whether it is an item of the source: only those can be tried again.
    bool is_source = true;
    /// Counts the items of a stream from 1: by it, not by its key, an item of a stream is found again.
    std::uint64_t number = 0;
    /// Where it was met: the step's number by pass, and the page of the segment.
    std::uint32_t records_step = 0;
    std::uint32_t segment = 0;
    std::uint64_t page = 0;
};

/// The run's records outside the table: segments and quarantine.
///
/// Threads: any. Errors: aborted when the run no longer belongs to the caller (lock lost).
class RunRecords {
public:
    virtual ~RunRecords() = default;
    /// The number of segments fixed when the step began; nothing when it has not begun.
    virtual std::optional<std::uint32_t> total_segments(std::uint32_t step) = 0;
    virtual void begin_step(std::uint32_t step, std::uint32_t total_segments) = 0;
    virtual std::vector<SegmentState> load_segments(std::uint32_t step) = 0;
    /// Errors: aborted when the segment was taken since with a higher attempt than the state's.
    virtual void save_segment(std::uint32_t step, const SegmentState& state) = 0;
    /// Makes the segment the caller's, whoever works it: raises its attempt above `after` and above
    /// what it was. What an earlier taker saves, quarantines and forgets of it is refused from then
    /// on (aborted). A segment that is done is left and returned as it is.
    virtual SegmentState take_segment(std::uint32_t step, std::uint32_t segment,
                                      std::uint32_t after) = 0;
    virtual void quarantine(const QuarantinedItem& item) = 0;
    virtual std::vector<QuarantinedItem> quarantined(std::uint32_t step) = 0;
    virtual void forget_quarantined(const QuarantinedItem& item) = 0;
};

}  // namespace dynamigrate::backfill
