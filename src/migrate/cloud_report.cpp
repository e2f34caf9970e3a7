#include "cloud_report.hpp"

#include <fmt/format.h>

namespace dynamigrate::migrate {

void sum_up_cloud(HistoryRow& row, NativeRunRecords& records, const Settings& settings) {
    if (!row.turns_used.is_any()) {
        return;
    }
    const SegmentsNotes segments = records.segments_notes();
    row.read_units += segments.used.read_units - row.segments_used.read_units;
    row.write_units += segments.used.write_units - row.segments_used.write_units;
    row.segments_used = segments.used;
    const bool is_in_table = !row.journal.starts_with("s3:");
    row.cost =
        cost_of(row.turns_used, row.segments_used, segments.segments, is_in_table, settings.cloud);
    row.currency = settings.cloud.prices.capacity.currency;
}

std::string cloud_report_line(const HistoryRow& row) {
    CloudUsage all = row.turns_used;
    all += row.segments_used;
    return fmt::format(
        "used {} calls, {} of them for segments; {:.1f} s of the function, {:.1f} RCU, "
        "{:.1f} WCU, {} bytes of journal; {} items changed: about {:.4f} {}",
        all.calls, row.segments_used.calls, all.seconds, all.read_units, all.write_units,
        all.journal_bytes, row.counts.changed, row.cost, row.currency);
}

}  // namespace dynamigrate::migrate
