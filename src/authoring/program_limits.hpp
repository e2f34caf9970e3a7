#pragma once

#include "fields.hpp"

#include <dynamigrate/migrate/program_step.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace dynamigrate::authoring {

/// A time in seconds, where it is given. Errors: invalid_argument for what is none above 0.
void read_seconds(Fields& fields, std::string_view name, std::chrono::milliseconds& time);
/// `memory`, in megabytes, where it is given. Errors: invalid_argument for too few to start with.
void read_memory(Fields& fields, std::uint64_t& memory_mb);
/// `timeout`, `idle_timeout` and `memory`; those not given as in `limits`.
migrate::ProgramLimits read_program_limits(Fields& fields, migrate::ProgramLimits limits);

}  // namespace dynamigrate::authoring
