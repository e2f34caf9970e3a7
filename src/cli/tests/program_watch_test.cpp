#include "../program_watch.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST(Activity, IsIdleSinceTheLastSignOfLife) {
    base::FakeClock clock;
    Activity activity(clock);
    clock.advance(3s);
    EXPECT_EQ(activity.idle(), 3s);
    activity.note();
    EXPECT_EQ(activity.idle(), 0s);
    clock.advance(1s);
    EXPECT_EQ(activity.idle(), 1s);
}

/// Answers after an hour.
class SlowService final : public dynamodb::Service {
public:
    SlowService(base::FakeClock& clock, const Activity*& activity)
        : clock_(clock),
          activity_(activity) {}
    void call(const dynamodb::Call&, dynamodb::Reply&) override {
        clock_.advance(1h);
        idle = activity_->idle();
        throw base::Error(base::ErrorKind::unavailable, "too late");
    }
    std::string location() const override { return "slow"; }
    milliseconds idle{-1};

private:
    base::FakeClock& clock_;
    const Activity*& activity_;
};

TEST(Activity, IsNotIdleWhileARequestIsUnderWayHoweverItEnds) {
    base::FakeClock clock;
    Activity activity(clock);
    const Activity* seen = &activity;
    SlowService slow(clock, seen);
    NotedService service(slow, activity);
    dynamodb::Reply reply;
    EXPECT_THROW(service.call({"Scan", "{}"}, reply), base::Error);
    EXPECT_EQ(slow.idle, 0ms);
    EXPECT_EQ(activity.idle(), 0ms);
    clock.advance(2s);
    EXPECT_EQ(activity.idle(), 2s);
    EXPECT_EQ(service.location(), "slow");
}

TEST(ProgramLimits, EachIsNamedWhenItIsExceeded) {
    const migrate::ProgramLimits limits{10s, 2s, 100};
    EXPECT_EQ(exceeded({9s, 1s, 100 << 20}, limits), "");
    EXPECT_NE(exceeded({10s, 1s, 0}, limits).find("within 10 s"), std::string::npos);
    EXPECT_NE(exceeded({9s, 2s, 0}, limits).find("nothing for 2 s"), std::string::npos);
    EXPECT_NE(exceeded({9s, 1s, (100 << 20) + 1}, limits).find("100 MB"), std::string::npos);
    EXPECT_EQ(exceeded({9999h, 9999h, std::uint64_t{1} << 50}, {}), "");
}

TEST(ProgramLimits, AreLookedAtWhenTheNextMayBeExceeded) {
    EXPECT_EQ(watch_interval({4s, 1s, 0}, {10s, 2s, 0}), 1s);
    EXPECT_EQ(watch_interval({9500ms, 1s, 0}, {10s, 2s, 0}), 500ms);
    EXPECT_EQ(watch_interval({4s, 1s, 0}, {10s, 2s, 100}), 100ms);
    EXPECT_EQ(watch_interval({0s, 0s, 0}, {}), milliseconds::max());
}

}  // namespace
}  // namespace dynamigrate::cli
