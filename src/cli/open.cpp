#include <dynamigrate/cli/open.hpp>

#include "dry_run.hpp"
#include "project.hpp"
#include "tables.hpp"
#include "wiring.hpp"

#include <dynamigrate/authoring/migration_file.hpp>

#include <iostream>

namespace dynamigrate::cli {

namespace {

Arguments to_arguments(const OpenOptions& options) {
    Arguments arguments;
    arguments.config = options.config;
    arguments.profile = options.profile;
    arguments.endpoint = options.endpoint;
    arguments.region = options.region;
    arguments.access_key = options.access_key;
    arguments.secret_key = options.secret_key;
    arguments.table = options.table;
    return arguments;
}

Project load(const OpenOptions& options, const base::Environment& environment) {
    Project project = load_project(to_arguments(options), environment, options.directory);
    if (!options.history_table.empty()) {
        project.settings.history_table = options.history_table;
    }
    return project;
}

/// A dry run with nobody at a terminal.
class OpenDryWorld final : public migrate::DryWorld {
public:
    OpenDryWorld(Wiring& wiring, const Project& project, const migrate::Registry& registry)
        : console_(std::cin, std::cout, std::cerr, false, false),
          dry_(wiring, console_, project, registry, std::nullopt) {
        console_.be_quiet();
    }

    migrate::World world() override { return dry_.world(); }
    migrate::Settings settings() const override { return dry_.settings(); }
    migrate::DryRecorder& recorder() override { return dry_.recorder(); }
    migrate::DryReport report() override { return dry_.report(); }

private:
    Console console_;
    DryRun dry_;
};

class JoinedProject final : public OpenProject {
public:
    JoinedProject(const OpenOptions& options, migrate::Registry registry)
        : environment_(base::Environment::of_process()),
          project_(load(options, environment_)),
          registry_(std::move(registry)),
          wiring_(project_, environment_, options.log ? *options.log : base::null_log()),
          tables_(wiring_.service(), project_.fit_to(wiring_.database().is_local()).settings),
          runner_(registry_, project_.settings, wiring_.world(), hooks()) {
        const std::filesystem::path& directory = project_.config.migrations;
        if (options.has_files && std::filesystem::is_directory(directory)) {
            authoring::DirectorySource(directory, project_.settings.default_table,
                                       script_settings(project_, environment_))
                .load(registry_);
        }
    }

    migrate::Runner& runner() override { return runner_; }
    dynamodb::Service& service() override { return wiring_.service(); }
    const migrate::Registry& registry() const override { return registry_; }
    const migrate::Settings& settings() const override { return project_.settings; }
    const std::string& location() override { return wiring_.database().location(); }

private:
    migrate::RunnerHooks hooks() {
        return {.dry_world =
                    [this] { return std::make_unique<OpenDryWorld>(wiring_, project_, registry_); },
                .limits = [this](const auto& plan) { return limits(plan); }};
    }

    /// As the command line's: by the capacity of the tables that the plan works on. Right before a
    /// run, when the account must be the right one.
    migrate::BackfillSettings limits(const std::vector<migrate::PlannedMigration>& plan) {
        wiring_.database().check_account(project_.config.account);
        std::vector<const migrate::Migration*> migrations;
        for (const migrate::PlannedMigration& planned : plan) {
            migrations.push_back(planned.migration);
        }
        CapacityWishes wishes = project_.capacity;
        wishes.has_default = !wiring_.database().is_local();
        CapacityLimits limits = capacity_limits(wishes, tables_.touched(migrations));
        project_.settings.backfill.max_rcu = limits.read;
        project_.settings.backfill.max_wcu = limits.write;
        return project_.settings.backfill;
    }

    base::Environment environment_;
    Project project_;
    migrate::Registry registry_;
    Wiring wiring_;
    Tables tables_;
    migrate::Runner runner_;
};

}  // namespace

std::unique_ptr<OpenProject> open(const OpenOptions& options, migrate::Registry registry) {
    return std::make_unique<JoinedProject>(options, std::move(registry));
}

}  // namespace dynamigrate::cli
