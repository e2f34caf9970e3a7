#pragma once

#include "native_table.hpp"

#include <dynamigrate/backfill/records.hpp>
#include <dynamigrate/layers/journal.hpp>
#include <dynamigrate/migrate/cloud_cost.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace dynamigrate::migrate {

/// What the record of a segment tells besides how far it is.
struct SegmentNotes {
    CloudUsage used;                         ///< by all calls that worked it
    std::vector<layers::PartSummary> parts;  ///< of the journal, that the latest of them wrote
};

/// What the records of a run's segments tell together: the parts are those of all calls.
struct SegmentsNotes : SegmentNotes {
    std::uint64_t segments = 0;  ///< that processes of their own took
};

/// The records of one run in the native table. Every write is fenced.
class NativeRunRecords final : public backfill::RunRecords {
public:
    NativeRunRecords(NativeTable& table, std::string run, std::uint64_t fence)
        : table_(table),
          run_(std::move(run)),
          fence_(fence) {}

    /// Sets the fence in every record of the run, so that an earlier owner can write none of them.
    /// `with_segments`: those of the segments too. The lists of parts never change what is done.
    void raise_fence(bool with_segments = true);

    std::optional<std::uint32_t> total_segments(std::uint32_t step) override;
    void begin_step(std::uint32_t step, std::uint32_t total_segments) override;
    /// Those saved under the step's fixed number of segments, in order.
    std::vector<backfill::SegmentState> load_segments(std::uint32_t step) override;
    void save_segment(std::uint32_t step, const backfill::SegmentState& state) override;
    backfill::SegmentState take_segment(std::uint32_t step, std::uint32_t segment,
                                        std::uint32_t after) override;
    void quarantine(const backfill::QuarantinedItem& item) override;
    std::vector<backfill::QuarantinedItem> quarantined(std::uint32_t step) override;
    void forget_quarantined(const backfill::QuarantinedItem& item) override;
    /// What this process used and wrote so far: is added, in the record of the segment that it takes
    /// from now on, to what earlier calls noted. A call that dies loses what came after its last
    /// checkpoint. The parts that an earlier call wrote go to a record of their own when the segment is
    /// taken: what is written with each checkpoint does not grow with the calls.
    void measure(std::function<SegmentNotes()> measured) { measured_ = std::move(measured); }
    /// Writes the taken segment's record once more, with all that was measured.
    void note_measured(std::uint32_t step, std::uint32_t segment);
    /// Of all segments of the run.
    SegmentsNotes segments_notes();
    /// Of all steps and passes of the run.
    std::vector<backfill::QuarantinedItem> all_quarantined();
    /// The highest attempt that took a segment of the run; 0: none did.
    std::uint32_t last_segment_attempt();

private:
    std::string prefix(std::uint32_t step) const;
    std::string segment_key(std::uint32_t step, std::uint32_t segment) const;
    std::uint32_t known_total(std::uint32_t step);
    dynamodb::Item segment_item(base::Arena& arena, std::uint32_t step,
                                const backfill::SegmentState& state);
    void list_parts(std::uint32_t step, std::uint32_t segment, std::uint32_t attempt);
    void remember_notes(std::uint32_t step, std::uint32_t segment, const dynamodb::Item& item);
    void add_notes(dynamodb::ItemBuilder& item, base::Arena& arena, std::uint32_t step,
                   const backfill::SegmentState& state);
    std::uint32_t taken_attempt(const backfill::QuarantinedItem& item);
    void write_of_segment(const dynamodb::TransactAction& action,
                          const backfill::QuarantinedItem& item, std::uint32_t attempt);

    NativeTable& table_;
    std::string run_;
    std::uint64_t fence_;
    std::mutex mutex_;
    std::map<std::uint32_t, std::uint32_t> totals_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> taken_;  ///< attempts
    std::map<std::pair<std::uint32_t, std::uint32_t>, SegmentNotes> notes_;   ///< by earlier calls
    std::map<std::pair<std::uint32_t, std::uint32_t>, backfill::SegmentState> saved_;
    std::function<SegmentNotes()> measured_;
};

/// Whether another attempt may write the item: not where it is unknown what became of the first.
bool can_be_retried(const backfill::QuarantinedItem& item) noexcept;

}  // namespace dynamigrate::migrate
