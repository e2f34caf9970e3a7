#include <dynamigrate/migrate/estimate.hpp>

#include <dynamigrate/base/random.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace dynamigrate::migrate {
namespace {

TEST(EstimateTotal, IsExactForTheWhole) {
    const std::vector<Cluster> whole{{60, 6}, {40, 2}};
    const Estimate total = estimate_total(whole, 100);
    EXPECT_TRUE(total.is_exact());
    EXPECT_EQ(total.value, 8);
}

TEST(EstimateTotal, KnowsNoSpreadWhereClustersAreAlike) {
    const std::vector<Cluster> sample{{10, 5}, {20, 10}, {10, 5}};
    const Estimate total = estimate_total(sample, 4000);
    EXPECT_DOUBLE_EQ(total.value, 2000);
    EXPECT_DOUBLE_EQ(total.low, 2000);
    EXPECT_DOUBLE_EQ(total.high, 2000);
}

TEST(EstimateTotal, NamesAnUpperEndWhereNothingWasSeen) {
    const std::vector<Cluster> sample{{100, 0}, {200, 0}};
    const Estimate total = estimate_total(sample, 30'000);
    EXPECT_EQ(total.value, 0);
    EXPECT_EQ(total.low, 0);
    EXPECT_DOUBLE_EQ(total.high, 300);
}

TEST(EstimateTotal, SaysLittleFromOneCluster) {
    const std::vector<Cluster> sample{{100, 10}};
    const Estimate total = estimate_total(sample, 1000);
    EXPECT_DOUBLE_EQ(total.value, 100);
    EXPECT_DOUBLE_EQ(total.low, 10);
    EXPECT_DOUBLE_EQ(total.high, 200);
}

/// Clusters whose items are alike, which makes a sample tell less than its size says.
TEST(EstimateTotal, CoversTheTruthAboutNinetyFiveTimesOfAHundred) {
    base::SeededRandom random(11);
    std::vector<Cluster> population;
    double truth = 0;
    for (int i = 0; i < 5000; ++i) {
        const double share = random.unit();
        const auto items = static_cast<double>(5 + random.below(30));
        population.push_back({items, std::round(items * share * share)});
        truth += population.back().amount;
    }
    double items = 0;
    for (const Cluster& cluster : population) {
        items += cluster.items;
    }
    int covered = 0;
    constexpr int kTrials = 400;
    for (int trial = 0; trial < kTrials; ++trial) {
        std::vector<Cluster> sample;
        for (int i = 0; i < 40; ++i) {
            sample.push_back(population[random.below(population.size())]);
        }
        const Estimate total = estimate_total(sample, items);
        covered += total.low <= truth && truth <= total.high ? 1 : 0;
    }
    EXPECT_GT(covered, kTrials * 90 / 100);
    EXPECT_LT(covered, kTrials * 99 / 100);
}

TEST(PricesOnDemand, AreThoseOfTheListUnlessTold) {
    const Estimate money = Prices{}.of(Estimate::exact(8e6), Estimate::exact(2e6));
    EXPECT_DOUBLE_EQ(money.value, 2.25);
    const Prices own{"eu-central-1", "EUR", 1, 10};
    EXPECT_DOUBLE_EQ(own.of(Estimate::exact(1e6), Estimate::exact(1e6)).value, 11);
}

TEST(SecondsAtPace, AreThoseOfTheSlowerSide) {
    const Estimate reads = Estimate::exact(1000);
    const Estimate writes{500, 400, 600};
    EXPECT_DOUBLE_EQ(seconds_at_pace(reads, writes, 100, 10).value, 50);
    EXPECT_DOUBLE_EQ(seconds_at_pace(reads, writes, 100, 10).high, 60);
    EXPECT_DOUBLE_EQ(seconds_at_pace(reads, writes, 10, 0).value, 100);
    EXPECT_DOUBLE_EQ(seconds_at_pace(reads, writes, 0, 0).value, 0);
}

}  // namespace
}  // namespace dynamigrate::migrate
