#pragma once

#include <dynamigrate/backfill/backfill.hpp>

#include <cstdint>
#include <stop_token>

namespace dynamigrate::backfill {

/// What trying a segment showed.
struct SegmentTrial {
    std::uint64_t read = 0;     ///< items, those that `where` leaves out included
    std::uint64_t changed = 0;  ///< would be written
    std::uint64_t failed = 0;   ///< would go to quarantine
    double write_units = 0;     ///< of the table; entries in indexes are not counted
    bool is_done = false;       ///< else it was stopped: only part of it was read
};

/// Reads a segment of a plan that can be shared and asks the transform what would become of each
/// item. Nothing is written, nor kept anywhere; of the surroundings only the service is used, with
/// reads only.
/// Cancel: returns with what was read until then. Errors: of the service; BrokenTransform.
SegmentTrial try_segment(const Plan& plan, const Surroundings& surroundings, std::uint32_t segment,
                         std::uint32_t total, std::stop_token stop, std::stop_token stop_now = {});

}  // namespace dynamigrate::backfill
