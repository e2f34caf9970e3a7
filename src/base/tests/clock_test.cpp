#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

#include <thread>

namespace dynamigrate::base {
namespace {

using namespace std::chrono_literals;

WallTime at(std::int64_t milliseconds) { return WallTime{std::chrono::milliseconds{milliseconds}}; }

TEST(FakeClock, StandsStillUntilTold) {
    FakeClock clock(at(1000));
    const SteadyTime before = clock.steady_now();

    clock.advance(1500ms);

    EXPECT_EQ(clock.now(), at(2500));
    EXPECT_EQ(clock.steady_now() - before, 1500ms);
    EXPECT_EQ(clock.waited(), 0ns);
}

TEST(FakeClock, AdvancesByEachWait) {
    FakeClock clock(at(0));

    EXPECT_TRUE(clock.wait(2s, {}));
    EXPECT_TRUE(clock.wait(300us, {}));

    EXPECT_EQ(clock.waited(), 2s + 300us);
    EXPECT_EQ(clock.now(), at(2000));
}

TEST(FakeClock, RefusesToWaitOnceStopped) {
    FakeClock clock;
    std::stop_source stop;
    stop.request_stop();

    EXPECT_FALSE(clock.wait(1s, stop.get_token()));
    EXPECT_EQ(clock.waited(), 0ns);
}

TEST(FakeClock, IsSharedByThreads) {
    FakeClock clock;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 100; ++n) {
                    clock.wait(1ms, {});
                }
            });
        }
    }
    EXPECT_EQ(clock.waited(), 400ms);
}

TEST(SystemClock, WaitsTheDuration) {
    SystemClock clock;
    const SteadyTime before = clock.steady_now();

    EXPECT_TRUE(clock.wait(2ms, {}));

    EXPECT_GE(clock.steady_now() - before, 2ms);
}

TEST(SystemClock, EndsAWaitWhenStopped) {
    SystemClock clock;
    std::stop_source stop;
    bool waited = true;
    std::jthread waiter(
        [&] { waited = clock.wait(std::chrono::nanoseconds::max(), stop.get_token()); });

    stop.request_stop();
    waiter.join();

    EXPECT_FALSE(waited);
}

TEST(Iso8601, WritesMillisecondsInUtc) {
    EXPECT_EQ(to_iso8601(at(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(to_iso8601(at(1769903999123)), "2026-01-31T23:59:59.123Z");
    EXPECT_EQ(to_iso8601(at(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(Iso8601, ReadsFractionsAndOffsets) {
    EXPECT_EQ(parse_iso8601("2026-01-31T23:59:59Z"), at(1769903999000));
    EXPECT_EQ(parse_iso8601("2026-01-31T23:59:59.1Z"), at(1769903999100));
    EXPECT_EQ(parse_iso8601("2026-01-31T23:59:59.123987654Z"), at(1769903999123));
    EXPECT_EQ(parse_iso8601("2026-02-01T01:29:59.123+01:30"), at(1769903999123));
    EXPECT_EQ(parse_iso8601("2026-01-31T22:59:59.123-01:00"), at(1769903999123));
    EXPECT_EQ(to_iso8601(parse_iso8601("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00.000Z");
}

TEST(Iso8601, RefusesWhatIsNoTime) {
    for (const char* text :
         {"", "2026-01-31", "2026-01-31T23:59:59", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
          "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
          "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx", "2026-01-01 00:00:00Z",
          "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00", "26-01-01T00:00:00Z"}) {
        EXPECT_THROW(parse_iso8601(text), Error) << text;
    }
}

TEST(ThrowIfStopped, ThrowsCancelled) {
    std::stop_source stop;
    throw_if_stopped(stop.get_token());
    stop.request_stop();
    try {
        throw_if_stopped(stop.get_token());
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::cancelled);
        EXPECT_STREQ(error.what(), "stopped");
    }
}

}  // namespace
}  // namespace dynamigrate::base
