#include <dynamigrate/migrate/cloud_cost.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::migrate {
namespace {

StateMachine machine() {
    StateMachine machine;
    machine.migration = "1.0.0";
    machine.function_arn = "arn:f";
    machine.concurrency = 10;
    return machine;
}

/// A million changed items of one unit each.
CloudWork million() {
    CloudWork work;
    work.read_units = Estimate::exact(500'000);
    work.write_units = Estimate::exact(1'000'000);
    work.changed = Estimate::exact(1'000'000);
    work.segments = 100;
    work.writes_per_second = 1000;
    return work;
}

TEST(CloudCost, TakesAsLongAsThePaceSays) {
    const CloudCost cost = cloud_cost(million(), machine());
    EXPECT_DOUBLE_EQ(cost.seconds.value, 1000);
    EXPECT_TRUE(cost.seconds.is_exact());
    EXPECT_GT(cost.function_seconds.value, 10'000);
    EXPECT_LT(cost.function_seconds.value, 10'500);
}

TEST(CloudCost, TakesAsLongAsItsFunctionsNeedWithoutAPace) {
    CloudWork work = million();
    work.writes_per_second = 0;
    const double of_ten = cloud_cost(work, machine()).seconds.value;
    work.segments = 1;
    EXPECT_NEAR(cloud_cost(work, machine()).seconds.value, of_ten * 10, 1);
}

TEST(CloudCost, PricesEachPart) {
    const CloudCost cost = cloud_cost(million(), machine());
    EXPECT_NEAR(cost.tables.value, 0.5 * 0.125 + 0.625, 1e-9);
    EXPECT_DOUBLE_EQ(cost.transitions.value, 3 + 2 * 2 + 3 + 100 * 3);
    EXPECT_NEAR(cost.workflow.value, cost.transitions.value * 0.000025, 1e-12);
    EXPECT_NEAR(cost.function.value, cost.function_seconds.value * 0.5 * 0.0000166667 + 102 * 2e-7,
                1e-9);
    EXPECT_DOUBLE_EQ(cost.calls.value, 102);
    EXPECT_NEAR(cost.total.value,
                cost.tables.value + cost.workflow.value + cost.function.value + cost.journal.value +
                    cost.control.value,
                1e-9);
}

TEST(CloudCost, PricesTheJournalByItsStore) {
    CloudWork work = million();
    const CloudCost in_s3 = cloud_cost(work, machine());
    EXPECT_DOUBLE_EQ(in_s3.journal_puts.value, 40'600);
    EXPECT_EQ(in_s3.journal_units.value, 0);
    work.journal_in_table = true;
    const CloudCost in_table = cloud_cost(work, machine());
    EXPECT_EQ(in_table.journal_puts.value, 0);
    EXPECT_NEAR(in_table.journal_units.value, 600e6 / 1024 + 100, 1);
    EXPECT_GT(in_table.journal.value, 0.3);
    work.journal_in_table = false;
    work.journal_months = 12;
    EXPECT_GT(cloud_cost(work, machine()).journal.value, in_s3.journal.value);
}

TEST(CloudCost, KeepsTheSpreadOfWhatItIsEstimatedFrom) {
    CloudWork work = million();
    work.write_units = {1'000'000, 800'000, 1'300'000};
    work.changed = work.write_units;
    const CloudCost cost = cloud_cost(work, machine());
    EXPECT_LT(cost.total.low, cost.total.value);
    EXPECT_GT(cost.total.high, cost.total.value);
    EXPECT_DOUBLE_EQ(cost.seconds.high, 1300);
}

TEST(CloudCost, OfNothingIsAlmostNothing) {
    CloudWork work;
    const CloudCost cost = cloud_cost(work, machine());
    EXPECT_EQ(cost.seconds.value, 0);
    EXPECT_LT(cost.total.value, 0.001);
}

}  // namespace
}  // namespace dynamigrate::migrate
