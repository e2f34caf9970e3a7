#include "session.hpp"

#include <dynamigrate/authoring/migration_file.hpp>

namespace dynamigrate::cli {

Session::Session(const Arguments& the_arguments, Console& the_console,
                 const base::Environment& the_environment, base::Log& log,
                 migrate::Registry the_registry)
    : arguments(the_arguments),
      console(the_console),
      environment(the_environment),
      registry(std::move(the_registry)),
      log_(log) {}

void Session::open_project() {
    phase = Phase::setup;
    if (is_open_) {
        return;
    }
    project = load_project(arguments, environment);
    if (arguments.as_onetable && project.config.path.empty()) {
        throw base::Error(base::ErrorKind::not_found,
                          "Cannot locate migrate.json5 or migrate.json; run this in the directory "
                          "that has it, or name it with --config");
    }
    project.request = far.request;
    is_open_ = true;
}

void Session::load_migrations(bool required) {
    phase = Phase::loading;
    const std::filesystem::path& directory = project.config.migrations;
    bool is_there = std::filesystem::exists(directory);
    if (is_there || (required && registry.all().empty())) {
        authoring::DirectorySource(directory, project.settings.default_table,
                                   script_settings(project, environment))
            .load(registry);
    }
}

std::vector<migrate::Finding> Session::try_load_migrations() {
    phase = Phase::loading;
    std::vector<migrate::Finding> findings;
    const std::filesystem::path& directory = project.config.migrations;
    if (std::filesystem::exists(directory) || registry.all().empty()) {
        authoring::DirectorySource source(directory, project.settings.default_table,
                                          script_settings(project, environment));
        source.collect(findings);
        source.load(registry);
    }
    return findings;
}

void Session::connect() {
    phase = Phase::setup;
    wiring_ = std::make_unique<Wiring>(project, environment, log_);
    console.say(project.place(wiring_->database().location()));
    project.fit_to(wiring_->database().is_local());
    phase = Phase::deciding;
    wiring_->database().check_account(project.config.account);
    wiring_->check_connection(project.settings.history_table, project.database());
    tables_ = std::make_unique<Tables>(wiring_->service(), project.settings);
    if (arguments.dry) {
        dry_run_ = std::make_unique<DryRun>(*wiring_, console, project, registry, arguments.sample);
    }
    make_migrator();
}

void Session::make_migrator() {
    migrator_ =
        dry_run_
            ? std::make_unique<migrate::Migrator>(registry, dry_run_->settings(), dry_run_->world())
            : std::make_unique<migrate::Migrator>(registry, project.settings, wiring_->world());
}

std::vector<migrate::HistoryRow> Session::rows_of_request() {
    std::vector<migrate::HistoryRow> rows;
    if (!far.request.empty()) {
        rows = migrator_->history();
        std::erase_if(rows, [this](const auto& row) { return !is_of_request(row, far.request); });
    }
    return rows;
}

std::string Session::current_version() {
    return migrate::Migrator(registry, project.settings, wiring_->world()).current_version();
}

migrate::Migrator& Session::paced_migrator(
    const std::vector<const migrate::Migration*>& migrations) {
    CapacityWishes wishes = project.capacity;
    wishes.has_default = !wiring_->database().is_local();
    CapacityLimits limits = capacity_limits(wishes, tables_->touched(migrations));
    project.settings.backfill.max_rcu = limits.read;
    project.settings.backfill.max_wcu = limits.write;
    make_migrator();
    return *migrator_;
}

void Session::print_json(const std::function<void(json::Writer&)>& members) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    members(writer);
    writer.end_object();
    console.print(text);
}

}  // namespace dynamigrate::cli
