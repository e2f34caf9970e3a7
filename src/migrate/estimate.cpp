#include <dynamigrate/migrate/estimate.hpp>

#include <algorithm>
#include <cmath>

namespace dynamigrate::migrate {

namespace {

constexpr double kStandardDeviations = 1.96;  ///< on each side of 95 %
constexpr double kRuleOfThree = 3;

struct Sums {
    double items = 0, amount = 0;
};

Sums sums(std::span<const Cluster> clusters) {
    Sums sums;
    for (const Cluster& cluster : clusters) {
        sums.items += cluster.items;
        sums.amount += cluster.amount;
    }
    return sums;
}

/// Of the ratio of amounts to items.
double standard_error(std::span<const Cluster> clusters, const Sums& sums, double population) {
    const double ratio = sums.amount / sums.items;
    const auto count = static_cast<double>(clusters.size());
    double squares = 0;
    for (const Cluster& cluster : clusters) {
        const double residue = cluster.amount - ratio * cluster.items;
        squares += residue * residue;
    }
    const double left_out = std::max(0.0, 1 - sums.items / population);
    const double mean_items = sums.items / count;
    return std::sqrt(left_out * squares / (count - 1) / count) / mean_items;
}

}  // namespace

Estimate& Estimate::operator+=(const Estimate& other) {
    value += other.value;
    low += other.low;
    high += other.high;
    return *this;
}

Estimate estimate_total(std::span<const Cluster> clusters, double population) {
    const Sums seen = sums(clusters);
    if (seen.items >= population || seen.items == 0) {
        return Estimate::exact(seen.amount);
    }
    if (seen.amount == 0) {
        return {0, 0, std::min(population, kRuleOfThree * population / seen.items)};
    }
    const double total = seen.amount / seen.items * population;
    double spread = total;  // one cluster tells nothing of how they differ
    if (clusters.size() > 1) {
        spread = kStandardDeviations * population * standard_error(clusters, seen, population);
    }
    return {total, std::max(seen.amount, total - spread), total + spread};
}

Estimate Prices::of(const Estimate& read_units, const Estimate& write_units) const {
    auto price = [&](double read, double write) {
        return (read * read_per_million + write * write_per_million) / 1e6;
    };
    return {price(read_units.value, write_units.value), price(read_units.low, write_units.low),
            price(read_units.high, write_units.high)};
}

Estimate seconds_at_pace(const Estimate& read_units, const Estimate& write_units,
                         double reads_per_second, double writes_per_second) {
    auto seconds = [&](double read, double write) {
        return std::max(reads_per_second > 0 ? read / reads_per_second : 0,
                        writes_per_second > 0 ? write / writes_per_second : 0);
    };
    return {seconds(read_units.value, write_units.value), seconds(read_units.low, write_units.low),
            seconds(read_units.high, write_units.high)};
}

}  // namespace dynamigrate::migrate
