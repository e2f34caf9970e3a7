#pragma once

#include <dynamigrate/migrate/migration.hpp>

namespace dynamigrate::cli {

/// The whole command line as a function, for the program and for a user's own binary that brings
/// migrations written in C++:
///
///     int main(int argc, char** argv) {
///         dynamigrate::migrate::Registry registry;
///         registry.add(...);
///         return dynamigrate::cli::main(argc, argv, std::move(registry));
///     }
///
/// `registry`: joined with the migrations of the configured directory.
/// Ensures: returns the exit code; every failure is reported on standard error.
int main(int argc, char** argv, migrate::Registry registry = {});

}  // namespace dynamigrate::cli
