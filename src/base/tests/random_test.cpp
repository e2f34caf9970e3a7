#include <dynamigrate/base/random.hpp>

#include <gtest/gtest.h>

#include <array>
#include <regex>
#include <set>

namespace dynamigrate::base {
namespace {

TEST(Random, RepeatsItselfForTheSameSeed) {
    SeededRandom a(7);
    SeededRandom b(7);
    SeededRandom c(8);
    const std::uint64_t first = a.next();
    EXPECT_EQ(first, b.next());
    EXPECT_NE(first, c.next());
}

TEST(Random, StaysBelowTheLimit) {
    SeededRandom random(1);
    std::array<int, 5> seen{};
    for (int i = 0; i < 5000; ++i) {
        ++seen.at(random.below(5));
    }
    for (const int count : seen) {
        EXPECT_GT(count, 800);
    }
    EXPECT_EQ(random.below(0), 0u);
    EXPECT_EQ(random.below(1), 0u);
}

TEST(Random, GivesUnitsBelowOne) {
    SeededRandom random(2);
    double sum = 0;
    for (int i = 0; i < 1000; ++i) {
        const double unit = random.unit();
        ASSERT_GE(unit, 0.0);
        ASSERT_LT(unit, 1.0);
        sum += unit;
    }
    EXPECT_NEAR(sum / 1000, 0.5, 0.05);
}

TEST(Random, MakesVersion4Uuids) {
    SeededRandom random(3);
    const std::regex form("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
        const std::string uuid = random.uuid();
        EXPECT_TRUE(std::regex_match(uuid, form)) << uuid;
        seen.insert(uuid);
    }
    EXPECT_EQ(seen.size(), 100u);
}

TEST(SystemRandom, DiffersFromInstanceToInstance) {
    EXPECT_NE(SystemRandom().uuid(), SystemRandom().uuid());
}

}  // namespace
}  // namespace dynamigrate::base
