#include "cloud_plan_text.hpp"

#include "output_text.hpp"
#include "progress.hpp"

#include <fmt/format.h>

#include <array>

namespace dynamigrate::cli {

namespace {

using migrate::CloudCost;
using migrate::CloudMigration;
using migrate::CloudStep;
using migrate::CloudTerms;
using migrate::Estimate;

constexpr double kMegabyte = 1e6;

std::string number(double value) {
    return value > 0 && value < 1 ? "1" : fmt::format("{:.0f}", value);
}

/// The interval only where it shows.
template <class Show>
std::string shown(const Estimate& estimate, const Show& show) {
    const std::string low = show(estimate.low);
    const std::string high = show(estimate.high);
    return low == high ? high : fmt::format("{} ({} to {})", show(estimate.value), low, high);
}

std::string amount(const Estimate& estimate) { return shown(estimate, number); }

std::string time(const Estimate& seconds) { return shown(seconds, format_seconds); }

std::string money(const Estimate& amount, const CloudTerms& terms) {
    return fmt::format("{} {}",
                       shown(amount, [](double value) { return fmt::format("{:.4f}", value); }),
                       terms.prices.capacity.currency);
}

std::string journal(const CloudCost& cost, const CloudTerms& terms) {
    if (!terms.has_journal) {
        return "none";
    }
    Estimate megabytes = cost.journal_bytes;
    for (double Estimate::*point : {&Estimate::value, &Estimate::low, &Estimate::high}) {
        megabytes.*point /= kMegabyte;
    }
    return fmt::format("{} MB, {} {}", amount(megabytes),
                       amount(terms.journal_in_table ? cost.journal_units : cost.journal_puts),
                       terms.journal_in_table ? "WCU in a table" : "puts to S3");
}

class Lines {
public:
    explicit Lines(const CloudTerms& terms) : terms_(terms) {}

    void add(const CloudMigration& migration) {
        line(0, fmt::format("{} {}", migration.action, migration.id));
        std::size_t index = 0;
        for (const CloudStep& step : migration.steps) {
            line(2, fmt::format("{}. {}", ++index, step.line));
            line(5, how(step));
            if (step.items > 0) {
                line(5, fmt::format("{} items{}: {} RCU, {} WCU", number(step.items),
                                    step.has_filter ? " at most (`where` may leave some out)" : "",
                                    amount(step.read_units), amount(step.write_units)));
            }
        }
        add(migration.cost);
        const migrate::ExecutionSize& size = migration.size;
        line(2, fmt::format("size         {} events, {} of a segment ({} are allowed); {} KB in a "
                            "state ({} KB are)",
                            size.events, size.child_events, migrate::kMostEvents,
                            (size.payload_bytes + 1023) / 1024, migrate::kMostPayloadBytes / 1024));
        for (const migrate::Finding& finding : migration.findings) {
            line(2, migrate::to_line(finding));
        }
    }
    std::vector<std::string> take() { return std::move(lines_); }

private:
    void line(std::size_t indent, const std::string& text) {
        lines_.push_back(std::string(indent, ' ') + text);
    }
    std::string how(const CloudStep& step) const {
        if (step.is_unknown) {
            return "the table is not there yet: nothing is estimated";
        }
        if (!step.why_turns.empty()) {
            return fmt::format("one call after the other: {}", step.why_turns);
        }
        return fmt::format("{} segments, {} at once, {}", step.segments,
                           std::min(step.segments, terms_.machine.concurrency),
                           time(step.cost.seconds));
    }
    void add(const CloudCost& cost) {
        line(2, fmt::format("time         {}", time(cost.seconds)));
        line(2, fmt::format("function     {} calls, {} s of {} MB: {}", amount(cost.calls),
                            amount(cost.function_seconds), terms_.memory_mb,
                            money(cost.function, terms_)));
        line(2, fmt::format("workflow     {} transitions: {}", amount(cost.transitions),
                            money(cost.workflow, terms_)));
        line(2, fmt::format("journal      {}: {}", journal(cost, terms_),
                            money(cost.journal, terms_)));
        line(2, fmt::format("control      {} WCU of the history table: {}",
                            amount(cost.control_units), money(cost.control, terms_)));
        line(2, fmt::format("tables       {}", money(cost.tables, terms_)));
        line(2, fmt::format("total        {}", money(cost.total, terms_)));
    }

