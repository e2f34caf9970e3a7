#include "../rollback_target.hpp"
#include "fixtures.hpp"

#include <dynamigrate/dynamigrate.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using ::testing::ElementsAre;
using testing::error_of;
using testing::fake_step;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Project;
using testing::simple;

Migration aliased(const std::string& id, const std::string& alias) {
    Migration migration = simple(id);
    migration.alias(alias);
    return migration;
}

/// Four versions, the first with an alias.
struct FourVersions : Project {
    FourVersions() {
        registry.add(aliased("1", "first"));
        for (const char* id : {"2", "3", "4"}) {
            registry.add(simple(id));
        }
    }
    Runner runner() { return Runner(registry, settings, world()); }
};

std::vector<std::string> ids(const RunnerResult& result) {
    std::vector<std::string> ids;
    for (const HistoryRow& row : result.rows) {
        ids.push_back(row.id);
    }
    return ids;
}

std::vector<std::string> ids(const std::vector<PlannedMigration>& plan) {
    std::vector<std::string> ids;
    for (const PlannedMigration& planned : plan) {
        ids.push_back(planned.migration->id());
    }
    return ids;
}

std::vector<std::string> codes(const ValidationResult& result) {
    std::vector<std::string> codes;
    for (const Finding& finding : result.findings) {
        codes.push_back(finding.code);
    }
    return codes;
}

TEST(Runner, MigratesAllOrUpToATargetWhichIsIncluded) {
    FourVersions project;
    Runner runner = project.runner();
    EXPECT_THAT(ids(runner.migration_plan({.target = "2"})), ElementsAre("1", "2"));
    EXPECT_THAT(ids(runner.migrate({.target = "first"})), ElementsAre("1"));
    EXPECT_THAT(ids(runner.migrate({.target = "2"})), ElementsAre("2"));
    EXPECT_THAT(ids(runner.migrate({.target = "2"})), IsEmpty());
    EXPECT_THAT(ids(runner.migrate()), ElementsAre("3", "4"));
}

TEST(Runner, RefusesUnknownTargetsAndChangesNothing) {
    FourVersions project;
    Runner runner = project.runner();
    EXPECT_EQ(error_of([&] { runner.migrate({.target = "9"}); }).kind(),
              base::ErrorKind::not_found);
    EXPECT_THAT(runner.applied(), IsEmpty());
    runner.migrate();
    EXPECT_EQ(error_of([&] { runner.rollback({.target = "9"}); }).kind(),
              base::ErrorKind::not_found);
    EXPECT_EQ(error_of([&] { runner.rollback_plan({.target = "9"}); }).kind(),
              base::ErrorKind::not_found);
    EXPECT_EQ(runner.applied().size(), 4U);
}

TEST(Runner, RollsBackByStepsAndByTarget) {
    FourVersions project;
    Runner runner = project.runner();
    runner.migrate();
    EXPECT_THAT(ids(runner.rollback_plan({.target = "first"})), ElementsAre("4", "3", "2"));
    EXPECT_THAT(ids(runner.rollback()), ElementsAre("4"));
    EXPECT_THAT(ids(runner.rollback({.steps = 2})), ElementsAre("3", "2"));
    runner.migrate();
    EXPECT_THAT(ids(runner.rollback({.target = "3"})), ElementsAre("4"));
    EXPECT_THAT(ids(runner.rollback({.target = "2", .includes_target = true})),
                ElementsAre("3", "2"));
    EXPECT_THAT(ids(runner.rollback({.steps = 9})), ElementsAre("1"));
    EXPECT_THAT(ids(runner.rollback()), IsEmpty());
}

TEST(Runner, ComputesWhereARollbackEnds) {
    const std::vector<std::string> standing{"3.0.0", "2.0.0", "1.0.0"};
    EXPECT_EQ(rollback_target({}, "", standing), "2.0.0");
    EXPECT_EQ(rollback_target({.steps = 3}, "", standing), "0");
    EXPECT_EQ(rollback_target({}, "1.0.0", standing), "1.0.0");
    EXPECT_EQ(rollback_target({.includes_target = true}, "1.0.0", standing), "0");
    EXPECT_EQ(rollback_target({}, "0.0.0", standing), "0");
    EXPECT_EQ(error_of([&] { rollback_target({.steps = 0}, "", standing); }).kind(),
              base::ErrorKind::invalid_argument);
}

