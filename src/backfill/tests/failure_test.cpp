#include "backfill_fixture.hpp"

#include <memory>

namespace dynamigrate::backfill {
namespace {

using expressions::Failure;

struct FailureCase {
    Failure failure;
    const char* name;
};

/// One run per failing request: each builds its own world.
class FailAtEveryRequest : public ::testing::TestWithParam<FailureCase> {};

TEST_P(FailAtEveryRequest, LeavesEveryCounterRaisedOnce) {
    constexpr int kCount = 30;
    bool fired = true;
    int n = 1;
    for (; fired && n < 100; ++n) {
        World world;
        world.fill(kCount);
        world.plan.lanes = 1;
        const auto transform = increment();

        fired = world.run_with_failure(transform, n, GetParam().failure);

        for (int i = 0; i < kCount; ++i) {
            ASSERT_EQ(world.number(i, "c"), std::to_string(i + 1)) << "request " << n;
        }
        ASSERT_TRUE(world.records.quarantined(0).empty());
    }
    EXPECT_GT(n, 4);
}

TEST_P(FailAtEveryRequest, MovesEveryItemOnce) {
    constexpr int kCount = 6;
    bool fired = true;
    for (int n = 1; fired && n < 100; ++n) {
        World world;
        world.fill(kCount);
        world.plan.lanes = 1;
        world.plan.segments = 1;
        const auto transform = prefix_key();

        fired = world.run_with_failure(transform, n, GetParam().failure);

        ASSERT_EQ(world.service.items("app").size(), static_cast<std::size_t>(kCount)) << n;
        for (int i = 0; i < kCount; ++i) {
            const std::string item =
                world.service.item("app", R"({"pk":{"S":"P#k)" + std::to_string(i) + R"("}})");
            ASSERT_NE(item.find("\"Name " + std::to_string(i)), std::string::npos) << n;
        }
    }
}

TEST_P(FailAtEveryRequest, UndoesEverythingAfterwards) {
    constexpr int kCount = 12;
    bool fired = true;
    for (int n = 1; fired && n < 100; ++n) {
        World world;
        world.fill(kCount);
        world.plan.lanes = 1;
        const auto before = world.service.items("app");
        const auto transform = increment();

        fired = world.run_with_failure(transform, n, GetParam().failure);
        const UndoResult undone = world.undo();

        ASSERT_EQ(undone.conflicts + undone.unsettled, 0U) << n;
        ASSERT_EQ(world.service.items("app"), before) << n;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Backfill, FailAtEveryRequest,
    ::testing::Values(
        FailureCase{Failure::throttle, "throttle"}, FailureCase{Failure::internal_500, "internal"},
        FailureCase{Failure::lost_answer, "lost"}, FailureCase{Failure::reset, "reset"},
        FailureCase{Failure::statement_throttled, "statementThrottled"},
        FailureCase{Failure::statement_internal_error_applied, "statementApplied"},
        FailureCase{Failure::statement_internal_error_not_applied, "statementNotApplied"}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(BackfillTest, DoesNotRepeatPagesWhoseCheckpointWasLost) {
    fill();
    const auto transform = increment();
    records.drops_checkpoints = true;
    run(transform);
    records.drops_checkpoints = false;

    run(transform, 2);

    for (int i = 0; i < kItems; ++i) {
        EXPECT_EQ(number(i, "c"), std::to_string(i + 1));
    }
}

/// Dies at random requests over and over, with pages of other sizes in every attempt, so that a
/// later attempt's checkpoint falls into the middle of an earlier attempt's page.
class ManyDeaths : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(ManyDeaths, RaiseEveryCounterOnce) {
    constexpr int kCount = 80;
    base::SeededRandom chance(GetParam());
    World world;
    world.fill(kCount);
    world.plan.lanes = 1;
    world.plan.segments = 2;
    const auto transform = increment();
    int until_death = 0;
    world.service.before_call = [&](const dynamodb::Call& call) {
        world.clock.advance(std::chrono::milliseconds(chance.below(1500)));
        if (call.operation != "GetItem" && --until_death == 0) {
            throw base::Error(base::ErrorKind::outcome_unknown, "dead");
        }
    };
    bool is_done = false;
    for (std::uint32_t attempt = 1; !is_done && attempt < 60; ++attempt) {
        until_death = 1 + static_cast<int>(chance.below(9));
        world.plan.page_items = 1 + static_cast<std::uint32_t>(chance.below(40));
        world.records.drops_checkpoints = chance.below(4) == 0;
        try {
            is_done = !world.run(transform, attempt).stopped && !world.records.drops_checkpoints;
        } catch (const base::Error&) {}
    }

    world.service.before_call = nullptr;
    ASSERT_TRUE(is_done);
    for (int i = 0; i < kCount; ++i) {
        ASSERT_EQ(world.number(i, "c"), std::to_string(i + 1)) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Backfill, ManyDeaths, ::testing::Range<std::uint64_t>(1, 31));

TEST_F(BackfillTest, QuarantinesWhatCannotBeKnown) {
    fill(5);
    plan.failure_budget.count = 5;
    plan.lanes = 1;
    plan.segments = 1;
    const auto transform = increment();
    expressions::FailingService failing(service, 2, Failure::lost_answer);
    EXPECT_THROW(run_over(failing, transform), base::Error);
    service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"77"}})");

    run(transform, 2);

    EXPECT_EQ(number(1, "c"), "77");
    EXPECT_EQ(number(2, "c"), "3");
    ASSERT_EQ(records.quarantined(0).size(), 1U);
    EXPECT_EQ(records.quarantined(0)[0].reason, "outcome_unknown");
}

TEST_F(BackfillTest, TellsItsOwnWriteByTheMarker) {
    fill(5);
    plan.marker = true;
    plan.lanes = 1;
    plan.segments = 1;
    const auto transform = increment();
    expressions::FailingService failing(service, 2, Failure::lost_answer);
    EXPECT_THROW(run_over(failing, transform), base::Error);
    // The application raises one counter too, between the crash and the resume.
    service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"3"},"_dm":{"S":"run1/0"}})");

