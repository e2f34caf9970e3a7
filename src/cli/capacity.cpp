#include "capacity.hpp"

#include <algorithm>

namespace dynamigrate::cli {

namespace {

using dynamodb::TableDescription;
using dynamodb::Throughput;

constexpr Throughput kNewOnDemandTable{12'000, 4'000};
constexpr double kDefaultShareOfProvisioned = 0.5;

/// What the table can serve per second.
double capacity(const TableDescription& table, double Throughput::*part) {
    if (!table.is_on_demand) {
        return table.provisioned.*part;
    }
    double warm =
        table.warm && (*table.warm).*part > 0 ? (*table.warm).*part : kNewOnDemandTable.*part;
    bool is_capped = table.on_demand_maximum && (*table.on_demand_maximum).*part > 0;
    return is_capped ? std::min(warm, (*table.on_demand_maximum).*part) : warm;
}

double default_share(const TableDescription& table) {
    return table.is_on_demand ? 1.0 : kDefaultShareOfProvisioned;
}

std::optional<double> limit(const std::optional<authoring::Rate>& wish, bool has_default,
                            const std::vector<TableDescription>& tables, double Throughput::*part) {
    if (wish && wish->percent == 0) {
        return wish->units;
    }
    std::optional<double> lowest;
    for (const TableDescription& table : tables) {
        if (!wish && !has_default) {
            break;
        }
        double share = wish ? wish->percent / 100 : default_share(table);
        double units = capacity(table, part) * share;
        if (units > 0 && (!lowest || units < *lowest)) {
            lowest = units;
        }
    }
    return lowest;
}

}  // namespace

CapacityLimits capacity_limits(const CapacityWishes& wishes,
                               const std::vector<TableDescription>& tables) {
    return {limit(wishes.read, wishes.has_default, tables, &Throughput::read),
            limit(wishes.write, wishes.has_default, tables, &Throughput::write)};
}

}  // namespace dynamigrate::cli
