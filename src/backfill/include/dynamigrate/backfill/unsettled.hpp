#pragma once

#include <dynamigrate/dynamodb/service.hpp>
#include <dynamigrate/layers/journal.hpp>

#include <cstdint>

namespace dynamigrate::backfill {

/// The journal's entries that a run which was cut short left without an outcome, and whose items are
/// not as before them: such a run's next attempt would find out.
std::uint64_t unsettled_writes(dynamodb::Service& service, layers::Journal& journal);

}  // namespace dynamigrate::backfill