    run(transform, 2);

    EXPECT_EQ(number(1, "c"), "3");
    EXPECT_EQ(number(2, "c"), "3");
    EXPECT_TRUE(records.quarantined(0).empty());
}

TEST_F(BackfillTest, UndoLeavesWhatWasChangedSince) {
    fill(5);
    const auto transform = increment();
    run(transform);
    service.put("app", R"({"pk":{"S":"k1"},"c":{"N":"100"}})");
    service.put("app", R"({"pk":{"S":"k2"},"c":{"N":"3"},"name":{"S":"changed"}})");

    const UndoResult undone = undo();

    EXPECT_EQ(undone.restored, 4U);
    EXPECT_EQ(undone.conflicts, 1U);
    ASSERT_EQ(undo_conflicts.size(), 1U);
    EXPECT_EQ(number(1, "c"), "100");
    EXPECT_EQ(number(2, "c"), "2");
    EXPECT_EQ(number(2, "name"), "changed");
}

TEST_F(BackfillTest, UndoIsRepeatable) {
    fill(5);
    const auto before = service.items("app");
    const auto transform = increment();
    run(transform);

    const UndoResult first = undo();
    const UndoResult second = undo();

    EXPECT_EQ(first.restored, 5U);
    EXPECT_EQ(second.restored, 0U);
    EXPECT_EQ(second.already, 5U);
    EXPECT_EQ(service.items("app"), before);
}

TEST_F(BackfillTest, UndoBringsBackDeletedAndMovedItems) {
    fill(20);
    const auto before = service.items("app");
    const auto transform = prefix_key();
    run(transform);

    const UndoResult undone = undo();

    EXPECT_EQ(undone.conflicts, 0U);
    EXPECT_EQ(service.items("app"), before);
}

}  // namespace
}  // namespace dynamigrate::backfill
