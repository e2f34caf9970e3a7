#include "backfill_fixture.hpp"

namespace dynamigrate::backfill {
namespace {

using expressions::MemoryService;

TEST_F(BackfillTest, ChangesEveryItemByBatchesOfTwentyFive) {
    fill();
    const auto transform = lower_name();

    const Result result = run(transform);

    EXPECT_EQ(result.counts.changed, kItems);
    EXPECT_EQ(result.counts.read, kItems);
    for (int i = 0; i < kItems; ++i) {
        EXPECT_EQ(number(i, "low"), "name " + std::to_string(i));
    }
    EXPECT_EQ(service.request_count("UpdateItem"), 0);
    EXPECT_LE(service.request_count("BatchExecuteStatement"), kItems / 25 + 6);
}

TEST_F(BackfillTest, WritesNothingWhereNothingDiffers) {
    fill();
    const auto transform = lower_name();
    run(transform);
    const int writes = service.request_count("BatchExecuteStatement");
    plan.step = 1;

    const Result again = run(transform);

    EXPECT_EQ(again.counts.unchanged, kItems);
    EXPECT_EQ(service.request_count("BatchExecuteStatement"), writes);
}

TEST_F(BackfillTest, RunsADoneStepOnce) {
    fill();
    const auto transform = increment();
    run(transform);

    run(transform, 2);

    EXPECT_EQ(number(5, "c"), "6");
}

TEST_F(BackfillTest, TouchesOnlyWhatWhereSelects) {
    fill();
    base::Arena arena;
    plan.where.text = "c < :limit";
    plan.where.values = dynamodb::parse_item(R"({":limit":{"N":"10"}})", arena);
    const auto transform = increment();

    const Result result = run(transform);

    EXPECT_EQ(result.counts.changed, 10U);
    EXPECT_EQ(number(9, "c"), "10");
    EXPECT_EQ(number(10, "c"), "10");
}

TEST_F(BackfillTest, KeepsWhatTheApplicationWroteMeanwhile) {
    fill(10);
    plan.lanes = 1;
    plan.segments = 1;
    bool interfered = false;
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "BatchExecuteStatement" && !interfered) {
            interfered = true;
            service.put("app",
                        R"({"pk":{"S":"k1"},"c":{"N":"1"},"name":{"S":"NEW"},"x":{"N":"9"}})");
            service.remove("app", key_json(2));
            service.put("app",
                        R"({"pk":{"S":"k3"},"c":{"N":"3"},"name":{"S":"Name 3"},"y":{"N":"1"}})");
        }
    };
    const auto transform = lower_name();

    const Result result = run(transform);

    EXPECT_EQ(number(1, "low"), "new");
    EXPECT_EQ(number(1, "x"), "9");
    EXPECT_EQ(service.item("app", key_json(2)), "");
    EXPECT_EQ(number(3, "low"), "name 3");
    EXPECT_EQ(number(3, "y"), "1");
    EXPECT_GE(result.counts.conflicts, 2U);
}

TEST_F(BackfillTest, FallsBackToSingleWritesWithoutPartiql) {
    MemoryService plain({.with_partiql = false});
    plain.create_table("app", key);
    for (int i = 0; i < kItems; ++i) {
        plain.put("app", item_json(i));
    }
    const auto transform = increment();

    const Result result = run_over(plain, transform);

    EXPECT_EQ(result.counts.changed, kItems);
    EXPECT_EQ(plain.request_count("UpdateItem"), kItems);
    EXPECT_NE(plain.item("app", key_json(7)).find(R"("c":{"N":"8"})"), std::string::npos);
}

TEST_F(BackfillTest, DeletesGuarded) {
    fill();
    const FunctionTransform remove(
        [](const dynamodb::Item& item, base::Arena&, TransformOutput& out) {
            out.reads("c");
            if (dynamodb::compare_numbers(item.text("c"), "30") >= 0) {
                out.remove();
            }
        });

    const Result result = run(remove);

    EXPECT_EQ(result.counts.changed, 30U);
    EXPECT_EQ(service.items("app").size(), 30U);
}

