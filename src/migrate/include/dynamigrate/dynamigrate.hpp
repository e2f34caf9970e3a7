#pragma once

/// What a program with migrations in C++ needs.
///
/// Migrations are built (`Migration`), or are classes (`BaseMigration`), and stand in a `Registry`,
/// or register themselves globally (`register_migration`). With `<dynamigrate/cli/main.hpp>` they
/// come with the whole command line:
///
///     #include <dynamigrate/cli/main.hpp>
///     #include <dynamigrate/dynamigrate.hpp>
///
///     using namespace dynamigrate::migrate;
///
///     const Registration kNames = register_migration(
///         Migration{"1.0.0", "Join names"}.on("people").transform([](ItemEditor& person) {
///             person.set("name", person.string("first") + " " + person.string("last"));
///         }).down_auto());
///
///     int main(int argc, char** argv) { return dynamigrate::cli::main(argc, argv); }
///
/// With `<dynamigrate/cli/open.hpp>` a program runs them itself:
///
///     auto project = dynamigrate::cli::open({.endpoint = "http://localhost:8000"});
///     project->runner().migrate({.dry_run = true});
#include <dynamigrate/migrate/actions.hpp>
#include <dynamigrate/migrate/code_step.hpp>
#include <dynamigrate/migrate/finding.hpp>
#include <dynamigrate/migrate/migration.hpp>
#include <dynamigrate/migrate/migration_class.hpp>
#include <dynamigrate/migrate/migrator.hpp>
#include <dynamigrate/migrate/runner.hpp>
#include <dynamigrate/migrate/steps.hpp>
#include <dynamigrate/migrate/version.hpp>
