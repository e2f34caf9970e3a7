#pragma once

#include <dynamigrate/authoring/config.hpp>
#include <dynamigrate/dynamodb/table.hpp>

#include <optional>
#include <vector>

namespace dynamigrate::cli {

/// Units per second for reads and writes; nothing: no limit.
struct CapacityLimits {
    std::optional<double> read;
    std::optional<double> write;
};

/// What is asked for by flags and configuration.
struct CapacityWishes {
    std::optional<authoring::Rate> read;
    std::optional<authoring::Rate> write;
    /// Without a wish: half of what a provisioned table has, all that an on-demand table is warm
    /// for. False where capacity means nothing (a server on this machine).
    bool has_default = true;
};

/// One limit that suits every table that is worked on: the lowest of theirs.
CapacityLimits capacity_limits(const CapacityWishes& wishes,
                               const std::vector<dynamodb::TableDescription>& tables);

}  // namespace dynamigrate::cli