    const CloudTerms& terms_;
    std::vector<std::string> lines_;
};

void write(json::Writer& writer, std::string_view name, const Estimate& estimate) {
    writer.key(name).begin_object().key("value").number(estimate.value);
    writer.key("low").number(estimate.low).key("high").number(estimate.high).end_object();
}

void write(json::Writer& writer, const CloudCost& cost) {
    static constexpr std::array kParts{
        std::pair{"seconds", &CloudCost::seconds},
        std::pair{"function_seconds", &CloudCost::function_seconds},
        std::pair{"calls", &CloudCost::calls},
        std::pair{"transitions", &CloudCost::transitions},
        std::pair{"journal_bytes", &CloudCost::journal_bytes},
        std::pair{"journal_units", &CloudCost::journal_units},
        std::pair{"journal_puts", &CloudCost::journal_puts},
        std::pair{"control_units", &CloudCost::control_units},
    };
    static constexpr std::array kMoney{
        std::pair{"tables", &CloudCost::tables},     std::pair{"workflow", &CloudCost::workflow},
        std::pair{"function", &CloudCost::function}, std::pair{"journal", &CloudCost::journal},
        std::pair{"control", &CloudCost::control},   std::pair{"total", &CloudCost::total},
    };
    writer.begin_object();
    for (const auto& [name, part] : kParts) {
        write(writer, name, cost.*part);
    }
    writer.key("money").begin_object();
    for (const auto& [name, part] : kMoney) {
        write(writer, name, cost.*part);
    }
    writer.end_object().end_object();
}

void write(json::Writer& writer, const CloudStep& step) {
    writer.begin_object().key("step").string(step.line).key("table").string(step.table);
    writer.key("worked_by").string(step.why_turns.empty() ? "segments" : "turns");
    writer.key("why_turns").string(step.why_turns);
    writer.key("unknown").boolean(step.is_unknown).key("filter").boolean(step.has_filter);
    writer.key("segments").number(step.segments).key("items").number(step.items);
    write(writer, "read_units", step.read_units);
    write(writer, "write_units", step.write_units);
    writer.key("cost");
    write(writer, step.cost);
    writer.end_object();
}

void write(json::Writer& writer, const CloudMigration& migration) {
    writer.begin_object().key("id").string(migration.id).key("action").string(migration.action);
    writer.key("steps").begin_array();
    for (const CloudStep& step : migration.steps) {
        write(writer, step);
    }
    writer.end_array().key("cost");
    write(writer, migration.cost);
    const migrate::ExecutionSize& size = migration.size;
    writer.key("size").begin_object().key("events").number(size.events);
    writer.key("child_events").number(size.child_events);
    writer.key("most_events").number(migrate::kMostEvents);
    writer.key("payload_bytes").number(size.payload_bytes);
    writer.key("most_payload_bytes").number(migrate::kMostPayloadBytes);
    writer.key("transitions").number(size.transitions).end_object();
    writer.key("findings").begin_array();
    for (const migrate::Finding& finding : migration.findings) {
        cli::write(writer, finding);
    }
    writer.end_array().end_object();
}

void write(json::Writer& writer, const migrate::CloudPrices& prices) {
    writer.begin_object().key("name").string(prices.name);
    writer.key("currency").string(prices.capacity.currency);
    writer.key("read_per_million").number(prices.capacity.read_per_million);
    writer.key("write_per_million").number(prices.capacity.write_per_million);
    writer.key("transition").number(prices.transition);
    writer.key("function_gb_second").number(prices.function_gb_second);
    writer.key("function_request").number(prices.function_request);
    writer.key("object_put").number(prices.object_put);
    writer.key("object_gb_month").number(prices.object_gb_month).end_object();
}

Estimate total_seconds(const std::vector<CloudMigration>& migrations) {
    Estimate seconds;
    for (const CloudMigration& migration : migrations) {
        seconds += migration.cost.seconds;
    }
    return seconds;
}

}  // namespace

std::vector<std::string> cloud_plan_lines(const std::vector<CloudMigration>& migrations,
                                          const CloudTerms& terms) {
    Lines lines(terms);
    for (const CloudMigration& migration : migrations) {
        lines.add(migration);
    }
    std::vector<std::string> all = lines.take();
    all.push_back(fmt::format("prices of {}; a deployment by CloudFormation may take {} minutes",
                              terms.prices.name, migrate::kDeploymentTime.count()));
    return all;
}

void write(json::Writer& writer, const std::vector<CloudMigration>& migrations,
           const CloudTerms& terms) {
    writer.key("migrations").begin_array();
    for (const CloudMigration& migration : migrations) {
        write(writer, migration);
    }
    writer.end_array().key("concurrency").number(terms.machine.concurrency);
    writer.key("memory").number(terms.memory_mb);
    writer.key("journal").string(!terms.has_journal       ? "none"
                                 : terms.journal_in_table ? "table"
                                                          : "s3");
    writer.key("prices");
    write(writer, terms.prices);
    const Estimate seconds = total_seconds(migrations);
    write(writer, "seconds", seconds);
    writer.key("deployment_fits")
        .boolean(seconds.value <= std::chrono::duration<double>(migrate::kDeploymentTime).count());
}

}  // namespace dynamigrate::cli
