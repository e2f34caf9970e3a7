#pragma once

#include <dynamigrate/backfill/backfill.hpp>

#include <cstdint>

/// What a plan says by itself.
namespace dynamigrate::backfill {

/// Errors: invalid_argument, with what contradicts what.
void check(const Plan& plan);
/// How many segments a step gets that has not begun.
std::uint32_t choose_segments(const Plan& plan);
/// A source that its own output could reappear in, or that holds keys only.
bool needs_spool(const Plan& plan);

}  // namespace dynamigrate::backfill
