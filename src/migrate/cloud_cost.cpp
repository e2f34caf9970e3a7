#include <dynamigrate/migrate/cloud_cost.hpp>

#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace dynamigrate::migrate {

namespace {

/// A page's entries make one object.
constexpr double kChangesOfAPage = 25;
constexpr double kBytesOfAWriteUnit = 1024;
constexpr double kBytesOfAGigabyte = 1024.0 * 1024 * 1024;
/// Objects that beginning, sealing and settling a call's parts of the journal takes.
constexpr double kPutsOfACall = 6;
constexpr double kSecondsBetweenCheckpoints = 1;
/// Taking a segment is a transaction of two items: each costs twice its size's unit.
constexpr double kUnitsOfTaking = 4;
constexpr double kSecondsToBegin = 1;  ///< of each call, before its first page

/// One of the three points of an estimate, worked out by itself.
struct Point {
    double reads = 0, writes = 0, changed = 0;
};

double at_pace(double units, double per_second) { return per_second > 0 ? units / per_second : 0; }

double processes_of(const CloudWork& work, const StateMachine& machine) {
    return work.by_turns ? 1 : std::min(machine.concurrency, std::max(1U, work.segments));
}

double seconds_of(const CloudWork& work, double processes, const Point& point) {
    const auto rate = [&](double paced, double of_function) {
        const double most = of_function * processes;
        return paced > 0 ? std::min(paced, most) : most;
    };
    return std::max(
        at_pace(point.reads, rate(work.reads_per_second, work.function_reads_per_second)),
        at_pace(point.writes, rate(work.writes_per_second, work.function_writes_per_second)));
}

struct Spending {
    double seconds = 0, function_seconds = 0, calls = 0, transitions = 0, journal_bytes = 0,
           journal_units = 0, journal_puts = 0, control_units = 0;
};

std::chrono::seconds whole(double seconds) {
    return std::chrono::seconds(static_cast<std::int64_t>(std::ceil(seconds)));
}

Spending spend(const CloudWork& work, const StateMachine& machine, const Point& point) {
    const double processes = processes_of(work, machine);
    Spending spent;
    spent.seconds = seconds_of(work, processes, point);
    const double usable =
        std::max<double>(1, static_cast<double>((machine.call_timeout - kBeforeDeadline).count()));
    ExecutionWork execution;
    execution.steps = work.by_turns ? 0 : work.steps;
    execution.segments = work.segments;
    double work_calls = std::max(1.0, std::ceil(spent.seconds / usable));
    if (work.by_turns) {
        execution.time_of_turns = whole(spent.seconds);
        spent.calls = work_calls;
    } else {
        const double of_a_segment = spent.seconds * processes /
                                    std::max(1.0, double(work.segments) * std::max(1U, work.steps));
        execution.time_of_a_segment = whole(of_a_segment);
        work_calls =
            double(work.steps) * work.segments * std::max(1.0, std::ceil(of_a_segment / usable));
        spent.calls = work_calls + work.steps + 1;
    }
    spent.transitions = static_cast<double>(size_of(execution, machine).transitions);
    spent.function_seconds = spent.seconds * processes + spent.calls * kSecondsToBegin;
    if (work.has_journal) {
        spent.journal_bytes = point.changed * work.journal_bytes_per_change;
        spent.journal_puts = point.changed / kChangesOfAPage + work_calls * kPutsOfACall;
        spent.journal_units =
            std::max(spent.journal_puts, spent.journal_bytes / kBytesOfAWriteUnit + work_calls);
    }
    spent.control_units =
        spent.seconds * processes / kSecondsBetweenCheckpoints + work_calls * kUnitsOfTaking;
    return spent;
}

Estimate sum(std::initializer_list<Estimate> parts) {
    Estimate total;
    for (const Estimate& part : parts) {
        total += part;
    }
    return total;
}

Estimate times(const Estimate& amount, double price) {
    return {amount.value * price, amount.low * price, amount.high * price};
}

}  // namespace

CloudUsage& CloudUsage::operator+=(const CloudUsage& other) {
    calls += other.calls;
    seconds += other.seconds;
    read_units += other.read_units;
    write_units += other.write_units;
    journal_bytes += other.journal_bytes;
    journal_writes += other.journal_writes;
    return *this;
}

double cost_of(const CloudUsage& turns, const CloudUsage& segments_used, std::uint64_t segments,
               bool journal_in_table, const CloudSettings& settings) {
    const CloudPrices& prices = settings.prices;
    CloudUsage all = turns;
    all += segments_used;
    const double transitions = 3.0 + 5.0 * static_cast<double>(turns.calls) +
                               2.0 * static_cast<double>(segments_used.calls) +
                               static_cast<double>(segments);
    double cost = transitions * prices.transition;
    cost += all.seconds * settings.memory_mb / 1024.0 * prices.function_gb_second;
    cost += static_cast<double>(all.calls) * prices.function_request;
    cost += (all.read_units * prices.capacity.read_per_million +
             all.write_units * prices.capacity.write_per_million) /
            1e6;
    if (!journal_in_table) {
        cost += static_cast<double>(all.journal_writes) * prices.object_put;
        cost += static_cast<double>(all.journal_bytes) / kBytesOfAGigabyte * prices.object_gb_month;
    }
    return cost;
}

CloudCost cloud_cost(const CloudWork& work, const StateMachine& machine,
                     const CloudPrices& prices) {
    const auto at = [&](double Estimate::*point) {
        return spend(work, machine,
                     {work.read_units.*point, work.write_units.*point, work.changed.*point});
    };
    const Spending value = at(&Estimate::value);
    const Spending low = at(&Estimate::low);
    const Spending high = at(&Estimate::high);
    const auto estimate = [&](double Spending::*member) {
        return Estimate{value.*member, low.*member, high.*member};
    };
    CloudCost cost;
    cost.seconds = estimate(&Spending::seconds);
    cost.function_seconds = estimate(&Spending::function_seconds);
    cost.calls = estimate(&Spending::calls);
    cost.transitions = estimate(&Spending::transitions);
    cost.journal_bytes = estimate(&Spending::journal_bytes);
    cost.control_units = estimate(&Spending::control_units);
    const double unit = prices.capacity.write_per_million / 1e6;
    if (work.journal_in_table) {
        cost.journal_units = estimate(&Spending::journal_units);
        cost.journal = times(cost.journal_units, unit);
    } else {
        cost.journal_puts = estimate(&Spending::journal_puts);
        cost.journal = sum({times(cost.journal_puts, prices.object_put),
                            times(cost.journal_bytes, prices.object_gb_month / kBytesOfAGigabyte *
                                                          work.journal_months)});
    }
    cost.tables = prices.capacity.of(work.read_units, work.write_units);
    cost.workflow = times(cost.transitions, prices.transition);
    cost.function =
        sum({times(cost.function_seconds, prices.function_gb_second * work.memory_mb / 1024.0),
             times(cost.calls, prices.function_request)});
    cost.control = times(cost.control_units, unit);
    cost.total = sum({cost.tables, cost.workflow, cost.function, cost.journal, cost.control});
    return cost;
}

}  // namespace dynamigrate::migrate
