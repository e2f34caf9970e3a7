#pragma once

#include "arguments.hpp"
#include "console.hpp"
#include "dry_run.hpp"
#include "exit_code.hpp"
#include "project.hpp"
#include "tables.hpp"
#include "wiring.hpp"

#include <dynamigrate/cloud/command_request.hpp>
#include <dynamigrate/json/writer.hpp>
#include <dynamigrate/migrate/migrator.hpp>

#include <functional>
#include <memory>

namespace dynamigrate::cli {

/// How a command from afar is asked for and ends early.
struct FarCall {
    std::string request;             ///< names it, in the rows of the runs that it leads to
    std::stop_token stop, stop_now;  ///< when the time is nearly over, and over
    /// Told of each migration that begins.
    std::function<void(const migrate::PlannedMigration&)> on_begin = {};
    /// Those given so far, each with its question.
    std::vector<cloud::GivenAnswer> answers = {};
    bool is_out_of_time() const { return stop.stop_requested(); }
};

/// One command under way: what the user said, and what has been made of it so far.
class Session {
public:
    /// The references must outlive it. `registry`: the program's own migrations.
    Session(const Arguments& arguments, Console& console, const base::Environment& environment,
            base::Log& log, migrate::Registry registry);

    const Arguments& arguments;
    Console& console;
    const base::Environment& environment;
    Phase phase = Phase::setup;
    Project project;
    migrate::Registry registry;
    FarCall far;

    /// Reads the configuration, once.
    void open_project();
    /// Adds the migrations of the configured directory, which must exist if `required` and the
    /// program has none of its own.
    void load_migrations(bool required);
    /// The same, all of the files that can be read; what is wrong with the others.
    std::vector<migrate::Finding> try_load_migrations();
    /// Finds the endpoint, says where the command works and checks that it answers.
    void connect();

    bool is_connected() const { return migrator_ != nullptr; }
    base::Log& log() { return log_; }
    Wiring& wiring() { return *wiring_; }
    Tables& tables() { return *tables_; }
    migrate::Migrator& migrator() { return *migrator_; }
    /// nullptr unless the user asked for a dry run.
    DryRun* dry_run() { return dry_run_.get(); }
    /// The runs that the request from afar began or went on with, in this call and in earlier ones.
    std::vector<migrate::HistoryRow> rows_of_request();
    /// Of the database, whatever a dry run would make of it.
    std::string current_version();
    /// A migrator that keeps to the capacity of the tables which these migrations work on.
    migrate::Migrator& paced_migrator(const std::vector<const migrate::Migration*>& migrations);

    /// Prints one JSON object.
    void print_json(const std::function<void(json::Writer&)>& members);

private:
    void make_migrator();

    bool is_open_ = false;
    base::Log& log_;
    std::unique_ptr<Wiring> wiring_;
    std::unique_ptr<Tables> tables_;
    std::unique_ptr<DryRun> dry_run_;
    std::unique_ptr<migrate::Migrator> migrator_;
};

}  // namespace dynamigrate::cli
