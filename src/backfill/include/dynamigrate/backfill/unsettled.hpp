#pragma once

#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <cstdint>

namespace dynamigrate::backfill {

/// The journal's entries that a run which was cut short left without an outcome.
struct UnsettledWrites {
    std::uint64_t entries = 0;
    std::uint64_t as_before = 0;  ///< what the entry changes is as before it
    std::uint64_t as_after = 0;   ///< it surely arrived, as far as that can be seen; no moved items

    /// Only such a run's next attempt would find out about these.
    std::uint64_t unknown() const noexcept { return entries - as_before - as_after; }
};

/// Compares their items with them.
UnsettledWrites unsettled_writes(dynamodb::Service& service, layers::Journal& journal);

}  // namespace dynamigrate::backfill