TEST(Runner, ForcesARollbackOfWhatOthersDependOn) {
    Project project;
    project.registry.add(simple("1", {"2"}));
    project.registry.add(simple("2"));
    Runner runner(project.registry, project.settings, project.world());
    runner.migrate();
    EXPECT_THAT(error_of([&] { runner.rollback(); }).what(), HasSubstr("depends on it"));
    EXPECT_THAT(codes(runner.validate_rollback()), ElementsAre("dependency_conflict"));
    EXPECT_TRUE(runner.validate_rollback({.force = true}).is_valid());
    EXPECT_THAT(ids(runner.rollback({.force = true})), ElementsAre("2"));
}

TEST(Runner, TellsWhereTheDatabaseStands) {
    FourVersions project;
    Runner runner = project.runner();
    EXPECT_EQ(runner.status().current_version, "0");
    EXPECT_FALSE(runner.status().last_run);
    runner.migrate({.target = "2"});
    DatabaseStatus status = runner.status();
    EXPECT_EQ(status.current_version, "2");
    EXPECT_EQ(status.last_run->id, "2");
    EXPECT_THAT(status.pending, ElementsAre("3", "4"));
    EXPECT_FALSE(status.lock);
    runner.rollback();
    EXPECT_EQ(runner.status().current_version, "1");
    EXPECT_TRUE(runner.is_applied("first"));
    EXPECT_FALSE(runner.is_applied("2"));
    EXPECT_EQ(runner.history().size(), 3U);
    EXPECT_EQ(runner.pending().size(), 3U);
}

TEST(Runner, ContinuesWhatFailed) {
    Project project;
    bool fails = true;
    project.registry.add(Migration("1").step(fake_step("one", [&](const StepRun&) {
        if (fails) {
            throw base::Error(base::ErrorKind::failed_precondition, "it broke");
        }
        return StepResult{};
    })));
    Runner runner(project.registry, project.settings, project.world());
    error_of([&] { runner.migrate(); });
    EXPECT_THAT(runner.applied(), IsEmpty());
    EXPECT_EQ(runner.status().unfinished.size(), 1U);
    EXPECT_THAT(codes(runner.validate()), ElementsAre("irreversible", "previous_failure"));
    fails = false;
    EXPECT_THAT(ids(runner.resume()), ElementsAre("1"));
}

TEST(Runner, TellsTheListener) {
    FourVersions project;
    project.runner().migrate({.target = "1"}, {.listener = &project.listener});
    EXPECT_THAT(project.listener.lines, ElementsAre("begin up 1", "step step of 1", "end applied"));
}

/// Asks to stop when a migration has ended.
class StopAfterOne final : public SilentListener {
public:
    void migration_ends(const PlannedMigration&, const HistoryRow&) override {
        stop.request_stop();
    }
    std::stop_source stop;
};

TEST(Runner, StopsWhenAsked) {
    FourVersions project;
    StopAfterOne listener;
    RunnerResult result =
        project.runner().migrate({}, {.listener = &listener, .stop = listener.stop.get_token()});
    EXPECT_TRUE(result.interrupted);
    EXPECT_THAT(ids(result), ElementsAre("1"));
}

TEST(Runner, RefusesADryRunWithoutAWorldForIt) {
    FourVersions project;
    EXPECT_EQ(error_of([&] { project.runner().migrate({.dry_run = true}); }).kind(),
              base::ErrorKind::unimplemented);
    EXPECT_EQ(project.memory.request_count("CreateTable"), 0);
}

TEST(Validation, PassesWhatCanRun) {
    FourVersions project;
    ValidationResult result = project.runner().validate();
    EXPECT_TRUE(result.is_valid());
    EXPECT_EQ(result.format(), "Validation passed: nothing was found\n");
}

