#pragma once

#include <dynamigrate/base/clock.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace dynamigrate::cloud {

/// What one invocation did.
struct InvocationMetrics {
    std::string function;    ///< its name
    std::string request_id;  ///< a member, not a dimension
    std::string action;      ///< "up", "status" ...
    std::uint64_t items = 0;
    std::uint64_t changed = 0;
    std::uint64_t conflicts = 0;
    std::uint64_t quarantined = 0;
    double read_units = 0;
    double write_units = 0;
    std::chrono::milliseconds duration{0};
    bool has_failed = false;
};

/// The line from which CloudWatch makes metrics (Embedded Metric Format), in the namespace
/// `dynamigrate`, by function and by function and action.
std::string metrics_line(const InvocationMetrics& metrics, base::WallTime now);

}  // namespace dynamigrate::cloud
