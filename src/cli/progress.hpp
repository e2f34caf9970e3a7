#pragma once

#include <dynamigrate/backfill/backfill.hpp>
#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/layers/meter.hpp>

#include <deque>
#include <optional>
#include <string>

namespace dynamigrate::cli {

/// What has been done so far.
struct WorkSample {
    base::SteadyTime at{};
    double items = 0;
    double read_units = 0;
    double write_units = 0;
};

/// Speeds over the last seconds. A value; told the time.
class RecentRates {
public:
    /// Samples come in order of time.
    void add(const WorkSample& sample);
    double items_per_second() const { return rate(&WorkSample::items); }
    double read_units_per_second() const { return rate(&WorkSample::read_units); }
    double write_units_per_second() const { return rate(&WorkSample::write_units); }

private:
    double rate(double WorkSample::*part) const;

    std::deque<WorkSample> samples_;
};

/// Turns progress reports into one line for people.
class ProgressView {
public:
    /// `expected_items`: 0 when unknown.
    void begin(std::int64_t expected_items);
    void add(base::SteadyTime now, const backfill::Progress& progress,
             const layers::MeterReading& meter);
    /// "[#####-----]  1200 items  300/s  12 RCU/s  310 WCU/s  2 throttled  ETA 1:05"
    std::string bar() const;
    /// The same without the bar, for a pipe.
    std::string line() const;

    /// Between 0 and 1; nothing when it cannot be told.
    std::optional<double> fraction() const;
    /// From the recent speed; nothing when it cannot be told.
    std::optional<double> seconds_left() const;
    const RecentRates& rates() const noexcept { return rates_; }
    const backfill::Progress& progress() const noexcept { return progress_; }
    const layers::MeterReading& meter() const noexcept { return meter_; }

private:
    double expected_items_ = 0;
    backfill::Progress progress_;
    layers::MeterReading meter_;
    RecentRates rates_;
};

/// "45 s", "1:05", "2:03:04".
std::string format_seconds(double seconds);

}  // namespace dynamigrate::cli
