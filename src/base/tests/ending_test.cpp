#include <dynamigrate/base/ending.hpp>

#include <gtest/gtest.h>

namespace dynamigrate::base {
namespace {

TEST(Ending, TellsOfExitCodesAndSignals) {
    EXPECT_EQ(describe_ending(3), "ended with exit code 3");
    EXPECT_EQ(describe_ending(137), "was killed by signal 9");
}

}  // namespace
}  // namespace dynamigrate::base
