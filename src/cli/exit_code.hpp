#pragma once

#include <dynamigrate/base/error.hpp>

namespace dynamigrate::cli {

/// What the program returns; documented in docs/reference/exit-codes.md.
enum class ExitCode {
    done = 0,
    failed = 1,
    usage = 2,
    refused = 3,
    locked = 4,
    outstanding = 5,
    invalid = 6,
    interrupted = 130,
};

/// How far a command has come: the same kind of error means another thing in each.
enum class Phase {
    setup,     ///< reading arguments and configuration, finding the endpoint
    loading,   ///< reading the migrations
    deciding,  ///< asking the database, planning
    running,   ///< a migration has begun
};

ExitCode exit_code(const base::Error& error, Phase phase) noexcept;

}  // namespace dynamigrate::cli
