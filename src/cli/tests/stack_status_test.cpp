#include "../stack_status.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

TEST(StackStatus, IsReadFromTheAnswer) {
    EXPECT_EQ(stack_status_in("<DescribeStacksResponse><Stacks><member><StackStatus>"
                              "UPDATE_ROLLBACK_IN_PROGRESS</StackStatus></member></Stacks>"),
              "UPDATE_ROLLBACK_IN_PROGRESS");
    EXPECT_EQ(stack_status_in("<DescribeStacksResponse/>"), std::nullopt);
}

}  // namespace
}  // namespace dynamigrate::cli
