#include "../capacity.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {

namespace {

using authoring::Rate;

dynamodb::TableDescription provisioned(double read, double write) {
    dynamodb::TableDescription table;
    table.provisioned = {read, write};
    return table;
}

dynamodb::TableDescription on_demand() {
    dynamodb::TableDescription table;
    table.is_on_demand = true;
    return table;
}

TEST(Capacity, TakesHalfOfAProvisionedTable) {
    CapacityLimits limits = capacity_limits({}, {provisioned(100, 40)});
    EXPECT_EQ(limits.read, 50);
    EXPECT_EQ(limits.write, 20);
}

TEST(Capacity, TakesWhatAnOnDemandTableIsWarmFor) {
    EXPECT_EQ(capacity_limits({}, {on_demand()}).write, 4'000);
    EXPECT_EQ(capacity_limits({}, {on_demand()}).read, 12'000);
    dynamodb::TableDescription warm = on_demand();
    warm.warm = {20'000, 9'000};
    EXPECT_EQ(capacity_limits({}, {warm}).write, 9'000);
    warm.on_demand_maximum = {500, 600};
    EXPECT_EQ(capacity_limits({}, {warm}).write, 600);
    EXPECT_EQ(capacity_limits({}, {warm}).read, 500);
}

TEST(Capacity, SuitsTheSmallestTable) {
    EXPECT_EQ(capacity_limits({}, {provisioned(100, 40), provisioned(10, 400)}).read, 5);
    EXPECT_EQ(capacity_limits({}, {provisioned(100, 40), provisioned(10, 400)}).write, 20);
}

TEST(Capacity, AShareIsOfTheTablesCapacity) {
    CapacityLimits limits =
        capacity_limits({.read = Rate{0, 10}, .write = Rate{0, 40}}, {provisioned(100, 40)});
    EXPECT_EQ(limits.read, 10);
    EXPECT_EQ(limits.write, 16);
}

TEST(Capacity, UnitsAreTakenAsTheyAre) {
    EXPECT_EQ(capacity_limits({.read = Rate{7, 0}, .write = {}}, {provisioned(4, 4)}).read, 7);
    EXPECT_EQ(capacity_limits({.read = Rate{7, 0}, .write = {}}, {}).read, 7);
}

TEST(Capacity, HasNoLimitWithoutATableOrWhereCapacityMeansNothing) {
    EXPECT_FALSE(capacity_limits({}, {}).read);
    EXPECT_FALSE(
        capacity_limits({.read = {}, .write = {}, .has_default = false}, {provisioned(4, 4)})
            .write);
}

}  // namespace

}  // namespace dynamigrate::cli
