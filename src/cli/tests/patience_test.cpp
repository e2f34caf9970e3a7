#include "../patience.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using base::Error;
using base::ErrorKind;

struct Patience : ::testing::Test {
    base::FakeClock clock;
    int calls = 0;

    int call(int failures, ErrorKind kind) {
        return patiently(clock, {}, [&] {
            if (++calls <= failures) {
                throw Error(kind, "no");
            }
            return calls;
        });
    }
};

TEST_F(Patience, WaitsForPermissions) {
    EXPECT_EQ(call(3, ErrorKind::permission_denied), 4);
    EXPECT_EQ(clock.waited(), std::chrono::seconds(30));
}

TEST_F(Patience, EndsAfterTwoMinutes) {
    EXPECT_THROW(call(1000, ErrorKind::permission_denied), Error);
    EXPECT_EQ(clock.waited(), std::chrono::minutes(2));
}

TEST_F(Patience, IsForPermissionsOnly) {
    EXPECT_THROW(call(1, ErrorKind::throttled), Error);
    EXPECT_EQ(calls, 1);
}

TEST_F(Patience, EndsWhenItIsStopped) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_THROW(patiently(clock, stop.get_token(),
                           []() -> int { throw Error(ErrorKind::permission_denied, "no"); }),
                 Error);
    EXPECT_LE(clock.waited(), std::chrono::seconds(10));
}

}  // namespace
}  // namespace dynamigrate::cli
