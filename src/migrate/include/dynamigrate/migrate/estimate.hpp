#pragma once

#include <span>
#include <string>

namespace dynamigrate::migrate {

/// A total, exact or estimated from a sample with its 95 % confidence interval.
struct Estimate {
    double value = 0;
    double low = 0, high = 0;

    static Estimate exact(double value) { return {value, value, value}; }
    bool is_exact() const noexcept { return low == high; }
    Estimate& operator+=(const Estimate& other);
};

/// What one cluster of a sample (items that lie together) held.
struct Cluster {
    double items = 0;
    double amount = 0;  ///< of what is estimated: changed items, units ...
};

/// The whole's amount, when the whole has `population` items: by the ratio of amounts to items, its
/// spread by how much the clusters differ. Where no item has any, the upper end is three items'
/// worth of the sample ("rule of three").
/// Ensures: low is at least what the sample holds; exact when the sample is the whole.
Estimate estimate_total(std::span<const Cluster> clusters, double population);

/// Prices of capacity on demand.
struct Prices {
    std::string name = "us-east-1 on demand";  ///< of whose list they are
    std::string currency = "USD";
    double read_per_million = 0.125;
    double write_per_million = 0.625;

    Estimate of(const Estimate& read_units, const Estimate& write_units) const;
};

/// How long that many units take at a pace in units per second (0: none); 0 without any pace.
Estimate seconds_at_pace(const Estimate& read_units, const Estimate& write_units,
                         double reads_per_second, double writes_per_second);

}  // namespace dynamigrate::migrate
