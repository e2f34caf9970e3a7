#include "program_limits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dynamigrate::authoring {

namespace {

constexpr std::uint32_t kLeastMemoryMb = 64;
constexpr double kMostSeconds = 1e9;
constexpr double kMilliseconds = 1000;

}  // namespace

void read_seconds(Fields& fields, std::string_view name, std::chrono::milliseconds& time) {
    const auto seconds = fields.number(name);
    if (!seconds) {
        return;
    }
    if (*seconds <= 0) {
        fields.fail(*fields.find(name),
                    fmt::format("`{}` must be a number of seconds above 0", name));
    }
    time = std::chrono::milliseconds(
        static_cast<std::int64_t>(std::min(*seconds, kMostSeconds) * kMilliseconds));
}

void read_memory(Fields& fields, std::uint64_t& memory_mb) {
    const auto megabytes = fields.count("memory");
    if (!megabytes) {
        return;
    }
    if (*megabytes < kLeastMemoryMb) {
        fields.fail(
            *fields.find("memory"),
            fmt::format("`memory` must be a number of megabytes, {} or more", kLeastMemoryMb));
    }
    memory_mb = *megabytes;
}

migrate::ProgramLimits read_program_limits(Fields& fields, migrate::ProgramLimits limits) {
    read_seconds(fields, "timeout", limits.time);
    read_seconds(fields, "idle_timeout", limits.idle);
    read_memory(fields, limits.memory_mb);
    return limits;
}

}  // namespace dynamigrate::authoring
