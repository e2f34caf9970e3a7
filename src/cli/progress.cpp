#include "progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dynamigrate::cli {

namespace {

constexpr std::chrono::seconds kWindow{15};
constexpr int kBarWidth = 20;

double seconds_between(base::SteadyTime a, base::SteadyTime b) {
    return std::chrono::duration<double>(b - a).count();
}

}  // namespace

void RecentRates::add(const WorkSample& sample) {
    samples_.push_back(sample);
    while (samples_.size() > 2 && sample.at - samples_[1].at > kWindow) {
        samples_.pop_front();
    }
}

double RecentRates::rate(double WorkSample::*part) const {
    if (samples_.size() < 2) {
        return 0;
    }
    double seconds = seconds_between(samples_.front().at, samples_.back().at);
    double done = samples_.back().*part - samples_.front().*part;
    return seconds > 0 && done > 0 ? done / seconds : 0;
}

void ProgressView::begin(std::int64_t expected_items) {
    *this = {};
    expected_items_ = static_cast<double>(expected_items);
}

void ProgressView::add(base::SteadyTime now, const backfill::Progress& progress,
                       const layers::MeterReading& meter) {
    const backfill::DeferredProgress& deferred = progress.deferred;
    if (progress.pass != progress_.pass ||
        deferred.is_executing != progress_.deferred.is_executing) {
        rates_ = {};
    }
    progress_ = progress;
    meter_ = meter;
    const std::uint64_t done = deferred.is_executing ? deferred.done : progress.counts.read;
    rates_.add({now, static_cast<double>(done), meter.read_units, meter.write_units});
}

std::optional<double> ProgressView::fraction() const {
    if (progress_.segments_total > 0 && progress_.segments_done == progress_.segments_total) {
        return 1.0;
    }
    if (progress_.deferred.is_executing && progress_.deferred.collected > 0) {
        return std::min(0.99, static_cast<double>(progress_.deferred.done) /
                                  static_cast<double>(progress_.deferred.collected));
    }
    auto read = static_cast<double>(progress_.counts.read);
    if (expected_items_ > 0 && read <= expected_items_) {
        return std::min(0.99, read / expected_items_);
    }
    if (progress_.segments_total > 0) {
        return static_cast<double>(progress_.segments_done) / progress_.segments_total;
    }
    return std::nullopt;
}

std::optional<double> ProgressView::seconds_left() const {
    const backfill::DeferredProgress& deferred = progress_.deferred;
    double left = deferred.is_executing
                      ? static_cast<double>(deferred.collected) - static_cast<double>(deferred.done)
                      : expected_items_ - static_cast<double>(progress_.counts.read);
    double speed = rates_.items_per_second();
    if (left <= 0 || speed <= 0) {
        return std::nullopt;
    }
    return left / speed;
}

std::string ProgressView::line() const {
    std::string text = fmt::format("{} items  {:.0f}/s  {:.0f} RCU/s  {:.0f} WCU/s",
                                   progress_.counts.read, rates_.items_per_second(),
                                   rates_.read_units_per_second(), rates_.write_units_per_second());
    if (progress_.pass > 1) {
        text += fmt::format("  pass {}", progress_.pass);
    }
    if (progress_.deferred.is_executing) {
        text +=
            fmt::format("  actions {}/{}", progress_.deferred.done, progress_.deferred.collected);
    } else if (progress_.deferred.collected > 0) {
        text += fmt::format("  {} actions", progress_.deferred.collected);
    }
    if (std::uint64_t throttles = meter_.throttles()) {
        text += fmt::format("  {} throttled", throttles);
    }
    if (std::optional<double> seconds = seconds_left()) {
        text += "  ETA " + format_seconds(*seconds);
    }
    return text;
}

std::string ProgressView::bar() const {
    int full = static_cast<int>(fraction().value_or(0) * kBarWidth);
    return fmt::format("[{:#<{}}{:-<{}}]  {}", "", full, "", kBarWidth - full, line());
}

std::string format_seconds(double seconds) {
    auto whole = static_cast<long long>(std::llround(std::max(0.0, seconds)));
    if (whole < 60) {
        return fmt::format("{} s", whole);
    }
    if (whole < 3600) {
        return fmt::format("{}:{:02}", whole / 60, whole % 60);
    }
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace dynamigrate::cli
