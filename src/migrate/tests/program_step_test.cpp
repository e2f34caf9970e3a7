#include "../run_records.hpp"
#include "fixtures.hpp"

#include <dynamigrate/migrate/program_step.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

using testing::Project;

/// Starts nothing of what it is told to; talks with a program of its own.
class TalkingRunner final : public ProgramRunner {
public:
    ProgramCall last;

    void run(dynamodb::Service& service, const ProgramCall& call) override {
        last = call;
        dynamodb::Reply reply;
        service.call(
            {.operation = "PutItem", .body = R"({"TableName":"app","Item":{"pk":{"S":"new"}}})"},
            reply);
        if (call.converse) {
            base::LiveChild child({.arguments = {"true"},
                                   .environment = {},
                                   .directory = {},
                                   .on_line = {},
                                   .has_channel = true});
            call.converse(child);
        }
    }
};

ProgramStep step() {
    ProgramStep step;
    step.table = "app";
    step.arguments = {"fill"};
    return step;
}

struct Filled {
    Project project;
    TalkingRunner runner;

    HistoryRow up(ProgramStep step) {
        project.memory.create_table("app", {{"pk", {}}, std::nullopt});
        Migration migration("1", "Fill");
        migration.on("app").step(make_run(std::move(step)));
        project.registry.add(std::move(migration));
        World world = project.world();
        world.programs = &runner;
        Migrator migrator(project.registry, project.settings, world);
        return migrator.run(migrator.plan_up(std::nullopt, true), project.listener, {}, {})
            .rows.at(0);
    }
};

TEST(ProgramStep, CountsWhatAProgramWasGivenByItsChannel) {
    Filled run;
    ProgramStep talking = step();
    talking.converse = [](const StepRun& at, base::LiveChild&) {
        return at.table("app") == "app" ? 5 : 0;
    };
    talking.output = base::ChildOutput{1, 2};
    const HistoryRow row = run.up(talking);
    EXPECT_EQ(row.counts.read, 5U);
    EXPECT_EQ(row.counts.changed, 1U);
    EXPECT_TRUE(run.runner.last.output);
}

TEST(ProgramStep, KeepsWhatAProgramWasGivenWithThatItIsDone) {
    Filled run;
    ProgramStep talking = step();
    talking.converse = [](const StepRun&, base::LiveChild&) { return 5; };
    const HistoryRow row = run.up(talking);
    NativeTable table(run.project.memory, "dynamigrate-history", "default", run.project.clock,
                      run.project.random);
    NativeRunRecords records(table, row.run, row.fence);
    ASSERT_FALSE(records.load_segments(0).empty());
    EXPECT_EQ(records.load_segments(0).front().counts.read, 5U);
}

TEST(ProgramStep, HasNoChannelUnlessItNeedsOne) {
    Filled run;
    const HistoryRow row = run.up(step());
    EXPECT_FALSE(run.runner.last.converse);
    EXPECT_EQ(row.counts.read, 0U);
    EXPECT_EQ(run.runner.last.variables.at("DYNAMIGRATE_TABLE"), "app");
}

}  // namespace
}  // namespace dynamigrate::migrate