TEST(Validation, TellsOfAnEmptyRegistry) {
    Project project;
    Runner runner(project.registry, project.settings, project.world());
    EXPECT_THAT(codes(runner.validate()), ElementsAre("no_migrations"));
    EXPECT_TRUE(runner.validate().is_valid());
}

TEST(Validation, FindsWhatChangedSinceItWasApplied) {
    FourVersions project;
    project.runner().migrate();
    Registry changed;
    changed.add(simple("1").step(fake_step("another")));
    Runner runner(changed, project.settings, project.world());
    EXPECT_THAT(codes(runner.validate()), ElementsAre("checksum_mismatch"));
    EXPECT_FALSE(runner.validate().is_valid());
    EXPECT_TRUE(runner.validate({.force = true}).is_valid());
    EXPECT_THAT(runner.validate().format(),
                ::testing::AllOf(HasSubstr("Validation failed"), HasSubstr("1 changed since"),
                                 HasSubstr("restore what was applied"), HasSubstr("1 error")));
}

TEST(Validation, LooksAtTheTablesOfWhatIsPlannedToo) {
    Project project;
    Migration migration("1", "text");
    PutStep step;
    step.table = "nowhere";
    project.registry.add(migration.step(make_put(step)).down_auto());
    Runner runner(project.registry, project.settings, project.world());
    EXPECT_THAT(codes(runner.validate()), ElementsAre("nothing_to_do", "unknown_table"));
}

TEST(Validation, LooksAtOneMigration) {
    FourVersions project;
    project.registry.add(simple("5", {"4"}));
    Runner runner = project.runner();
    EXPECT_THAT(codes(runner.validate("9")), ElementsAre("not_found"));
    EXPECT_THAT(codes(runner.validate("first")), IsEmpty());
    EXPECT_THAT(codes(runner.validate("5")), ElementsAre("unapplied_dependency"));
    EXPECT_TRUE(runner.validate("5").is_valid());
    runner.migrate();
    EXPECT_THAT(codes(runner.validate("first")), ElementsAre("already_applied"));
    runner.rollback();
    EXPECT_THAT(codes(runner.validate("5")), ElementsAre("previously_rolled_back"));
}

TEST(Validation, RefusesIdsThatNoFileCouldHave) {
    Project project;
    project.registry.add(simple("cleanup things"));
    project.registry.add(simple(std::string(101, 'x')));
    Runner runner(project.registry, project.settings, project.world());
    EXPECT_THAT(codes(runner.validate()), ElementsAre("invalid_id", "invalid_id"));
}

TEST(Validation, TellsOfMigrationsThatCannotBeRolledBack) {
    Project project;
    project.registry.add(Migration("1", "One way").step(fake_step("one")));
    Runner runner(project.registry, project.settings, project.world());
    runner.migrate();
    EXPECT_THAT(codes(runner.validate_rollback()), ElementsAre("refused"));
    EXPECT_THAT(codes(runner.validate_rollback({.target = "7"})), ElementsAre("not_found"));
    EXPECT_EQ(runner.applied().size(), 1U);
}

TEST(Registry, OrdersByDependenciesAndTellsWhatIsPending) {
    Registry registry;
    registry.add(simple("1", {"3"}));
    registry.add(simple("2"));
    registry.add(simple("3"));
    std::vector<std::string> order;
    for (const Migration* migration : registry.pending({})) {
        order.push_back(migration->id());
    }
    EXPECT_THAT(order, ElementsAre("2", "3", "1"));
    EXPECT_EQ(registry.pending({"3", "2"}).size(), 1U);
    EXPECT_THAT(registry.unmet_dependencies(*registry.find("1"), {"2"}), ElementsAre("3"));
    EXPECT_THAT(registry.unmet_dependencies(*registry.find("1"), {"03"}), IsEmpty());
    registry.add(simple("4", {"4"}));
    EXPECT_THAT(error_of([&] { registry.pending({}); }).what(), HasSubstr("4 -> 4"));
}

}  // namespace
}  // namespace dynamigrate::migrate
