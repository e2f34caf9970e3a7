#pragma once

#include <dynamigrate/base/clock.hpp>
#include <dynamigrate/layers/pace.hpp>

#include <algorithm>
#include <cstddef>

namespace dynamigrate::backfill {

/// Sizes pages so that one takes about as long as a person waits for a stop.
class PageTime {
public:
    /// What the pace leaves to one of `lanes`; may be nullptr.
    PageTime(const layers::Pace* pace, std::size_t lanes)
        : pace_(pace),
          lanes_(static_cast<double>(std::max<std::size_t>(1, lanes))) {
        paced(kReadUnitsOfAnItem, kWriteUnitsOfAnItem);
    }

    /// Learns from a page: how long it took, and what it will have to wait off.
    void took(base::SteadyTime::duration time, double items, double read_units,
              double write_units) {
        items = std::max(1.0, items);
        seconds_per_item_ = std::max(seconds_per_item_ * kForgetting,
                                     std::chrono::duration<double>(time).count() / items);
        paced(read_units / items, write_units / items);
    }
    std::size_t fitting_items() const {
        const double items = kSeconds / std::max(seconds_per_item_, kSeconds / kMostItems);
        return static_cast<std::size_t>(std::max(1.0, items));
    }

private:
    static constexpr double kSeconds = 1.5;
    static constexpr double kMostItems = 100'000;
    static constexpr double kForgetting = 0.7;
    static constexpr double kReadUnitsOfAnItem = 0.125;  // 1 KB, until one has been seen
    static constexpr double kWriteUnitsOfAnItem = 1;

    void paced(double read_units, double write_units) {
        if (pace_ == nullptr) {
            return;
        }
        const layers::PaceLimits limits = pace_->limits();
        const auto seconds = [&](double units, double rate) {
            return rate > 0 ? units * lanes_ / rate : 0;
        };
        seconds_per_item_ =
            std::max({seconds_per_item_, seconds(read_units, limits.read_units_per_second),
                      seconds(write_units, limits.write_units_per_second)});
    }

    const layers::Pace* pace_;
    double lanes_;
    double seconds_per_item_ = 0;
};

}  // namespace dynamigrate::backfill
