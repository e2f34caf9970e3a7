#pragma once

#include <dynamigrate/migrate/migration_class.hpp>

namespace dynamigrate::cli {

/// The whole command line as a function, for the program and for a user's own binary that brings
/// migrations written in C++:
///
///     int main(int argc, char** argv) { return dynamigrate::cli::main(argc, argv); }
///
/// `registry`: by default the migrations that registered themselves; joined with those of the
/// configured directory.
/// Ensures: returns the exit code; every failure is reported on standard error.
int main(int argc, char** argv, migrate::Registry registry = migrate::global_registry());

}  // namespace dynamigrate::cli
