#include <dynamigrate/aws/credentials.hpp>

#include <dynamigrate/base/error.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace dynamigrate::aws {
namespace {

using std::chrono::minutes;

/// Credentials whose key id counts the fetches, valid for a time.
struct Counting {
    std::optional<Credentials> operator()(std::stop_token) {
        ++fetches;
        if (is_failing) {
            throw base::Error(base::ErrorKind::unavailable, "down");
        }
        return Credentials{"KEY" + std::to_string(fetches), "secret", "", clock.now() + lifetime,
                           "test"};
    }

    base::FakeClock clock;
    minutes lifetime{60};
    bool is_failing = false;
    int fetches = 0;
};

CachedCredentials cached(Counting& source) {
    return {[&source](std::stop_token stop) { return source(stop); }, source.clock,
            base::null_log()};
}

TEST(CachedCredentials, FetchesAgainFiveMinutesBeforeExpiry) {
    Counting source;
    CachedCredentials provider = cached(source);
    EXPECT_EQ(provider.get({})->access_key_id, "KEY1");
    source.clock.advance(minutes(54));
    EXPECT_EQ(provider.get({})->access_key_id, "KEY1");
    source.clock.advance(minutes(2));
    EXPECT_EQ(provider.get({})->access_key_id, "KEY2");
}

TEST(CachedCredentials, KeepsValidOnesWhenARefreshFails) {
    Counting source;
    CachedCredentials provider = cached(source);
    provider.get({});
    source.is_failing = true;
    source.clock.advance(minutes(56));
    EXPECT_EQ(provider.get({})->access_key_id, "KEY1");
    EXPECT_EQ(provider.get({})->access_key_id, "KEY1");
    EXPECT_EQ(source.fetches, 2) << "not asked again within a minute";
    source.is_failing = false;
    source.clock.advance(minutes(2));
    EXPECT_EQ(provider.get({})->access_key_id, "KEY3");
}

TEST(CachedCredentials, FailsWhenExpiredOnesCannotBeRefreshed) {
    Counting source;
    CachedCredentials provider = cached(source);
    provider.get({});
    source.is_failing = true;
    source.clock.advance(minutes(61));
    EXPECT_THROW(provider.get({}), base::Error);
}

TEST(CachedCredentials, DoesNotAskForShortLivedOnesAtEveryCall) {
    Counting source;
    source.lifetime = minutes(3);
    CachedCredentials provider = cached(source);
    provider.get({});
    provider.get({});
    EXPECT_EQ(source.fetches, 1);
    source.clock.advance(minutes(2));
    EXPECT_EQ(provider.get({})->access_key_id, "KEY2");
}

TEST(CachedCredentials, FetchesAnewAfterARefusalOfTheCurrentOnes) {
    Counting source;
    CachedCredentials provider = cached(source);
    auto first = provider.get({});
    provider.refused(first);
    EXPECT_EQ(provider.get({})->access_key_id, "KEY2");
    provider.refused(first);
    EXPECT_EQ(provider.get({})->access_key_id, "KEY2") << "an old refusal changes nothing";
}

TEST(CachedCredentials, ReportsThatNothingIsConfigured) {
    base::FakeClock clock;
    CachedCredentials provider([](std::stop_token) { return std::nullopt; }, clock,
                               base::null_log());
    try {
        provider.get({});
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::unauthenticated);
    }
}

TEST(CachedCredentials, OneCallerFetchesForAll) {
    constexpr int kCallers = 8;
    base::FakeClock clock;
    std::atomic<int> fetches = 0;
    std::latch all_started(kCallers);
    CachedCredentials provider(
        [&](std::stop_token) -> std::optional<Credentials> {
            ++fetches;
            all_started.wait();
            return Credentials{"KEY", "secret", "", {}, "test"};
        },
        clock, base::null_log());
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < kCallers; ++i) {
            callers.emplace_back([&] {
                all_started.count_down();
                EXPECT_EQ(provider.get({})->access_key_id, "KEY");
            });
        }
    }
    EXPECT_EQ(fetches, 1);
}

TEST(CachedCredentials, StopEndsTheWaitForAnothersFetch) {
    base::FakeClock clock;
    std::latch fetching(1), may_finish(1);
    CachedCredentials provider(
        [&](std::stop_token) -> std::optional<Credentials> {
            fetching.count_down();
            may_finish.wait();
            return Credentials{"KEY", "secret", "", {}, "test"};
        },
        clock, base::null_log());
    std::jthread fetcher([&] { provider.get({}); });
    fetching.wait();
    std::stop_source stop;
    stop.request_stop();
    try {
        provider.get(stop.get_token());
        ADD_FAILURE();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::cancelled);
    }
    may_finish.count_down();
}

TEST(Credentials, ToStringShowsNoSecret) {
    Credentials credentials{"AKIDEXAMPLEWXYZ", "the-secret", "the-token", base::WallTime{}, "test"};
    std::string text = to_string(credentials);
    EXPECT_EQ(text, "key ...WXYZ from test, valid until 1970-01-01T00:00:00.000Z");
}

}  // namespace
}  // namespace dynamigrate::aws
