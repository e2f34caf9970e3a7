#include "../progress.hpp"

#include <gtest/gtest.h>

namespace dynamigrate::cli {

namespace {

using std::chrono::seconds;

base::SteadyTime at(int second) { return base::SteadyTime{seconds(second)}; }

backfill::Progress done(std::uint64_t read) {
    backfill::Progress progress;
    progress.counts.read = read;
    progress.segments_total = 10;
    return progress;
}

layers::MeterReading used(double read, double write) {
    layers::MeterReading meter;
    meter.read_units = read;
    meter.write_units = write;
    return meter;
}

TEST(Progress, TellsTheRecentSpeedNotTheAverage) {
    RecentRates rates;
    rates.add({at(0), 0, 0, 0});
    rates.add({at(100), 10'000, 0, 0});
    rates.add({at(110), 10'100, 0, 0});
    rates.add({at(120), 10'200, 0, 0});
    EXPECT_DOUBLE_EQ(rates.items_per_second(), 10);
}

TEST(Progress, HasNoSpeedBeforeTheSecondSample) {
    RecentRates rates;
    EXPECT_EQ(rates.items_per_second(), 0);
    rates.add({at(0), 5, 0, 0});
    EXPECT_EQ(rates.items_per_second(), 0);
}

TEST(Progress, EstimatesTheRestFromTheRecentSpeed) {
    ProgressView view;
    view.begin(1'000);
    view.add(at(0), done(100), used(0, 0));
    EXPECT_FALSE(view.seconds_left());
    view.add(at(10), done(200), used(50, 400));
    EXPECT_DOUBLE_EQ(*view.seconds_left(), 80);
    EXPECT_EQ(view.bar(), "[####----------------]  200 items  10/s  5 RCU/s  40 WCU/s  ETA 1:20");
}

TEST(Progress, GoesBySegmentsWhereTheTablesSizeIsUnknown) {
    ProgressView view;
    view.begin(0);
    backfill::Progress progress = done(5);
    progress.segments_done = 5;
    view.add(at(0), progress, used(0, 0));
    EXPECT_EQ(view.fraction(), 0.5);
    EXPECT_FALSE(view.seconds_left());
}

TEST(Progress, IsNotFullBeforeItsEnd) {
    ProgressView view;
    view.begin(10);
    view.add(at(0), done(10), used(0, 0));
    EXPECT_EQ(view.fraction(), 0.99);
    view.add(at(0), done(50), used(0, 0));
    EXPECT_EQ(view.fraction(), 0.0);
    backfill::Progress progress = done(50);
    progress.segments_done = 10;
    view.add(at(1), progress, used(0, 0));
    EXPECT_EQ(view.fraction(), 1.0);
}

TEST(Progress, ShowsThrottlesAndPasses) {
    ProgressView view;
    view.begin(0);
    backfill::Progress progress = done(1);
    progress.pass = 2;
    layers::MeterReading meter = used(0, 0);
    meter.throttles_by_reason[""] = 3;
    view.add(at(0), progress, meter);
    EXPECT_EQ(view.line(), "1 items  0/s  0 RCU/s  0 WCU/s  pass 2  3 throttled");
}

TEST(Progress, WritesDurationsAsPeopleDo) {
    EXPECT_EQ(format_seconds(0), "0 s");
    EXPECT_EQ(format_seconds(59.4), "59 s");
    EXPECT_EQ(format_seconds(65), "1:05");
    EXPECT_EQ(format_seconds(7384), "2:03:04");
}

TEST(Progress, CountsDeferredActionsWhileTheyAreDone) {
    ProgressView view;
    view.begin(1'000);
    backfill::Progress progress = done(1'000);
    progress.deferred.collected = 400;
    view.add(at(0), progress, used(0, 0));
    EXPECT_NE(view.line().find("400 actions"), std::string::npos);
    progress.deferred = {true, 400, 100, 0};
    view.add(at(10), progress, used(0, 0));
    progress.deferred.done = 200;
    view.add(at(20), progress, used(0, 0));
    EXPECT_DOUBLE_EQ(*view.fraction(), 0.5);
    EXPECT_DOUBLE_EQ(*view.seconds_left(), 20);
    EXPECT_NE(view.line().find("actions 200/400"), std::string::npos);
}

}  // namespace

}  // namespace dynamigrate::cli