TEST_F(BackfillTest, QuarantinesWhatTheTransformRefuses) {
    fill();
    plan.failure_budget.count = 1;
    const FunctionTransform refuse(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            if (item.text("pk") == "k7") {
                throw base::Error(base::ErrorKind::invalid_argument, "no seven, please");
            }
            out.change(item.with(arena, "ok", dynamodb::AttributeValue::boolean(true)));
        });

    const Result result = run(refuse);

    EXPECT_EQ(result.counts.quarantined, 1U);
    ASSERT_EQ(records.quarantined(0).size(), 1U);
    EXPECT_EQ(records.quarantined(0)[0].message, "no seven, please");
    EXPECT_EQ(records.quarantined(0)[0].reason, "transform_error");
}

TEST_F(BackfillTest, EndsWhenTheFailureBudgetIsExceeded) {
    fill();
    const FunctionTransform refuse([](const dynamodb::Item&, base::Arena&, TransformOutput&) {
        throw base::Error(base::ErrorKind::invalid_argument, "never");
    });

    try {
        run(refuse);
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed_precondition);
        EXPECT_NE(error.message().find("failure_budget"), std::string::npos);
    }
}

TEST_F(BackfillTest, QuarantinesItemsThatWouldGrowBeyondTheLimit) {
    fill(3);
    plan.failure_budget.count = 3;
    const std::string much(410'000, 'x');
    const FunctionTransform grow(
        [&](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            out.change(item.with(arena, "much", dynamodb::AttributeValue::string(much)));
        });

    const Result result = run(grow);

    EXPECT_EQ(result.counts.quarantined, 3U);
    EXPECT_EQ(records.quarantined(0)[0].reason, "too_large");
}

TEST_F(BackfillTest, PrefixesEachKeyExactlyOnce) {
    fill(200);
    const auto transform = prefix_key();

    const Result result = run(transform);

    EXPECT_EQ(result.counts.changed, 200U);
    const auto items = service.items("app");
    EXPECT_EQ(items.size(), 200U);
    for (int i = 0; i < 200; ++i) {
        EXPECT_NE(service.item("app", R"({"pk":{"S":"P#k)" + std::to_string(i) + R"("}})"), "")
            << i;
    }
}

TEST_F(BackfillTest, MovesByTransactionWhenAtomic) {
    fill(20);
    plan.atomic = true;
    const auto transform = prefix_key();

    run(transform);

    EXPECT_EQ(service.items("app").size(), 20U);
    EXPECT_EQ(service.request_count("TransactWriteItems"), 20);
    EXPECT_NE(service.item("app", R"({"pk":{"S":"P#k3"}})"), "");
}

TEST_F(BackfillTest, CarriesAnAttributeAddedBeforeTheMove) {
    fill(5);
    bool interfered = false;
    service.before_call = [&](const dynamodb::Call& call) {
        if (call.operation == "DeleteItem" && !interfered) {
            interfered = true;
            for (int i = 0; i < 5; ++i) {
                std::string with_more = item_json(i);
                with_more.insert(1, R"("late":{"S":"kept"},)");
                service.put("app", with_more);
            }
        }
    };
    const auto transform = prefix_key();

    run(transform);

    for (const auto& [item_key, item] : service.items("app")) {
        EXPECT_NE(item.find("kept"), std::string::npos) << item;
    }
}

TEST_F(BackfillTest, CopiesToAnotherTableAndKeepsWhatIsThere) {
    fill(30);
    service.create_table("copy", key);
    service.put("copy", R"({"pk":{"S":"k4"},"mine":{"BOOL":true}})");
    plan.target_table = "copy";
    plan.target_key = key;
    const auto transform = lower_name();

    const Result result = run(transform);

    EXPECT_EQ(result.counts.changed, 29U);
    EXPECT_EQ(result.counts.kept, 1U);
    EXPECT_EQ(service.items("copy").size(), 30U);
    EXPECT_NE(service.item("copy", key_json(4)).find("mine"), std::string::npos);
    EXPECT_NE(service.item("copy", key_json(5)).find("low"), std::string::npos);
}

TEST_F(BackfillTest, PerformsActionsOnOtherTables) {
    fill(10);
    service.create_table("log", key);
    const FunctionTransform act(
        [](const dynamodb::Item& item, base::Arena& arena, TransformOutput& out) {
            Action action;
            action.table = "log";
            action.item = dynamodb::ItemBuilder(arena)
                              .string("pk", "seen " + std::string(item.text("pk")))
                              .build();
            out.act(action);
        },
        false, true);

    run(act);

    EXPECT_EQ(service.items("log").size(), 10U);
}

TEST_F(BackfillTest, StopsAfterThePageAndContinues) {
    fill(200);
    plan.lanes = 1;
    std::stop_source stop;
    auto all = surroundings(service);
    all.on_progress = [&](const Progress& progress) {
        if (progress.counts.read > 0) {
            stop.request_stop();
        }
    };
    service.before_call = [&](const dynamodb::Call&) { clock.advance(std::chrono::seconds(1)); };
    const auto transform = increment();
    plan.transform = &transform;

    const Result first = backfill::run(plan, all, stop.get_token());
    const Result second = run(transform, 2);

    EXPECT_TRUE(first.stopped);
    EXPECT_LT(first.counts.changed, 200U);
    EXPECT_FALSE(second.stopped);
    EXPECT_EQ(second.counts.changed, 200U);
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(number(i, "c"), std::to_string(i + 1));
    }
}

TEST_F(BackfillTest, OverwritesByBatchPutsWhenTold) {
    fill();
    plan.overwrite = true;
    const auto transform = lower_name();

    run(transform);

    EXPECT_EQ(number(11, "low"), "name 11");
    EXPECT_EQ(service.request_count("BatchExecuteStatement"), 0);
    EXPECT_GE(service.request_count("BatchWriteItem"), 3);
}

TEST_F(BackfillTest, RepeatsUntilAPassChangesNothing) {
    fill(10);
    plan.passes = std::nullopt;
    base::Arena arena;
    plan.where.text = "c < :limit";
    plan.where.values = dynamodb::parse_item(R"({":limit":{"N":"12"}})", arena);
    const auto transform = increment();

    run(transform);

    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(number(i, "c"), "12");
    }
}

/// The longest time between two reads of a page: how long a stop can take.
class LongestPage {
public:
    LongestPage(expressions::MemoryService& service, base::FakeClock& clock) {
        read_at_ = clock.steady_now();
        service.before_call = [&](const dynamodb::Call& call) {
            if (call.operation == "Scan") {
                longest_ = std::max(longest_, clock.steady_now() - read_at_);
                read_at_ = clock.steady_now();
            }
            if (call.operation == "UpdateItem") {
                clock.advance(std::chrono::milliseconds(50));
            }
        };
    }
    double seconds() const { return std::chrono::duration<double>(longest_).count(); }

private:
    base::SteadyTime read_at_{};
    base::SteadyTime::duration longest_{};
};

TEST(Pages, AreSizedByThePace) {
    for (const layers::PaceLimits limits : {layers::PaceLimits{0, 4}, {0.2, 0}, {2, 20}}) {
        World world;
        world.fill(80);
        world.plan.lanes = 1;
        world.plan.segments = 1;
        LongestPage longest(world.service, world.clock);
        layers::Pace pace(world.clock, limits);
        layers::PaceService paced(world.service, pace);
        auto all = world.surroundings(paced);
        all.pace = &pace;
        const auto transform = increment();
        world.plan.transform = &transform;

        const Result result = backfill::run(world.plan, all, {});

        EXPECT_EQ(result.counts.changed, 80U);
        EXPECT_LT(longest.seconds(), 4)
            << limits.read_units_per_second << " " << limits.write_units_per_second;
    }
}

TEST(Pages, AreSizedByTheTimeTheyTake) {
    MemoryService plain({.with_partiql = false});
    World world;
    plain.create_table("app", world.key);
    for (int i = 0; i < 500; ++i) {
        plain.put("app", World::item_json(i));
    }
    world.plan.lanes = 1;
    world.plan.segments = 1;
    LongestPage longest(plain, world.clock);
    const auto transform = increment();

    const Result result = world.run_over(plain, transform);

    EXPECT_EQ(result.counts.changed, 500U);
    EXPECT_LT(longest.seconds(), 3);
}

}  // namespace
}  // namespace dynamigrate::backfill
