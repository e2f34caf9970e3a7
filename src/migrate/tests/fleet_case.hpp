#pragma once

#include "fixtures.hpp"

#include <dynamigrate/layers/journal_store.hpp>
#include <dynamigrate/migrate/fleet.hpp>
#include <dynamigrate/migrate/steps.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

namespace dynamigrate::migrate::testing {

inline constexpr int kItems = 12;
inline constexpr std::string_view kArn = "arn:aws:states:eu-west-1:1:execution:up-1:e1";
/// Not tried again.
inline const base::Error kDead(base::ErrorKind::permission_denied, "dead");

class KnownExecutions final : public ExecutionWatch {
public:
    bool is_running(const std::string& arn) override { return running.contains(arn); }
    std::set<std::string> running;
};

inline ItemFunction add_one() {
    return [](ItemEditor& item) { item.set("n", item.integer("n") + 1); };
}

/// A project whose processes reach everything through the service alone.
struct FleetCase : ::testing::Test {
    Project project;
    KnownExecutions executions;
    std::string execution{kArn};
    FleetRequest request{"up", "1.0.0"};

    /// `after`: in a step behind the others; nothing: there is none.
    explicit FleetCase(std::uint32_t passes = 1, const std::function<void()>& after = {}) {
        project.memory.create_table("app", {{"pk", dynamodb::AttributeType::string}, {}});
        for (int i = 0; i < kItems; ++i) {
            project.memory.put("app", item(i, i));
        }
        project.settings.backfill.segments = 2;
        executions.running.insert(execution);
        Migration migration("1.0.0", "count");
        TransformStep step;
        step.table = "app";
        step.function = add_one();
        step.options.passes = passes;
        migration.step(fake_step("before", [this](const StepRun&) {
            ++befores;
            return StepResult{};
        }));
        migration.step(make_transform(step));
        if (after) {
            migration.step(fake_step("after", [after](const StepRun&) {
                after();
                return StepResult{};
            }));
        }
        migration.down_auto();
        project.registry.add(std::move(migration));
    }

    static std::string item(int i, int n) {
        return R"({"pk":{"S":"k)" + std::to_string(i) + R"("},"n":{"N":")" + std::to_string(n) +
               R"("}})";
    }
    /// What a process of its own does.
    template <class Function>
    auto in_process(dynamodb::Service& service, const Function& function) {
        const auto objects = layers::make_table_objects(service, "journal", project.clock);
        const auto store = layers::make_object_journals({*objects, project.clock, project.random});
        World world = project.world(&service);
        world.journals = store.get();
        world.execution = execution;
        world.executions = &executions;
        return function(world);
    }
    FleetTurn turn(dynamodb::Service* service = nullptr, std::stop_token stop = {}) {
        return in_process(service ? *service : project.memory, [&](const World& world) {
            return Fleet(project.registry, project.settings, world)
                .turn(request, project.listener, stop);
        });
    }
    FleetSegmentTurn work(const FleetTurn& turn, std::uint32_t segment,
                          dynamodb::Service* service = nullptr) {
        return in_process(service ? *service : project.memory, [&](const World& world) {
            return Fleet(project.registry, project.settings, world)
                .work_segment({turn.run, turn.step, segment, 8}, project.listener, {});
        });
    }
    bool fail(const std::string& reason, bool is_interruption = false) {
        return in_process(project.memory, [&](const World& world) {
            return Fleet(project.registry, project.settings, world)
                .fail(reason, is_interruption, project.listener);
        });
    }
    /// As a command line on a laptop, which reaches the same journals.
    template <class Function>
    auto on_laptop(const Function& function) {
        return in_process(project.memory, [&](World world) {
            world.execution.clear();
            Migrator migrator(project.registry, project.settings, world);
            return function(migrator);
        });
    }
    /// A run of one machine ends when its first items are written and nobody has noted it.
    void die_on_laptop() {
        project.settings.backfill.lanes = 1;
        project.identity = dead_identity();
        bool is_dead = false;
        project.memory.before_call = [&](const dynamodb::Call& call) {
            if (is_dead) {
                throw kDead;
            }
            is_dead = call.operation == "BatchExecuteStatement";
        };
        EXPECT_EQ(error_of([&] {
                      on_laptop([&](Migrator& migrator) {
                          return migrator.run(migrator.plan_up({}, true), project.listener, {}, {});
                      });
                  }).message(),
                  kDead.message());
        project.memory.before_call = {};
        ASSERT_TRUE(is_dead);
    }
    HistoryRow row() { return project.migrator().history().back(); }
    /// By another execution, after this one was stopped, whatever its calls still do.
    void roll_back() {
        execution = "arn:down";
        executions.running = {execution};
        request.action = "down";
        run_to_the_end();
    }
    void run_to_the_end() {
        for (int turns = 0; turns < 10; ++turns) {
            const FleetTurn next = turn();
            if (next.next == FleetTurn::Next::done) {
                return;
            }
            ASSERT_EQ(next.next, FleetTurn::Next::segments);
            for (const std::uint32_t segment : next.segments) {
                EXPECT_EQ(work(next, segment).next, FleetSegmentTurn::Next::done);
            }
        }
        FAIL() << "it does not end";
    }
    void expect_counted(int times, const std::string& when = "") {
        for (int i = 0; i < kItems; ++i) {
            const std::string key = R"({"pk":{"S":"k)" + std::to_string(i) + R"("}})";
            ASSERT_THAT(project.memory.item("app", key),
                        ::testing::HasSubstr(R"("N":")" + std::to_string(i + times) + "\""))
                << when;
        }
    }

    int befores = 0;
};

}  // namespace dynamigrate::migrate::testing
